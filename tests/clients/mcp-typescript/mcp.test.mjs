// The MCP SDK registers on its own way to a protected server, with what that server and the realm tell it. It keeps no
// registration access token, so it neither reads nor updates nor deletes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import {
  auth,
  discoverAuthorizationServerMetadata,
  registerClient,
  UnauthorizedError,
} from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { OAuthError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { administer, newRealm } from "../server.mjs";

const callback = "http://localhost:8090/callback";
const clientMetadata = {
  client_name: "A client of the MCP SDK",
  redirect_uris: [callback],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: "none",
};

test("a client that connects registers and sends its user to the authorization endpoint", async (t) => {
  const realm = await newRealm(t, { trusted: ["localhost"] });
  const resource = await protectedResource(t, realm.issuer);
  const user = new User();

  const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: user });
  const client = new Client({ name: "mcp-typescript", version: "1.0.0" });
  await assert.rejects(client.connect(transport), UnauthorizedError);

  const { client_id, client_secret, issuer } = user.registered;
  assert.equal(issuer, realm.issuer);
  assert.equal(client_secret, undefined);
  assert.equal(user.sentTo.origin + user.sentTo.pathname, `${realm.issuer}/protocol/openid-connect/auth`);
  const sent = Object.fromEntries(user.sentTo.searchParams);
  assert.equal(sent.client_id, client_id);
  assert.equal(sent.redirect_uri, callback);
  assert.equal(sent.code_challenge_method, "S256");
  assert.equal(sent.resource, resource);

  const [stored] = await administer("GET", `${realm.name}/clients?clientId=${client_id}`);
  assert.equal(stored.name, clientMetadata.client_name);
  assert.equal(stored.publicClient, true);
  assert.equal(stored.standardFlowEnabled, true);
  assert.deepEqual(stored.redirectUris, [callback]);
});

test("a client with a secret registers, too", async (t) => {
  const realm = await newRealm(t, { trusted: ["localhost"] });
  const user = new User({ ...clientMetadata, token_endpoint_auth_method: "client_secret_post" });
  assert.equal(await auth(user, { serverUrl: await protectedResource(t, realm.issuer) }), "REDIRECT");
  assert.equal(user.registered.token_endpoint_auth_method, "client_secret_post");
  assert.ok(user.registered.client_secret);
});

test("a client that is registered is not registered again", async (t) => {
  const realm = await newRealm(t, { trusted: ["localhost"] });
  const resource = await protectedResource(t, realm.issuer);
  const user = new User();
  await auth(user, { serverUrl: resource });
  const first = user.registered;
  await auth(user, { serverUrl: resource });
  assert.equal(user.registered, first);
});

test("scopes that the protected server names and the realm has are registered", async (t) => {
  const realm = await newRealm(t, { trusted: ["localhost"] });
  await addScope(realm.name, "mcp:tools");
  const user = new User();
  await auth(user, { serverUrl: await protectedResource(t, realm.issuer, ["mcp:tools", "offline_access"]) });
  assert.deepEqual(user.registered.scope.split(" ").filter((scope) => scope === "mcp:tools"), ["mcp:tools"]);
  assert.equal(user.sentTo.searchParams.get("scope"), "mcp:tools offline_access");
});

test("a scope that the realm does not have is refused, and the client is told why", async (t) => {
  const realm = await newRealm(t, { trusted: ["localhost"] });
  const resource = await protectedResource(t, realm.issuer, ["mcp:tools"]);
  await assertRefused(auth(new User(), { serverUrl: resource }), {
    error: "insufficient_scope",
    error_description:
      "Policy 'Allowed Client Scopes' rejected request to client-registration service. " +
      "Details: Not permitted to use specified clientScope",
  });
});

test("a realm that is closed refuses, and the client is told why", async (t) => {
  const { issuer } = await newRealm(t);
  await assertRefused(auth(new User(), { serverUrl: await protectedResource(t, issuer) }), {
    error: "insufficient_scope",
    error_description:
      "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted.",
  });
});

