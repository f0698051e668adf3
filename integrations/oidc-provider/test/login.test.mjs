// A real oidc-provider whose clients are those of a real Matricula, up to tokens.

import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { matriculaAdapter } from "matricula-oidc-provider";
import Provider from "oidc-provider";
import { administer, newRealm, register, url } from "./matricula.mjs";

const callback = "http://127.0.0.1:9/cb";
const always = { cache: { maxAge: 0, unknownMaxAge: 0 } };

/** An oidc-provider that asks this realm, with a service account of this role. */
async function provider(t, realm, { role = "manage-clients", ...options } = {}) {
  const account = { clientId: `as-${randomUUID()}`, secret: "s3cret: with+signs%" };
  await administer("POST", `${realm}/clients`, { ...account, publicClient: false, serviceAccountsEnabled: true });
  const [{ id }] = await administer("GET", `${realm}/clients?clientId=${account.clientId}`);
  const user = await administer("GET", `${realm}/clients/${id}/service-account-user`);
  const [management] = await administer("GET", `${realm}/clients?clientId=realm-management`);
  const found = await administer("GET", `${realm}/clients/${management.id}/roles/${role}`);
  await administer("POST", `${realm}/users/${user.id}/role-mappings/clients/${management.id}`, [found]);

  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const from = { url, realm, clientId: account.clientId, clientSecret: account.secret };
  const made = new Provider(issuer, {
    adapter: matriculaAdapter({ ...from, ...options }),
    cookies: { keys: ["a key for tests only"] },
    features: { registration: { enabled: false } },
  });
  const errors = [];
  made.on("server_error", (_context, error) => errors.push(error));
  server.on("request", made.callback());
  return { issuer, account: id, errors };
}

/** A person with a browser, on the way through the authorization endpoint with PKCE. */
class Login {
  verifier = randomBytes(32).toString("base64url");
  cookies = new Map();

  constructor(issuer, clientId, redirectUri, scope = "openid") {
    Object.assign(this, { issuer, clientId, redirectUri });
    const challenge = createHash("sha256").update(this.verifier).digest("base64url");
    this.address = `${issuer}/auth?${new URLSearchParams({
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: "code",
      scope,
      ...(scope.includes("offline_access") && { prompt: "consent" }),
      state: "a state",
      code_challenge: challenge,
      code_challenge_method: "S256",
    })}`;
  }

  async get(address, init = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(address, { ...init, redirect: "manual", headers: { cookie, accept: "text/html" } });
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(";")[0].split("=");
      this.cookies.set(name, value);
    }
    return response;
  }

  /** The code at the end of the pages. */
  async code() {
    let address = this.address;
    let response = await this.get(address);
    for (let page = 0; page < 10; page += 1) {
      const location = response.headers.get("location");
      if (location?.startsWith(this.redirectUri)) {
        const code = new URL(location).searchParams.get("code");
        assert.ok(code, location);
        return code;
      }
      if (location) {
        address = new URL(location, address).href;
        response = await this.get(address);
        continue;
      }
      const html = await response.text();
      const action = /<form[^>]*action="([^"]+)"/.exec(html);
      assert.ok(response.status === 200 && action, `${response.status} ${html}`);
      const prompt = /name="prompt" value="([^"]+)"/.exec(html)[1];
      const body = new URLSearchParams({ prompt, login: "alice", password: "any" });
      address = new URL(action[1], address).href;
      response = await this.get(address, { method: "POST", body });
    }
    throw new Error("no end of pages");
  }

  /** The answer of the token endpoint. */
  async tokens(secret) {
    return this.grant({ grant_type: "authorization_code", code: await this.code(), redirect_uri: this.redirectUri, code_verifier: this.verifier }, secret);
  }

  async grant(form, secret) {
    const basic = secret && { authorization: `Basic ${btoa([this.clientId, secret].map(encodeURIComponent).join(":"))}` };
    const body = new URLSearchParams({ ...form, ...(!secret && { client_id: this.clientId }) });
    const response = await fetch(`${this.issuer}/token`, { method: "POST", headers: { ...basic }, body });
    return { status: response.status, ...(await response.json()) };
  }

  /** What the authorization endpoint says at once. */
  async refusal() {
    const response = await this.get(this.address);
    return { status: response.status, text: await response.text() };
  }
}

function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

test("a client with a secret logs its user in", async (t) => {
  const realm = await newRealm(t);
  const { issuer } = await provider(t, realm);
  const client = await register(realm, { redirect_uris: [callback] });
  const tokens = await new Login(issuer, client.client_id, callback).tokens(client.client_secret);
  assert.equal(tokens.status, 200, JSON.stringify(tokens));
  const { aud, sub, iss } = claims(tokens.id_token);
  assert.deepEqual({ aud, sub, iss }, { aud: client.client_id, sub: "alice", iss: issuer });
  const wrong = await new Login(issuer, client.client_id, callback).tokens("another secret");
  assert.deepEqual([wrong.status, wrong.error], [401, "invalid_client"]);
});

