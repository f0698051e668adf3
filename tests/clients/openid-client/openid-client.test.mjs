// openid-client registers clients at the discovered endpoint. For RFC 7592 it offers `fetchProtectedResource`.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "openid-client";
import { bearerToken, initialAccessToken, realm, url } from "../server.mjs";

const issuer = new URL(`${url}/realms/${realm}`);
const redirect_uris = ["https://app.example.com/callback"];

test("discovers, creates with an initial access token, reads, updates and deletes", async () => {
  const metadata = { redirect_uris, client_name: "A client of openid-client" };
  const config = await register(metadata, await initialAccessToken());
  const created = config.clientMetadata();
  assert.equal(created.client_name, "A client of openid-client");
  assert.deepEqual(created.redirect_uris, redirect_uris);
  assert.equal(created.client_secret_expires_at, 0);
  assert.ok(created.registration_client_uri.startsWith(`${url}/`), created.registration_client_uri);

  const read = await manage(config, created, "GET");
  assert.equal(read.client_id, created.client_id);
  assert.equal(read.client_secret, created.client_secret);
  assert.deepEqual(read.redirect_uris, redirect_uris);

  const updated = await manage(config, read, "PUT", withoutIssued({ ...read, client_name: "Renamed" }));
  assert.equal(updated.client_name, "Renamed");

  await manage(config, updated, "DELETE");
  await assertRefused(config, updated, "GET");
});

test("creates with a bearer token, which reads, updates and deletes, too", async () => {
  const token = await bearerToken();
  const config = await register({ redirect_uris }, token);
  const created = { ...config.clientMetadata(), registration_access_token: token };

  const read = await manage(config, created, "GET");
  assert.deepEqual(read.redirect_uris, redirect_uris);
  const elsewhere = ["https://app.example.com/elsewhere"];
  const updated = await manage(config, created, "PUT", withoutIssued({ ...read, redirect_uris: elsewhere }));
  assert.deepEqual(updated.redirect_uris, elsewhere);

  await manage(config, created, "DELETE");
});

test("an update gives a new registration access token and spends the old one", async () => {
  const config = await register({ redirect_uris }, await initialAccessToken());
  const created = config.clientMetadata();

  const updated = await manage(config, created, "PUT", withoutIssued(created));
  assert.notEqual(updated.registration_access_token, created.registration_access_token);
  await assertRefused(config, created, "PUT", withoutIssued(created));

  await manage(config, updated, "DELETE");
});

// Keycloak refuses it: "openid" is none of its client scopes.
test("creates a client with the scope 'openid profile'", async () => {
  const config = await register({ redirect_uris, scope: "openid profile" }, await initialAccessToken());
  const created = config.clientMetadata();
  assert.ok(created.scope.split(" ").includes("profile"), created.scope);
  await manage(config, created, "DELETE");
});

test("finds the registration endpoint by RFC 8414 as well", async () => {
  const config = await register({ redirect_uris }, await initialAccessToken(), { algorithm: "oauth2" });
  const server = config.serverMetadata();
  assert.equal(server.issuer, issuer.href);
  assert.equal(server.registration_endpoint, `${issuer.href}/clients-registrations/openid-connect`);
  await manage(config, config.clientMetadata(), "DELETE");
});

test("a registered client gets an access token with its secret", async () => {
  const metadata = { redirect_uris, grant_types: ["client_credentials"] };
  const config = await register(metadata, await initialAccessToken());
  const tokens = await client.clientCredentialsGrant(config);
  assert.equal(tokens.token_type, "bearer");
  await manage(config, config.clientMetadata(), "DELETE");
});

test("a refusal reaches the caller as error and description", async () => {
  const metadata = { redirect_uris: ["https://app.example.com/callback#fragment"] };
  await assert.rejects(register(metadata, await bearerToken()), (error) => {
    assert.ok(error instanceof client.ResponseBodyError, error);
    assert.equal(error.status, 400);
    assert.equal(error.error, "invalid_redirect_uri");
    assert.equal(error.error_description, "A redirect URI must not contain an URL fragment");
    return true;
  });
});

/** Discovers the server and registers a client with it. */
function register(metadata, initialAccessToken, options = {}) {
  return client.dynamicClientRegistration(issuer, metadata, undefined, {
    initialAccessToken,
    // The server under test speaks HTTP.
    execute: [client.allowInsecureRequests],
    ...options,
  });
}

/** What a request to the client configuration endpoint (RFC 7592 §2) gives; it is to succeed. */
async function manage(config, registered, method, metadata) {
  const response = await request(config, registered, method, metadata);
  const text = await response.text();
  assert.equal(response.status, method === "DELETE" ? 204 : 200, text);
  return text && JSON.parse(text);
}

/** Asserts that the registration access token of `registered` is good for nothing any more. */
async function assertRefused(config, registered, method, metadata) {
  const response = await request(config, registered, method, metadata);
  assert.equal(response.status, 401);
  assert.equal((await response.json()).error, "invalid_token");
}

function request(config, registered, method, metadata) {
  return client.fetchProtectedResource(
    config,
    registered.registration_access_token,
    new URL(registered.registration_client_uri),
    method,
    metadata && JSON.stringify(metadata),
    metadata && new Headers({ "content-type": "application/json" }),
  );
}

/** What RFC 7592 §2.2 wants of an update: without the members that only the server sets. */
function withoutIssued(metadata) {
  const issued = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
  ];
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !issued.includes(name)));
}