test("a redirect URI that is not trusted is refused, and the client is told why", async (t) => {
  const { issuer } = await newRealm(t, { trusted: ["localhost"] });
  await assertRefused(register(issuer, { redirect_uris: ["https://elsewhere.example.com/callback"] }), {
    error: "insufficient_scope",
    error_description:
      "Policy 'Trusted Hosts' rejected request to client-registration service. " +
      "Details: URI doesn't match any trusted host or trusted domain",
  });
});

test("metadata that is wrong is refused, and the client is told why", async (t) => {
  const { issuer } = await newRealm(t, { trusted: ["localhost"] });
  // To the SDK each error code that is none of its own is a `server_error`; the description says what is wrong.
  await assertRefused(register(issuer, { redirect_uris: [`${callback}#fragment`] }), {
    error: "server_error",
    error_description: "A redirect URI must not contain an URL fragment",
  });
  await assertRefused(register(issuer, { token_endpoint_auth_method: "no such method" }), {
    error: "invalid_client_metadata",
    error_description: /token_endpoint_auth_method/,
  });
});

test("all metadata that the SDK knows is registered and understood when it comes back", async (t) => {
  const { issuer } = await newRealm(t, { trusted: ["localhost"] });
  const full = {
    ...clientMetadata,
    client_uri: "http://localhost:8090/",
    logo_uri: "http://localhost:8090/logo.png",
    tos_uri: "http://localhost:8090/terms",
    policy_uri: "http://localhost:8090/policy",
    contacts: ["operators@example.com"],
    software_id: "4NRB1-0XZABZI9E6-5SM3R",
    software_version: "1.0.0",
  };
  const answer = await register(issuer, full);
  for (const [name, value] of Object.entries(full)) {
    const shown = Array.isArray(value) ? value.every((one) => answer[name].includes(one)) : answer[name] === value;
    assert.ok(shown, `${name}: ${JSON.stringify(answer[name])}`);
  }
});

/** Discovers the realm and registers a client, without the rest of the way. */
async function register(issuer, metadata) {
  return registerClient(issuer, {
    metadata: await discoverAuthorizationServerMetadata(issuer),
    clientMetadata: { ...clientMetadata, ...metadata },
  });
}

/** What an application keeps for one user; nothing outlives the test. */
class User {
  redirectUrl = callback;

  constructor(metadata = clientMetadata) {
    this.clientMetadata = metadata;
  }

  clientInformation() {
    return this.registered;
  }

  saveClientInformation(information) {
    this.registered = information;
  }

  tokens() {}

  saveTokens() {
    assert.fail("nobody logged in");
  }

  /** Here a browser opens. */
  redirectToAuthorization(address) {
    this.sentTo = address;
  }

  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }

  codeVerifier() {
    return this.verifier;
  }
}

/** An MCP server that wants a token of this issuer (RFC 9728). */
async function protectedResource(t, issuer, scopes_supported) {
  const server = createServer((request, response) => {
    const { origin } = new URL(resource);
    if (request.url === "/.well-known/oauth-protected-resource/mcp") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ resource, authorization_servers: [issuer], scopes_supported }));
    } else {
      const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
      response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${metadata}"` });
      response.end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const resource = `http://127.0.0.1:${server.address().port}/mcp`;
  return resource;
}

/** A client scope that clients may ask for. */
async function addScope(realm, name) {
  await administer("POST", `${realm}/client-scopes`, { name, protocol: "openid-connect" });
  const scopes = await administer("GET", `${realm}/client-scopes`);
  const { id } = scopes.find((scope) => scope.name === name);
  await administer("PUT", `${realm}/default-optional-client-scopes/${id}`);
}

function assertRefused(promise, { error, error_description }) {
  return assert.rejects(promise, (refusal) => {
    assert.ok(refusal instanceof OAuthError, refusal);
    assert.equal(refusal.errorCode, error);
    if (error_description instanceof RegExp) {
      assert.match(refusal.message, error_description);
    } else {
      assert.equal(refusal.message, error_description);
    }
    return true;
  });
}
