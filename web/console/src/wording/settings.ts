// Captions and help of settings. Providers say them as text, or as keys of Keycloak's message bundle: those are
// given words here.

import type { Property, Provider } from '../api/types';

const words: Record<string, [string, string]> = {
  'trusted-hosts': ['Trusted hosts', 'Who may register, and where clients may lead: host names, addresses, ranges such as 203.0.113.0/24, or *.example.com for every host of a domain.'],
  'host-sending-registration-request-must-match': ['The caller must be trusted', 'Requests are taken from the trusted hosts only.'],
  'client-uris-must-match': ['Addresses of the client must be trusted', 'Redirect URIs, web origins and the other addresses of a client must lead to trusted hosts.'],
  'allowed-protocol-mappers': ['Allowed mapper types', 'Types of protocol mappers that a client may bring. Without any, no mapper is allowed.'],
  'allowed-client-scopes': ['Allowed client scopes', 'Client scopes that a client may name.'],
  'allow-default-scopes': ['Allow default scopes', "The realm's own default and optional client scopes are allowed too."],
  'max-clients': ['Most clients in the realm', 'Once the realm has so many clients, those of the server included, no more are registered.'],
  'registration-web-origins': ['Web origins', 'Pages from which a browser may register clients, as browsers send them: https://app.example.com. A * allows all.'],
  'client-accesstype': ['Access type', 'Public clients have no secret, confidential ones have.'],
  'client-attributes': ['Attributes', 'What the client must have, as JSON: [{"key":"k","value":"v"}].'],
  'client-roles': ['Client roles', 'The condition holds for clients that have one of these roles.'],
  'client-updater-source-groups': ['Groups', 'The condition holds for users in one of these groups.'],
  'client-updater-source-roles': ['Roles', 'The condition holds for users with one of these roles: role of the realm, or client.role.'],
  'client-updater-trusted-hosts': ['Hosts', 'The condition holds for requests from these hosts.'],
};

const policies: Record<string, string> = {
  'approval-required': 'Approval required',
  'allowed-client-templates': 'Allowed client scopes',
  'allowed-protocol-mappers': 'Allowed protocol mapper types',
  'client-disabled': 'Client disabled',
  'consent-required': 'Consent required',
  'max-clients': 'Max clients',
  'registration-web-origins': 'Allowed registration web origins',
  scope: 'Full scope disabled',
  'trusted-hosts': 'Trusted hosts',
  'redirect-rules': 'Redirect rules',
  'scope-filter': 'Scope filter',
  'fapi-2': 'FAPI 2',
};

const helps: Record<string, string> = {
  'approval-required': 'Every new client waits until an administrator approves it.',
  'allowed-client-templates': 'Which client scopes a client may name.',
  'allowed-protocol-mappers': 'Which protocol mappers a client may bring.',
  'client-disabled': 'New clients stay disabled until an administrator enables them.',
  'consent-required': 'Clients ask their users for consent, and their owners cannot switch that off.',
  'max-clients': 'No client is registered once the realm has so many.',
  'registration-web-origins': 'From which web pages a browser may register clients.',
  scope: "Tokens of clients do not carry every role of the user, and the clients' owners cannot change that.",
  'trusted-hosts': 'From which hosts clients may be registered, and which hosts their addresses may lead to.',
  'redirect-rules': 'Which redirect URIs clients may have: schemes, hosts, the own machine, apps.',
  'scope-filter': 'Which scopes a client may ask for, and whether others are refused, left out or replaced.',
  'fapi-2': 'Clients meet the FAPI 2.0 Security Profile: keys, algorithms, pushed requests, bound tokens.',
};

/** Name of a kind of policy. */
export function providerName(id: string): string {
  return policies[id] ?? id.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase());
}

/** What a kind of policy does. */
export function providerHelp(provider: Provider): string {
  return helps[provider.id] ?? provider.helpText;
}

function key(text: string): [string, string] | undefined {
  const match = /^([a-z0-9-]+)(?:-condition)?\.(?:label|tooltip)$/.exec(text);
  return match ? (words[match[1] ?? ''] ?? words[(match[1] ?? '').replace(/-condition$/, '')]) : undefined;
}

/** Caption of a setting. */
export function caption(property: Property): string {
  return key(property.label)?.[0] ?? (/\.label$/.test(property.label) || property.label === '' ? providerName(property.name) : property.label);
}

/** Explanation of a setting. */
export function help(property: Property): string {
  return key(property.helpText)?.[1] ?? (/\.tooltip$/.test(property.helpText) ? '' : property.helpText);
}

/** One of the texts of a setting, in the singular: for its lines. */
export function one(property: Property): string {
  const text = caption(property);
  return text.endsWith('s') ? text.slice(0, -1) : text;
}
