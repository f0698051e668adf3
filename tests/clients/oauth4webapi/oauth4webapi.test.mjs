// oauth4webapi discovers and registers. For RFC 7592 it offers `protectedResourceRequest`.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import { bearerToken, initialAccessToken, newRealm, realm, url } from "../server.mjs";

const redirect_uris = ["https://app.example.com/callback"];
// The server under test speaks HTTP.
const insecure = { [oauth.allowInsecureRequests]: true };

test("discovers, creates with an initial access token, reads, updates and deletes", async () => {
  const server = await discover();
  const metadata = { redirect_uris, client_name: "A client of oauth4webapi" };
  const created = await register(server, metadata, await initialAccessToken());
  assert.equal(created.client_name, "A client of oauth4webapi");
  assert.equal(created.client_secret_expires_at, 0);

  const read = await manage(created, "GET");
  assert.equal(read.client_secret, created.client_secret);
  assert.deepEqual(read.redirect_uris, redirect_uris);

  const updated = await manage(read, "PUT", { ...metadata, client_id: read.client_id, client_name: "Renamed" });
  assert.equal(updated.client_name, "Renamed");
  assert.notEqual(updated.registration_access_token, read.registration_access_token);

  await manage(updated, "DELETE");
});

test("creates without a token where the realm trusts the host", async (t) => {
  const { issuer } = await newRealm(t, { trusted: ["localhost"] });
  const local = ["http://localhost:8090/callback"];
  const created = await register(await discover(issuer), {
    redirect_uris: local,
    token_endpoint_auth_method: "none",
  });
  assert.equal(created.client_secret, undefined);
  assert.equal(created.token_endpoint_auth_method, "none");
  assert.deepEqual((await manage(created, "GET")).redirect_uris, local);
});

test("finds the registration endpoint by RFC 8414 as well", async () => {
  const server = await discover(undefined, "oauth2");
  assert.equal(server.registration_endpoint, `${url}/realms/${realm}/clients-registrations/openid-connect`);
});

test("a refusal of metadata reaches the caller as error and description", async () => {
  const metadata = { redirect_uris: ["https://app.example.com/callback#fragment"] };
  await assertRefused(register(await discover(), metadata, await bearerToken()), 400, {
    error: "invalid_redirect_uri",
    error_description: "A redirect URI must not contain an URL fragment",
  });
});

test("a refusal by a policy reaches the caller as error and description", async () => {
  await assertRefused(register(await discover(), { redirect_uris }), 403, {
    error: "insufficient_scope",
    error_description:
      "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted.",
  });
});

test("a refusal of a token reaches the caller as error and description", async () => {
  const spent = await initialAccessToken();
  const server = await discover();
  await manage(await register(server, { redirect_uris }, spent), "DELETE");
  await assertRefused(register(server, { redirect_uris }, spent), 401, {
    error: "invalid_token",
    error_description: "No remaining count on initial access token",
  });
});

test("a refusal of an update reaches the caller, who can still read", async () => {
  const created = await register(await discover(), { redirect_uris }, await initialAccessToken());
  const response = await request(created, "PUT", { client_id: created.client_id, redirect_uris: ["no URI"] });
  assert.equal(response.status, 400);
  const { error, error_description } = await response.json();
  assert.equal(error, "invalid_redirect_uri");
  assert.match(error_description, /redirect/i);
  await manage(await manage(created, "GET"), "DELETE");
});

async function discover(issuer = `${url}/realms/${realm}`, algorithm = "oidc") {
  const identifier = new URL(issuer);
  const response = await oauth.discoveryRequest(identifier, { algorithm, ...insecure });
  return oauth.processDiscoveryResponse(identifier, response);
}

async function register(server, metadata, initialAccessToken) {
  const options = { initialAccessToken, ...insecure };
  const response = await oauth.dynamicClientRegistrationRequest(server, metadata, options);
  return oauth.processDynamicClientRegistrationResponse(response);
}

/** What a request to the client configuration endpoint (RFC 7592 §2) gives; it is to succeed. */
async function manage(registered, method, metadata) {
  const response = await request(registered, method, metadata);
  const text = await response.text();
  assert.equal(response.status, method === "DELETE" ? 204 : 200, text);
  return text && JSON.parse(text);
}

function request(registered, method, metadata) {
  return oauth.protectedResourceRequest(
    registered.registration_access_token,
    method,
    new URL(registered.registration_client_uri),
    new Headers(metadata && { "content-type": "application/json" }),
    metadata && JSON.stringify(metadata),
    insecure,
  );
}

function assertRefused(promise, status, { error, error_description }) {
  return assert.rejects(promise, (refusal) => {
    assert.ok(refusal instanceof oauth.ResponseBodyError, refusal);
    assert.equal(refusal.status, status);
    assert.equal(refusal.error, error);
    assert.equal(refusal.error_description, error_description);
    return true;
  });
}
