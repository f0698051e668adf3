// The bench says what the server says: the same requests here, and as dry runs on a running server.

import { beforeAll, describe, expect, test } from 'vitest';
import type { ComponentSet } from '../src/engine/component-set.js';
import { type Caller, evaluate, type Request } from '../src/engine/evaluate.js';
import type { Policy } from '../src/engine/policies.js';
import { newRealm } from '../src/engine/realm.js';
import { EXAMPLES } from '../src/examples/examples.js';
import { builtIn } from './components.js';
import { comparable, dryRun, newRealmOnServer } from './dry-run.js';
import { admin, serverUrl } from './server.js';

let shared: string;
const anonymous: Caller = { kind: 'anonymous', address: '127.0.0.1', roles: [], groups: [] };
const NOW = Math.floor(Date.now() / 1000);

let components: ComponentSet;
beforeAll(async () => {
  components = await builtIn();
  shared = await newRealmOnServer();
});

interface Case {
  name: string;
  request: Omit<Request, 'now' | 'registeredAs' | 'caller'> & { caller?: Partial<Caller> };
  /** Absent: those of a new realm. */
  policies?: Policy[];
}

const policy = (name: string, providerId: string, config: Policy['config'] = {}): Policy => ({ name, providerId, config });
const json = (value: unknown) => ({ contentType: 'application/json', text: JSON.stringify(value) });
const oidc = (value: unknown): Case['request'] => ({ provider: 'openid-connect', operation: 'register', document: json(value) });
const keycloak = (value: unknown): Case['request'] => ({ provider: 'default', operation: 'register', document: json(value) });
const saml = (attributes: string, declaration = '', id = 'urn:sp'): Case['request'] => ({
  provider: 'saml2-entity-descriptor',
  operation: 'register',
  document: {
    contentType: 'application/xml',
    text: `${declaration}<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${id}"${attributes}><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>`,
  },
});
const trusting = policy('Trusted Hosts', 'trusted-hosts', {
  'trusted-hosts': ['localhost', 'app.example.com'],
  'host-sending-registration-request-must-match': ['true'],
  'client-uris-must-match': ['true'],
});

