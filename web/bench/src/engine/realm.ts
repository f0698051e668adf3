// A realm as data: what a new one holds (host/realms/src/defaults.rs, host/realms/src/lib.rs), and what its administrator set.

import type { ClientPolicyDocument, Profiles } from './client-policies.js';
import type { Facts } from './facts.js';
import type { Policy } from './policies.js';

/** Everything about the server and the realm that decides a request. */
export interface Realm {
  name: string;
  facts: Facts;
  policies: { anonymous: Policy[]; authenticated: Policy[] };
  profiles: Profiles;
  clientPolicies: ClientPolicyDocument;
}

const scope = (assigned: 'none' | 'default' | 'optional') => (name: string) => ({ name, assigned });
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

const OPENID_CONNECT_MAPPERS = [
  'oidc-acr-mapper',
  'oidc-address-mapper',
  'oidc-allowed-origins-mapper',
  'oidc-amr-mapper',
  'oidc-audience-mapper',
  'oidc-audience-resolve-mapper',
  'oidc-claims-param-token-mapper',
  'oidc-claims-param-value-idtoken-mapper',
  'oidc-full-name-mapper',
  'oidc-group-membership-mapper',
  'oidc-hardcoded-claim-mapper',
  'oidc-hardcoded-role-mapper',
  'oidc-nonce-backwards-compatible-mapper',
  'oidc-organization-membership-mapper',
  'oidc-role-name-mapper',
  'oidc-session-state-mapper',
  'oidc-sha256-pairwise-sub-mapper',
  'oidc-sub-mapper',
  'oidc-usermodel-attribute-mapper',
  'oidc-usermodel-client-role-mapper',
  'oidc-usermodel-property-mapper',
  'oidc-usermodel-realm-role-mapper',
  'oidc-usersessionmodel-note-mapper',
];
const SAML_MAPPERS = [
  'saml-audience-mapper',
  'saml-audience-resolve-mapper',
  'saml-group-membership-mapper',
  'saml-hardcode-attribute-mapper',
  'saml-hardcode-role-mapper',
  'saml-organization-membership-mapper',
  'saml-role-list-mapper',
  'saml-role-name-mapper',
  'saml-user-attribute-mapper',
  'saml-user-attribute-nameid-mapper',
  'saml-user-property-mapper',
  'saml-user-session-note-mapper',
];

const ALLOWED_MAPPERS = [
  'saml-user-attribute-mapper',
  'oidc-usermodel-attribute-mapper',
  'saml-user-property-mapper',
  'oidc-usermodel-property-mapper',
  'oidc-full-name-mapper',
  'oidc-address-mapper',
  'oidc-sha256-pairwise-sub-mapper',
  'saml-role-list-mapper',
];

const policy = (name: string, providerId: string, config: Policy['config'] = {}): Policy => ({ name, providerId, config });
const ofBoth = (): Policy[] => [
  policy('Allowed Protocol Mapper Types', 'allowed-protocol-mappers', { 'allowed-protocol-mapper-types': ALLOWED_MAPPERS }),
  policy('Allowed Client Scopes', 'allowed-client-templates', { 'allow-default-scopes': ['true'] }),
  policy('Allowed Registration Web Origins', 'registration-web-origins'),
];

/** Clients of the server that every realm has. */
export const BUILT_IN_CLIENTS = ['account', 'account-console', 'admin-cli', 'broker', 'realm-management', 'security-admin-console'];

/** A new realm. */
export function newRealm(name = 'demo', baseUrl = 'https://id.example.com'): Realm {
  return {
    name,
    facts: {
      'client-scopes': {
        'openid-connect': [
          ...['acr', 'basic', 'email', 'profile', 'roles', 'web-origins'].map(scope('default')),
          ...['address', 'microprofile-jwt', 'offline_access', 'organization', 'phone'].map(scope('optional')),
          scope('none')('service_account'),
        ].toSorted(byName),
        saml: ['AuthnContextClassRef', 'role_list', 'saml_organization'].map(scope('default')),
      },
      'protocol-mapper-types': [...OPENID_CONNECT_MAPPERS, ...SAML_MAPPERS].toSorted(),
      'acr-levels': {},
      flows: [],
      'base-url': baseUrl,
      settings: {
        realm: name,
        sslRequired: 'external',
        accessTokenLifespan: '300',
        ssoSessionIdleTimeout: '1800',
        ssoSessionMaxLifespan: '36000',
        rememberMe: 'false',
      },
      'client-count': BUILT_IN_CLIENTS.length,
      'addresses-of': { localhost: ['127.0.0.1', '::1'] },
      'names-of': { '127.0.0.1': ['localhost'], '::1': ['localhost'] },
      'roles-of': {},
      fetch: {},
    },
    policies: {
      anonymous: [
        policy('Trusted Hosts', 'trusted-hosts', {
          'host-sending-registration-request-must-match': ['true'],
          'client-uris-must-match': ['true'],
        }),
        policy('Consent Required', 'consent-required'),
        policy('Full Scope Disabled', 'scope'),
        policy('Max Clients Limit', 'max-clients', { 'max-clients': ['200'] }),
        ...ofBoth(),
      ],
      authenticated: ofBoth(),
    },
    profiles: { profiles: [] },
    clientPolicies: { policies: [] },
  };
}
