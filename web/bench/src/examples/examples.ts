// Requests to begin with, in the formats that the built-in providers read.

import type { Sent } from '../engine/evaluate.js';
import type { CallerKind, Operation } from '../engine/contract.js';
import adfs from './adfs.xml?raw';
import aws from './aws.xml?raw';
import google from './google-workspace.xml?raw';
import salesforce from './salesforce.xml?raw';
import shibboleth from './shibboleth.xml?raw';

/** An example, by what it shows. */
export interface Example {
  id: string;
  title: string;
  provider: string;
  operation: Operation;
  document: Sent;
  stored?: { provider: string; document: Sent };
  caller?: CallerKind;
}

const json = (value: unknown): Sent => ({ contentType: 'application/json', text: JSON.stringify(value, null, 2) });
const xml = (text: string): Sent => ({ contentType: 'application/xml', text: text.trim() });

const webApplication = {
  client_name: 'Example Shop',
  'client_name#de': 'Beispielladen',
  client_uri: 'https://shop.example.com/',
  logo_uri: 'https://shop.example.com/logo.svg',
  policy_uri: 'https://shop.example.com/privacy',
  tos_uri: 'https://shop.example.com/terms',
  contacts: ['platform@example.com'],
  redirect_uris: ['https://shop.example.com/oidc/callback'],
  post_logout_redirect_uris: ['https://shop.example.com/signed-out'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
  scope: 'openid profile email',
};

/** What a client publishes at the address that is its identifier. */
const published = {
  client_id: 'https://notes.example.com/oauth/client.json',
  client_name: 'Example Notes',
  client_uri: 'https://notes.example.com/',
  logo_uri: 'https://notes.example.com/logo.svg',
  redirect_uris: ['https://notes.example.com/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

const registered = {
  clientId: 'example-shop',
  name: 'Example Shop',
  rootUrl: 'https://shop.example.com',
  redirectUris: ['https://shop.example.com/oidc/callback'],
  webOrigins: ['https://shop.example.com'],
};

/** In the order of the menu. */
export const EXAMPLES: Example[] = [
  { id: 'rfc7591', title: 'RFC 7591: web application', provider: 'openid-connect', operation: 'register', document: json(webApplication) },
  {
    id: 'rfc7591-minimal',
    title: 'RFC 7591: one redirect URI',
    provider: 'openid-connect',
    operation: 'register',
    document: json({ redirect_uris: ['https://app.example.com/callback'] }),
  },
  {
    id: 'oidc-pairwise',
    title: 'OpenID Connect: private_key_jwt, pairwise subjects',
    provider: 'openid-connect',
    operation: 'register',
    document: json({
      application_type: 'web',
      client_name: 'Payments',
      redirect_uris: ['https://pay.example.org/cb', 'https://pay.example.org/cb2'],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
      jwks_uri: 'https://pay.example.org/jwks.json',
      subject_type: 'pairwise',
      id_token_signed_response_alg: 'PS256',
      request_object_signing_alg: 'PS256',
      default_max_age: 3600,
      require_auth_time: true,
      tls_client_certificate_bound_access_tokens: true,
    }),
  },
  {
    id: 'oidc-native',
    title: 'OpenID Connect: native app (public client)',
    provider: 'openid-connect',
    operation: 'register',
    document: json({
      application_type: 'native',
      client_name: 'Field App',
      redirect_uris: ['com.example.field:/oauth2redirect', 'http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    }),
  },
  {
    id: 'oidc-mistakes',
    title: 'OpenID Connect: a document with mistakes',
    provider: 'openid-connect',
    operation: 'register',
    document: json({ redirect_uris: ['https://app.example.com/cb#part', 'not a uri'], response_types: ['code'], subject_type: 'secret' }),
  },
  {
    id: 'keycloak',
    title: 'Keycloak: confidential client',
    provider: 'default',
    operation: 'register',
    document: json({ ...registered, serviceAccountsEnabled: true, attributes: { 'pkce.code.challenge.method': 'S256' } }),
  },
  {
    id: 'keycloak-mapper',
    title: 'Keycloak: client with protocol mappers',
    provider: 'default',
    operation: 'register',
    document: json({
      clientId: 'reports',
      publicClient: true,
      redirectUris: ['https://reports.example.com/*'],
      protocolMappers: [
        {
          name: 'department',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-usermodel-attribute-mapper',
          config: { 'user.attribute': 'department', 'claim.name': 'department', 'jsonType.label': 'String', 'id.token.claim': 'true' },
        },
        { name: 'audience', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper', config: { 'included.custom.audience': 'reports-api' } },
      ],
    }),
  },
  {
    id: 'keycloak-update',
    title: 'Keycloak: change of a registered client',
    provider: 'default',
    operation: 'update',
    caller: 'registration-access-token',
    stored: { provider: 'default', document: json(registered) },
    document: json({ ...registered, redirectUris: ['https://shop.example.com/oidc/callback', 'https://shop.example.net/oidc/callback'], consentRequired: false }),
  },
  {
    id: 'oidc-read',
    title: 'RFC 7592: read of a registered client',
    provider: 'openid-connect',
    operation: 'read',
    caller: 'registration-access-token',
    stored: { provider: 'openid-connect', document: json(webApplication) },
    document: json({}),
  },
  {
    id: 'install',
    title: 'Adapter configuration of a registered client',
    provider: 'install',
    operation: 'read',
    caller: 'bearer',
    stored: { provider: 'default', document: json(registered) },
    document: json({}),
  },
  {
    id: 'published',
    title: 'Client ID Metadata Document: web application',
    provider: 'client-id-metadata-document',
    operation: 'register',
    document: json({ client_id: published.client_id, document: published }),
  },
  {
    id: 'published-secret',
    title: 'Client ID Metadata Document: with a secret that all could read',
    provider: 'client-id-metadata-document',
    operation: 'register',
    document: json({ client_id: published.client_id, document: { ...published, token_endpoint_auth_method: 'client_secret_post' } }),
  },
  { id: 'saml-shibboleth', title: 'SAML: Shibboleth service provider', provider: 'saml2-entity-descriptor', operation: 'register', document: xml(shibboleth) },
  { id: 'saml-aws', title: 'SAML: AWS sign-in', provider: 'saml2-entity-descriptor', operation: 'register', document: xml(aws) },
  { id: 'saml-salesforce', title: 'SAML: Salesforce', provider: 'saml2-entity-descriptor', operation: 'register', document: xml(salesforce) },
  { id: 'saml-google', title: 'SAML: Google Workspace', provider: 'saml2-entity-descriptor', operation: 'register', document: xml(google) },
  { id: 'saml-adfs', title: 'SAML: AD FS', provider: 'saml2-entity-descriptor', operation: 'register', document: xml(adfs) },
];