const CASES: Case[] = [
  ...EXAMPLES.map(({ id, caller, ...request }) => ({ name: `example ${id}`, request: { ...request, caller: { kind: caller ?? 'anonymous' } } }) as Case),
  ...EXAMPLES.filter(({ operation }) => operation === 'register').map(
    ({ id, ...request }) => ({ name: `example ${id} with a token`, request: { ...request, caller: { kind: 'initial-access-token' } } }) as Case,
  ),
  { name: 'trusted hosts accepts', request: oidc({ redirect_uris: ['https://app.example.com/cb'] }), policies: [trusting] },
  { name: 'trusted hosts refuses each URI', request: oidc({ redirect_uris: ['https://a.example/cb', 'https://app.example.com/cb', 'https://b.example/cb'] }), policies: [trusting] },
  { name: 'a stranger', request: { ...oidc({ redirect_uris: ['https://app.example.com/cb'] }), caller: { address: '203.0.113.9' } }, policies: [trusting] },
  { name: 'several policies refuse', request: keycloak({ clientId: 'x', consentRequired: false, fullScopeAllowed: true, redirectUris: ['https://evil.example/*'] }), policies: [trusting, policy('Consent', 'consent-required'), policy('Scope', 'scope')] },
  { name: 'amendments', request: keycloak({ clientId: 'x' }), policies: [policy('Consent', 'consent-required'), policy('Scope', 'scope'), policy('Disabled', 'client-disabled')] },
  { name: 'a watched policy changes nothing', request: keycloak({ clientId: 'x' }), policies: [policy('Consent', 'consent-required', { mode: ['shadow'] }), policy('Scope', 'scope')] },
  { name: 'a watched policy refuses nothing', request: oidc({ redirect_uris: ['https://evil.example/cb'] }), policies: [{ ...trusting, config: { ...trusting.config, mode: ['shadow'] } }] },
  { name: 'a policy amends a request', request: oidc({ redirect_uris: ['https://app.example.com/cb'], scope: 'phone files:write' }), policies: [policy('Behind', 'allowed-client-templates', { 'allow-default-scopes': ['true'] }), policy('Scopes', 'scope-filter', { 'allowed-scopes': ['phone'], action: ['drop'], priority: ['-1'] })] },
  { name: 'a policy amends what is absent', request: oidc({ redirect_uris: ['https://app.example.com/cb'], token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=app' }), policies: [policy('FAPI', 'fapi-2')] },
  { name: 'a policy refuses with 400', request: oidc({ redirect_uris: ['http://app.example.com/cb', 'https://user@app.example.com/cb'] }), policies: [policy('Rules', 'redirect-rules')] },
  { name: 'the first violation decides the status', request: oidc({ redirect_uris: ['http://evil.example/cb'] }), policies: [trusting, policy('Rules', 'redirect-rules')] },
  { name: 'priority decides the order', request: oidc({ redirect_uris: ['https://evil.example/cb'] }), policies: [policy('Second', 'trusted-hosts', { ...trusting.config, priority: ['2'] }), policy('First', 'trusted-hosts', { ...trusting.config, priority: ['-1'] })] },
  { name: 'too many clients', request: keycloak({ clientId: 'x' }), policies: [policy('Max', 'max-clients', { 'max-clients': ['3'] })] },
  { name: 'a mapper that is not allowed', request: keycloak({ clientId: 'x', protocolMappers: [{ name: 'm', protocol: 'openid-connect', protocolMapper: 'oidc-hardcoded-claim-mapper', config: {} }] }), policies: [policy('Mappers', 'allowed-protocol-mappers', { 'allowed-protocol-mapper-types': ['oidc-full-name-mapper'] })] },
  { name: 'a scope that is not allowed', request: keycloak({ clientId: 'x', defaultClientScopes: ['profile', 'secret'] }), policies: [policy('Scopes', 'allowed-client-templates', { 'allow-default-scopes': ['true'] })] },
  { name: 'attributes of the server and a mask', request: keycloak({ clientId: 'x', secret: '**********', attributes: { 'registration.held': 'no', 'life.exempt': 'true', colour: 'blue' } }), policies: [] },
  { name: 'a client id that is taken', request: keycloak({ clientId: 'account' }), policies: [] },
  { name: 'no JSON', request: { ...oidc({}), document: { contentType: 'application/json', text: '{"redirect_uris": [' } }, policies: [] },
  { name: 'no object', request: { ...oidc({}), document: { contentType: 'application/json', text: '[]' } }, policies: [] },
  { name: 'wrong types', request: oidc({ redirect_uris: 'https://app.example.com/cb', default_max_age: 'soon' }), policies: [] },
  { name: 'an empty document', request: { ...keycloak({}), document: { contentType: 'application/json', text: '' } }, policies: [] },
  { name: 'pairwise subjects of several hosts', request: oidc({ redirect_uris: ['https://a.example/cb', 'https://b.example/cb'], subject_type: 'pairwise' }), policies: [] },
  { name: 'an implicit web client', request: oidc({ redirect_uris: ['http://a.example/cb'], grant_types: ['implicit'], response_types: ['id_token token'] }), policies: [] },
  { name: 'no SAML', request: { provider: 'saml2-entity-descriptor', operation: 'register', document: { contentType: 'application/xml', text: '<a/>' } }, policies: [] },
  { name: 'an unfinished XML', request: { provider: 'saml2-entity-descriptor', operation: 'register', document: { contentType: 'application/xml', text: '<md:Entity' } }, policies: [] },
  { name: 'client id modified', request: { provider: 'default', operation: 'update', document: json({ clientId: 'other' }), stored: { provider: 'default', document: json({ clientId: 'stored-1' }) } }, policies: [] },
  { name: 'an update that is refused', request: { provider: 'default', operation: 'update', document: json({ clientId: 'stored-2', redirectUris: ['https://evil.example/*'] }), stored: { provider: 'default', document: json({ clientId: 'stored-2', redirectUris: ['https://app.example.com/*'] }) } }, policies: [trusting] },
  { name: 'an update that is amended', request: { provider: 'default', operation: 'update', document: json({ clientId: 'stored-3', fullScopeAllowed: false, consentRequired: false }), stored: { provider: 'default', document: json({ clientId: 'stored-3' }) } }, policies: [policy('Consent', 'consent-required'), policy('Scope', 'scope'), policy('Disabled', 'client-disabled')] },
  { name: 'an update by metadata', request: { provider: 'openid-connect', operation: 'update', document: json({ client_id: 'stored-4', redirect_uris: ['https://app.example.com/new'] }), stored: { provider: 'default', document: json({ clientId: 'stored-4', redirectUris: ['https://app.example.com/*'], attributes: { logoUri: 'https://app.example.com/logo.png' } }) } }, policies: [trusting] },
  { name: 'another protocol by a registration access token', request: { provider: 'default', operation: 'update', document: json({ clientId: 'stored-8', protocol: 'saml' }), caller: { kind: 'registration-access-token' }, stored: { provider: 'default', document: json({ clientId: 'stored-8' }) } }, policies: [] },
  { name: 'another protocol by a bearer token', request: { provider: 'default', operation: 'update', document: json({ clientId: 'stored-9', protocol: 'saml' }), caller: { kind: 'bearer' }, stored: { provider: 'default', document: json({ clientId: 'stored-9' }) } }, policies: [] },
  { name: 'members that an update does not name', request: { provider: 'openid-connect', operation: 'update', document: json({ client_id: 'stored-10' }), stored: { provider: 'default', document: json({ clientId: 'stored-10', attributes: { 'backchannel.logout.url': 'https://app.example.com/back', 'id.token.signed.response.alg': 'PS256' } }) } }, policies: [] },
  { name: 'no grant at all', request: oidc({ grant_types: [null] }), policies: [] },
  { name: 'settings of a resource server', request: keycloak({ clientId: 'x', authorizationSettings: {} }), policies: [] },
  { name: 'settings of a resource server that is public', request: keycloak({ clientId: 'x', authorizationSettings: {}, publicClient: true }), policies: [] },
  { name: 'metadata whose time is over', request: saml(' validUntil="2001-01"'), policies: [] },
  { name: 'metadata that names the encoding that it once had', request: saml('', '<?xml version="1.0" encoding="ISO-8859-1"?>', 'urn:größe'), policies: [] },
  { name: 'a view from elsewhere', request: { provider: 'default', operation: 'read', document: json({}), caller: { address: '203.0.113.9' }, stored: { provider: 'default', document: json({ clientId: 'stored-5' }) } }, policies: [trusting] },
  { name: 'a deletion', request: { provider: 'default', operation: 'delete', document: json({}), stored: { provider: 'default', document: json({ clientId: 'stored-6' }) } }, policies: [trusting] },
  { name: 'a deletion from elsewhere', request: { provider: 'default', operation: 'delete', document: json({}), caller: { address: '203.0.113.9' }, stored: { provider: 'default', document: json({ clientId: 'stored-7' }) } }, policies: [trusting] },
];

describe('answers as the server', () => {
  for (const one of CASES) {
    test(one.name, async () => {
      const { here, there } = await both(one);
      expect(comparable(here)).toEqual(comparable(there));
    });
  }
});

const condition = (configuration: unknown) => [{ condition: 'client-updater-context', configuration }];
const CLIENT_POLICIES: { name: string; profiles: unknown[]; policies: unknown[]; request: Case['request'] }[] = [
  {
    name: 'an executor amends the result',
    profiles: [{ name: 'p', executors: [{ executor: 'pkce-enforcer', configuration: { 'auto-configure': true } }, { executor: 'consent-required', configuration: { 'auto-configure': true } }] }],
    policies: [{ name: 'c', enabled: true, conditions: [{ condition: 'any-client' }], profiles: ['p'] }],
    request: keycloak({ clientId: 'x', redirectUris: ['https://app.example.com/cb'] }),
  },
  {
    name: 'an executor refuses',
    profiles: [],
    policies: [{ name: 'fapi', enabled: true, conditions: [{ condition: 'any-client' }], profiles: ['fapi-1-advanced'] }],
    request: oidc({ redirect_uris: ['http://app.example.com/cb'], token_endpoint_auth_method: 'none' }),
  },
  {
    name: 'a condition does not hold',
    profiles: [],
    policies: [{ name: 'tokens only', enabled: true, conditions: condition({ 'update-client-source': ['ByInitialAccessToken'] }), profiles: ['fapi-1-advanced'] }],
    request: oidc({ redirect_uris: ['http://app.example.com/cb'], token_endpoint_auth_method: 'none' }),
  },
  ...['/partners', '/others'].map((group) => ({
    name: `a condition about the groups of somebody in ${group}`,
    profiles: [],
    policies: [
      { name: 'partners', enabled: true, conditions: [{ condition: 'client-updater-source-groups', configuration: { groups: ['partners'] } }], profiles: ['fapi-1-advanced'] },
    ],
    request: {
      ...oidc({ redirect_uris: ['http://app.example.com/cb'], token_endpoint_auth_method: 'none' }),
      caller: { kind: 'bearer' as const, roles: ['realm-management/create-client'], groups: [group] },
    },
  })),
  {
    name: 'a protocol that is left open',
    profiles: [{ name: 'p', executors: [{ executor: 'reject-request' }] }],
    policies: [{ name: 'c', enabled: true, conditions: [{ condition: 'client-type', configuration: { protocol: 'openid-connect' } }], profiles: ['p'] }],
    request: keycloak({ clientId: 'x' }),
  },
  {
    name: 'full scope that is left open',
    profiles: [{ name: 'p', executors: [{ executor: 'full-scope-disabled', configuration: { 'auto-configure': false } }] }],
    policies: [{ name: 'c', enabled: true, conditions: [{ condition: 'any-client' }], profiles: ['p'] }],
    request: oidc({}),
  },
];

describe('client policies as in the server', () => {
  for (const { name, profiles, policies, request } of CLIENT_POLICIES) {
    test(name, async () => {
      await admin('PUT', `/${shared}/client-policies/profiles`, { profiles });
      await admin('PUT', `/${shared}/client-policies/policies`, { policies });
      try {
        const { here, there } = await both({ name, request, policies: [] }, { profiles, policies });
        expect(comparable(here)).toEqual(comparable(there));
      } finally {
        await admin('PUT', `/${shared}/client-policies/policies`, { policies: [] });
        await admin('PUT', `/${shared}/client-policies/profiles`, { profiles: [] });
      }
    });
  }
});

/** The request here and there. */
async function both(one: Case, clientPolicies?: { profiles: unknown[]; policies: unknown[] }) {
  const caller = { ...anonymous, ...one.request.caller };
  // A stored client is in the way of the next test's: each has a realm of its own.
  const realm = newRealm(one.request.stored ? await newRealmOnServer() : shared, serverUrl());
  const auth = caller.kind === 'initial-access-token' || caller.kind === 'bearer' ? 'authenticated' : 'anonymous';
  if (one.policies) realm.policies[auth] = one.policies;
  if (clientPolicies) {
    realm.profiles = { profiles: clientPolicies.profiles as never };
    realm.clientPolicies = { policies: clientPolicies.policies as never };
  }
  const there = await dryRun(realm.name, { ...one.request, caller }, one.policies);
  const outcome = await evaluate(components, realm, { ...one.request, caller, registeredAs: 'anonymous', now: NOW });
  return { here: { ...outcome, status: outcome.answer.status }, there };
}
