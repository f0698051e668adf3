// A client as JSON, for people: as it was sent, under Keycloak's names (host/src/admin/dry_run.rs).

import type { Attribute, Client } from './contract.js';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Only what is there; no secrets. */
export function asSent(client: Client): { [name: string]: Json } {
  const members: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(client)) {
    if (value === undefined || name === 'secret') continue;
    if (name === 'attributes' || name === 'registeredNodes' || name === 'authenticationFlowBindingOverrides') {
      members[name] = entries(value as Attribute[]);
    } else if (name === 'protocolMappers') {
      members[name] = (client.protocolMappers ?? []).map(({ id, name, protocol, mapperType, consentRequired, config }) => ({
        id: id ?? null,
        name,
        protocol,
        protocolMapper: mapperType,
        consentRequired,
        config: entries(config),
      }));
    } else {
      members[name] = value as Json;
    }
  }
  return members;
}

function entries(list: Attribute[]): { [name: string]: Json } {
  const shown = list.filter(({ name }) => name !== 'saml.signing.private.key');
  return Object.fromEntries(shown.map(({ name, value }) => [name, value]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}
