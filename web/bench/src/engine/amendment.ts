// What policies may change of a client, and what they never see of it (host/src/policies/amendment.rs).

import type { Attribute, Client, ProtocolMapper } from './contract.js';
import { ofPolicy } from './server-attributes.js';

const PRIVATE_KEY = 'saml.signing.private.key';

/** One field that a policy changed, as decision records show it. */
export interface Change {
  field: string;
  before: unknown;
  after: unknown;
}

/** The client without the secret and the private key. */
export function hidden(client: Client): Client {
  const { secret: _, ...seen } = client;
  return { ...seen, attributes: client.attributes.filter((attribute) => attribute.name !== PRIVATE_KEY) };
}

/** A client as policies left it, with what {@link hidden} took out of the one that they were given. */
export function revealed(seen: Client, original: Client): Client {
  const client = { ...seen };
  if (original.secret !== undefined) client.secret = original.secret;
  const at = original.attributes.findIndex((attribute) => attribute.name === PRIVATE_KEY);
  if (at >= 0) client.attributes = client.attributes.toSpliced(at, 0, original.attributes[at] as Attribute);
  return client;
}

/** Fields that present values of an amendment replace, in the order of the record. */
const REPLACED = [
  'name',
  'description',
  'type',
  'protocol',
  'enabled',
  'alwaysDisplayInConsole',
  'surrogateAuthRequired',
  'rootUrl',
  'baseUrl',
  'adminUrl',
  'redirectUris',
  'webOrigins',
  'publicClient',
  'bearerOnly',
  'clientAuthenticatorType',
  'consentRequired',
  'fullScopeAllowed',
  'standardFlowEnabled',
  'implicitFlowEnabled',
  'directAccessGrantsEnabled',
  'serviceAccountsEnabled',
  'authorizationServicesEnabled',
  'frontchannelLogout',
  'defaultClientScopes',
  'optionalClientScopes',
  'protocolMappers',
  'defaultRoles',
  'notBefore',
  'nodeReRegistrationTimeout',
  'authorizationSettings',
] as const satisfies (keyof Client)[];

/** The result of an amendment; `refused` is the field that policies may not change. */
export type Amended = { client: Client; changes: Change[] } | { refused: string };

/** Carries out an amendment: present fields replace, attributes are merged. */
export function amend(client: Client, changes: Client): Amended {
  if (changes.id !== undefined) return { refused: 'id' };
  if (changes.clientId !== undefined) return { refused: 'client-id' };
  if (changes.secret !== undefined) return { refused: 'secret' };
  if (changes.attributes.some(({ name }) => name === PRIVATE_KEY || name === 'realm_client')) return { refused: 'attributes' };
  const made: Change[] = [];
  const amended: Client = { ...client };
  for (const field of REPLACED) {
    if (changes[field] === undefined || same(changes[field], client[field])) continue;
    made.push({ field: kebab(field), before: recorded(client[field]), after: recorded(changes[field]) });
    Object.assign(amended, { [field]: changes[field] });
  }
  amended.attributes = merge('attributes', client.attributes, ofPolicy(changes.attributes), true, made);
  if (changes.registeredNodes) {
    amended.registeredNodes = merge('registered-nodes', client.registeredNodes ?? [], changes.registeredNodes, false, made);
  }
  if (changes.authenticationFlowBindingOverrides) {
    const stored = client.authenticationFlowBindingOverrides ?? [];
    const field = 'authentication-flow-binding-overrides';
    amended.authenticationFlowBindingOverrides = merge(field, stored, changes.authenticationFlowBindingOverrides, false, made);
  }
  return { client: amended, changes: made };
}

/** Merges entries by name; an empty value removes the entry where that is the rule. */
function merge(field: string, into: Attribute[], changes: Attribute[], emptyRemoves: boolean, made: Change[]): Attribute[] {
  let merged = [...into];
  for (const change of changes) {
    const before = merged.find(({ name }) => name === change.name)?.value;
    const after = change.value === '' && emptyRemoves ? undefined : change.value;
    if (before === after) continue;
    made.push({ field: `${field}.${change.name}`, before: before ?? null, after: after ?? null });
    if (after === undefined) merged = merged.filter(({ name }) => name !== change.name);
    else if (before === undefined) merged.push(change);
    else merged = merged.map((entry) => (entry.name === change.name ? change : entry));
  }
  return merged;
}

/** A field of the record under its name in the contract: `redirectUris` is `redirect-uris`. */
export function kebab(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A value as decision records show it. */
function recorded(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? null;
  return value.map((one) => (typeof one === 'object' ? recordedMapper(one as ProtocolMapper) : one));
}

function recordedMapper({ id, name, protocol, mapperType, consentRequired, config }: ProtocolMapper) {
  return { id: id ?? null, name, protocol, mapper_type: mapperType, consent_required: consentRequired, config };
}

/** Whether two values of a field are equal, however deep they are. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => same((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key]));
}
