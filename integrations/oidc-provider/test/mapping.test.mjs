// What a client's document becomes, as data, and whether oidc-provider takes it.

import assert from "node:assert/strict";
import { test } from "node:test";
import Provider from "oidc-provider";
import { metadataOf } from "../dist/metadata.js";

/** What Matricula answers for a client that names nothing but its redirect URI. */
const document = {
  client_id: "the-id",
  client_id_issued_at: 1_795_403_958,
  registration_client_uri: "https://register.example.com/realms/demo/clients-registrations/openid-connect/the-id",
  client_secret: "the-secret",
  client_secret_expires_at: 0,
  client_name: "The client",
  redirect_uris: ["https://app.example.com/cb"],
  post_logout_redirect_uris: ["https://app.example.com/cb"],
  token_endpoint_auth_method: "client_secret_basic",
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code", "none"],
  scope: "address phone offline_access microprofile-jwt",
  subject_type: "public",
  request_uris: [],
  tls_client_certificate_bound_access_tokens: false,
  dpop_bound_access_tokens: false,
  require_pushed_authorization_requests: false,
  backchannel_logout_session_required: true,
  backchannel_logout_revoke_offline_tokens: false,
  frontchannel_logout_session_required: true,
};
const open = { ...document, token_endpoint_auth_method: "none", client_secret: undefined };

const { Client } = new Provider("http://localhost:3000", {});

/** The metadata of a document with these members, which oidc-provider as it comes must take. */
async function taken(members, options = {}) {
  const metadata = metadataOf({ ...document, ...members }, options);
  await Client.validate(metadata);
  return metadata;
}

test("a client of default metadata keeps what matters", async () => {
  assert.deepEqual(await taken({}), {
    client_id: "the-id",
    client_id_issued_at: 1_795_403_958,
    client_name: "The client",
    client_secret: "the-secret",
    client_secret_expires_at: 0,
    application_type: "web",
    redirect_uris: ["https://app.example.com/cb"],
    post_logout_redirect_uris: ["https://app.example.com/cb"],
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code", "none"],
    subject_type: "public",
    contacts: [],
    require_pushed_authorization_requests: false,
    dpop_bound_access_tokens: false,
    tls_client_certificate_bound_access_tokens: false,
    backchannel_logout_session_required: true,
  });
});

test("what oidc-provider would refuse although it demands nothing is left out", async () => {
  for (const [member, value, expected] of [
    ["contacts", ["nobody", "a@example.com"], ["a@example.com"]],
    ["default_acr_values", ["gold"], undefined],
    ["logo_uri", "/logo.png", undefined],
    ["tos_uri", "https://app.example.com/terms", "https://app.example.com/terms"],
    ["initiate_login_uri", "http://app.example.com/login", undefined],
    ["client_name", "", undefined],
    ["default_max_age", -1, undefined],
    ["request_object_signing_alg", "any", undefined],
    ["redirect_uris", ["https://app.example.com/cb", "https://app.example.com/*", "/relative", "*"], document.redirect_uris],
    ["post_logout_redirect_uris", ["+", "https://app.example.com/bye"], ["https://app.example.com/bye"]],
    ["jwks", { keys: [] }, { keys: [] }],
  ]) {
    assert.deepEqual((await taken({ [member]: value }))[member], expected, `${member}: ${JSON.stringify(value)}`);
  }
});

test("flows that the provider lacks are left out, with what stands on them", async () => {
  const all = ["authorization_code", "implicit", "refresh_token", "password", "client_credentials"];
  const types = ["code", "none", "id_token", "token id_token", "code id_token", "code token"];
  for (const [grants, responses, options, expectedGrants, expectedResponses] of [
    [all, types, {}, ["authorization_code", "implicit", "refresh_token"], ["code", "none", "id_token", "code id_token"]],
    [all, types, { responseTypes: ["code"] }, ["authorization_code", "refresh_token"], ["code"]],
    [all, types, { responseTypes: ["id_token token"] }, ["implicit", "refresh_token"], ["token id_token"]],
    [all, types, { grantTypes: ["authorization_code"] }, ["authorization_code"], ["code", "none"]],
    [["client_credentials"], [], {}, [], []],
    [["client_credentials"], [], { grantTypes: ["client_credentials"] }, ["client_credentials"], []],
  ]) {
    const { grant_types, response_types } = metadataOf({ ...document, grant_types: grants, response_types: responses }, options);
    assert.deepEqual([grant_types, response_types], [expectedGrants, expectedResponses], JSON.stringify(options));
  }
});

test("scopes limit a client only where the provider's are named", async () => {
  assert.equal((await taken({})).scope, undefined);
  const supported = ["openid", "offline_access", "address", "mcp:tools"];
  assert.equal(metadataOf(document, { scopes: { supported } }).scope, "openid offline_access address");
  const always = ["openid", "mcp:tools"];
  assert.equal(metadataOf(document, { scopes: { supported, always } }).scope, "openid mcp:tools address offline_access");
});

test("software on the user's machine is native", async () => {
  for (const [uris, sent, expected] of [
    [["http://localhost:8090/callback"], undefined, "native"],
    [["http://127.0.0.1/cb", "http://[::1]/cb"], undefined, "native"],
    [["cursor://anysphere.cursor-mcp/oauth/callback"], undefined, "native"],
    [["com.example.app:/cb", "https://app.example.com/cb"], undefined, "native"],
    [["https://app.example.com/cb"], undefined, "web"],
    [["https://localhost/cb", "http://localhost/cb"], undefined, "web"],
    [["http://app.example.com/cb", "http://localhost/cb"], undefined, "web"],
    [["http://localhost:8090/callback"], "web", "web"],
    [["https://app.example.com/cb"], "native", "native"],
  ]) {
    const members = { ...open, redirect_uris: uris, post_logout_redirect_uris: [], application_type: sent };
    assert.equal((await taken(members)).application_type, expected, uris.join(" "));
  }
});

test("a secret that may not be seen is never taken for one", async () => {
  const masked = { client_secret: "**********" };
  assert.throws(() => metadataOf({ ...document, ...masked }, {}), { name: "MatriculaError", message: /manage-clients/ });
  for (const token_endpoint_auth_method of ["none", "private_key_jwt"]) {
    const metadata = metadataOf({ ...document, ...masked, token_endpoint_auth_method }, {});
    assert.equal(metadata.client_secret, undefined);
    assert.equal(metadata.client_secret_expires_at, undefined);
  }
});

test("a client without a method that metadata can name is unknown", () => {
  assert.equal(metadataOf({ ...document, token_endpoint_auth_method: undefined }, {}), undefined);
});

test("the last word is the operator's", () => {
  const adapt = (metadata, document) => (document.scope ? { ...metadata, client_name: "Changed" } : undefined);
  assert.equal(metadataOf(document, { adapt }).client_name, "Changed");
  assert.equal(metadataOf({ ...document, scope: undefined }, { adapt }), undefined);
});