test("a client of the kind that MCP has registers and logs in at once, on whatever port it listens", async (t) => {
  const realm = await newRealm(t);
  const { issuer } = await provider(t, realm);
  const client = await register(realm, {
    client_name: "An agent",
    redirect_uris: ["http://localhost:8090/callback", "cursor://anysphere.cursor-mcp/oauth/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  });
  for (const redirectUri of ["http://localhost:41733/callback", "cursor://anysphere.cursor-mcp/oauth/callback"]) {
    const login = new Login(issuer, client.client_id, redirectUri, "openid offline_access");
    const tokens = await login.tokens();
    assert.equal(tokens.status, 200, JSON.stringify(tokens));
    const refreshed = await login.grant({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
    assert.ok(refreshed.access_token, JSON.stringify(refreshed));
  }
  const elsewhere = await new Login(issuer, client.client_id, "http://localhost:41733/other").refusal();
  assert.equal(elsewhere.status, 400);
  assert.match(elsewhere.text, /redirect_uri/);
});

test("a client id that is an address works as any other", async (t) => {
  const realm = await newRealm(t);
  const { issuer } = await provider(t, realm);
  const clientId = "https://app.example.com/client one.json?a=b";
  await administer("POST", `${realm}/clients`, { clientId, publicClient: true, redirectUris: [callback] });
  assert.equal((await new Login(issuer, clientId, callback).refusal()).status, 303);
});

test("updates, an end of use and a deletion count at the next use", async (t) => {
  const realm = await newRealm(t);
  const { issuer } = await provider(t, realm, always);
  const client = await register(realm, { redirect_uris: [callback], token_endpoint_auth_method: "none" });
  const [{ id }] = await administer("GET", `${realm}/clients?clientId=${client.client_id}`);
  const status = async (redirectUri) => (await new Login(issuer, client.client_id, redirectUri).refusal()).status;
  assert.equal(await status(callback), 303);
  const other = "http://127.0.0.1:9/other";
  await administer("PUT", `${realm}/clients/${id}`, { redirectUris: [other] });
  assert.deepEqual([await status(callback), await status(other)], [400, 303]);
  await administer("PUT", `${realm}/clients/${id}`, { enabled: false });
  assert.equal(await status(other), 400);
  await administer("PUT", `${realm}/clients/${id}`, { enabled: true });
  assert.equal(await status(other), 303);
  await administer("DELETE", `${realm}/clients/${id}`);
  const { status: gone, text } = await new Login(issuer, client.client_id, other).refusal();
  assert.equal(gone, 400);
  assert.match(text, /invalid_client/);
});

test("what is no client for logins is unknown", async (t) => {
  const realm = await newRealm(t);
  const { issuer } = await provider(t, realm);
  const saml = { clientId: "https://sp.example.com", protocol: "saml", redirectUris: [callback] };
  const bearerOnly = { clientId: "api", bearerOnly: true, redirectUris: [callback] };
  for (const client of [saml, bearerOnly]) {
    await administer("POST", `${realm}/clients`, client);
  }
  for (const clientId of [saml.clientId, bearerOnly.clientId, "admin-cli", "realm-management", "nobody", ".."]) {
    const { status, text } = await new Login(issuer, clientId, callback).refusal();
    assert.equal(status, 400, clientId);
    assert.match(text, /client is invalid/, clientId);
  }
});

test("who may only view serves clients without a secret, and says what the others need", async (t) => {
  const realm = await newRealm(t);
  const { issuer, errors } = await provider(t, realm, { role: "view-clients" });
  const open = await register(realm, { redirect_uris: [callback], token_endpoint_auth_method: "none" });
  assert.equal((await new Login(issuer, open.client_id, callback).tokens()).status, 200);
  const secret = await register(realm, { redirect_uris: [callback] });
  const { status, text } = await new Login(issuer, secret.client_id, callback).refusal();
  assert.equal(status, 500);
  assert.match(text, /server_error/);
  assert.match(errors.at(-1).message, /needs the role manage-clients/);
});

test("an account that may do nothing is an error of the server, not of the client", async (t) => {
  const realm = await newRealm(t);
  const { issuer, errors } = await provider(t, realm, { role: "view-events" });
  const client = await register(realm, { redirect_uris: [callback] });
  assert.equal((await new Login(issuer, client.client_id, callback).refusal()).status, 500);
  assert.match(errors.at(-1).message, /403/);
});
