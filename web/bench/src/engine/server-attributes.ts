// Attributes that are the server's own, and what only stands for a secret: no document sets either
// (host/contract/src/server_attributes.rs, host/contract/src/secrets.rs).

import type { Attribute, Client } from './contract.js';

const PREFIXES = ['registration.', 'life.', 'cimd.', 'matricula.', 'software.statement.'];
const NAMES = ['saml.metadata.expired'];
/** Those that administrators and policies set. */
const SETTINGS = ['registration.targets', 'life.exempt'];
const MASK = '**********';
const SECRETS = ['client.secret.rotated', 'saml.signing.private.key', 'saml.encryption.private.key'];

/** What an amendment may say. */
export function ofPolicy(attributes: Attribute[]): Attribute[] {
  return attributes.filter(({ name }) => SETTINGS.includes(name) || !isOwn(name));
}

/** A client as sent, without what its author has no say in. */
export function asReceived(client: Client): Client {
  const { secret, ...rest } = client;
  const attributes = client.attributes.filter(({ name, value }) => !isOwn(name) && !(value === MASK && SECRETS.includes(name)));
  return { ...rest, ...(secret === undefined || secret === MASK ? {} : { secret }), attributes };
}

function isOwn(name: string): boolean {
  return NAMES.includes(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}
