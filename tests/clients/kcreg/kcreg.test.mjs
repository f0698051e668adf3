// Keycloak's kcreg.sh, at the path in KCREG. Its exit status and what it prints are those it has with Keycloak.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { administrator, initialAccessToken, newRealm, realm, url } from "../server.mjs";

const folder = mkdtempSync(join(tmpdir(), "matricula-kcreg-"));
after(() => rmSync(folder, { recursive: true }));

// Without the optimising compiler each run, a second or so, is shorter.
const environment = { ...process.env, KC_OPTS: "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" };

const redirectUris = ["https://app.example.com/callback"];
const clientPolicies = {
  clientProfiles: { profiles: [{ name: "safe", executors: [{ executor: "secure-client-uris", configuration: {} }] }] },
  clientPolicies: {
    policies: [
      { name: "all", enabled: true, profiles: ["safe"], conditions: [{ condition: "any-client", configuration: {} }] },
    ],
  },
};
const spent = "Not authorized to view client. Not valid token or client credentials provided. [invalid_token]";

describe("kcreg.sh", { concurrency: 2 }, () => {
  test("a session creates, reads, updates and deletes; refusals are printed", async () => {
    const kcreg = await session();
    const clientId = unusedClientId();
    const document = JSON.stringify({ clientId, redirectUris });
    assert.deepEqual(await kcreg("create -f -", { input: document }), registered(clientId));
    assert.deepEqual(
      await kcreg(`create -s clientId=${clientId}`),
      failed("Client Identifier in use [invalid_client_metadata]"),
    );

    const read = printed(await kcreg(`get ${clientId}`));
    assert.equal(read.clientId, clientId);
    assert.deepEqual(read.redirectUris, redirectUris);

    const changes = ["-s", "name=A client of kcreg", "-s", "redirectUris+=https://app.example.com/elsewhere"];
    const updated = printed(await kcreg(`update ${clientId} -o`, { more: changes }));
    assert.equal(updated.name, "A client of kcreg");
    assert.deepEqual(updated.redirectUris.sort(), [...redirectUris, "https://app.example.com/elsewhere"]);

    assert.deepEqual(await kcreg(`delete ${clientId}`), silence);
    assert.deepEqual(await kcreg(`get ${clientId}`), failed("Client not found [invalid_request]"));
  });

  test("an initial access token creates, and kcreg keeps the registration access tokens that follow", async () => {
    const kcreg = withConfig();
    const token = await initialAccessToken();
    assert.deepEqual(await kcreg(`config initial-token --server ${url} --realm ${realm} ${token}`), silence);
    const clientId = unusedClientId();
    assert.deepEqual(await kcreg(`create -s clientId=${clientId}`), registered(clientId));

    // Each update spends a token and brings the next one.
    assert.deepEqual(await kcreg(`update ${clientId} -s name=First`), silence);
    assert.deepEqual(await kcreg(`update ${clientId} -s name=Second`), silence);
    assert.equal(printed(await kcreg(`get ${clientId}`)).name, "Second");
    assert.deepEqual(await kcreg(`delete ${clientId}`), silence);
  });

  test("the tokens of --token create, read, update and delete, and an update spends the old one", async () => {
    const kcreg = withoutConfig();
    const clientId = unusedClientId();
    const initial = await initialAccessToken();
    const created = printed(await kcreg(`create -s clientId=${clientId} -o --token ${initial}`));

    const first = created.registrationAccessToken;
    assert.equal(printed(await kcreg(`get ${clientId} --token ${first}`)).secret, created.secret);
    const updated = printed(await kcreg(`update ${clientId} -s description=Changed -o --token ${first}`));
    assert.equal(updated.description, "Changed");

    const second = updated.registrationAccessToken;
    assert.deepEqual(await kcreg(`get ${clientId} --token ${first}`), failed(spent));
    assert.deepEqual(await kcreg(`delete ${clientId} --token ${second}`), silence);
  });

  test("the endpoint 'oidc' creates, reads, updates and deletes", async () => {
    const kcreg = await session();
    const created = await kcreg(`create -e oidc -i -s redirect_uris=${JSON.stringify(redirectUris)}`);
    const clientId = created.stdout.trim();
    assert.deepEqual(created, { status: 0, stdout: `${clientId}\n`, stderr: "" });

    assert.deepEqual(printed(await kcreg(`get ${clientId} -e oidc`)).redirect_uris, redirectUris);
    assert.equal(printed(await kcreg(`update ${clientId} -e oidc -s client_name=Renamed -o`)).client_name, "Renamed");
    assert.deepEqual(await kcreg(`delete ${clientId}`), silence);
  });

  test("the endpoint 'saml2' creates from an entity descriptor", async () => {
    const kcreg = await session();
    const entityId = unusedClientId();
    assert.deepEqual(await kcreg("create -f -", { input: entityDescriptor(entityId) }), registered(entityId));
    assert.equal(printed(await kcreg(`get ${entityId}`)).protocol, "saml");
    assert.deepEqual(await kcreg(`delete ${entityId}`), silence);
  });

  test("the endpoint 'install' gives the adapter configuration", async () => {
    const kcreg = await session();
    const { clientId, secret } = printed(await kcreg(`create -s clientId=${unusedClientId()} -o`));
    const config = printed(await kcreg(`get ${clientId} -e install`));
    assert.equal(config.realm, realm);
    assert.equal(config["auth-server-url"], `${url}/`);
    assert.equal(config.resource, clientId);
    assert.deepEqual(config.credentials, { secret });
    assert.deepEqual(await kcreg(`delete ${clientId}`), silence);
  });

  test("update-token replaces the registration access token", async () => {
    const kcreg = await session();
    const created = printed(await kcreg(`create -s clientId=${unusedClientId()} -o`));
    const { clientId, registrationAccessToken } = created;
    assert.deepEqual(await kcreg(`update-token ${clientId}`), silence);
    assert.deepEqual(await withoutConfig()(`get ${clientId} --token ${registrationAccessToken}`), failed(spent));
    assert.deepEqual(await kcreg(`update ${clientId} -s name=Renamed`), silence);
    assert.deepEqual(await kcreg(`delete ${clientId}`), silence);
  });

  test("a session whose access token has expired goes on with its refresh token", async () => {
    const kcreg = await session();
    const config = JSON.parse(readFileSync(kcreg.config, "utf8"));
    config.endpoints[url][realm].expiresAt = 1;
    writeFileSync(kcreg.config, JSON.stringify(config));
    const clientId = (await kcreg(`create -i -s clientId=${unusedClientId()}`)).stdout.trim();
    assert.notEqual(clientId, "");
    assert.deepEqual(await kcreg(`delete ${clientId}`), silence);
  });

  // kcreg reads error documents strictly: a member that it does not know hides the reason.
  test("the reason of a refusal is printed, whoever refuses", async (t) => {
    const kcreg = withoutConfig();
    const policy =
      "Policy 'Allowed Client Scopes' rejected request to client-registration service. " +
      "Details: Not permitted to use specified clientScope [insufficient_scope]";
    const token = await initialAccessToken();
    const create = (what) => kcreg(`create ${what} --token ${token}`);
    assert.deepEqual(await create('-s clientId=kcreg -s optionalClientScopes=["nowhere"]'), failed(policy));
    assert.deepEqual(await create("-e oidc -s scope=nowhere"), failed(policy));
    const uris = `["${redirectUris}#fragment"]`;
    const metadata = "A redirect URI must not contain an URL fragment [invalid_redirect_uri]";
    assert.deepEqual(await create(`-s clientId=kcreg -s redirectUris=${uris}`), failed(metadata));
    assert.deepEqual(await create(`-e oidc -s redirect_uris=${uris}`), failed(metadata));
    assert.deepEqual(
      await kcreg("create -s clientId=kcreg --token nothing"),
      failed("Failed decode token [invalid_token]"),
    );

    const { name } = await newRealm(t, clientPolicies);
    const there = withoutConfig(name);
    assert.deepEqual(
      await there(`create -s clientId=kcreg -s redirectUris=["http://app"] --token ${await initialAccessToken(name)}`),
      failed("invalid_client_metadata: Invalid redirectUris [insufficient_scope]"),
    );
  });

  test("a wrong password is refused", async () => {
    const refused = await login(withConfig(), "wrong");
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /Invalid user credentials \[invalid_grant\]\n$/);
  });
});

/** kcreg with the administrator logged in. */
async function session() {
  const kcreg = withConfig();
  assert.deepEqual(
    await login(kcreg, administrator.password),
    said(`Logging into ${url} as user ${administrator.user} of realm ${realm}`),
  );
  return kcreg;
}

function login(kcreg, password) {
  const { user } = administrator;
  const more = ["--password", password];
  return kcreg(`config credentials --server ${url} --realm ${realm} --user ${user}`, { more });
}

/** kcreg with a configuration file of its own: `kcreg.config`. */
function withConfig() {
  const config = join(folder, `${randomUUID()}.config`);
  return Object.assign((line, options) => run(line, ["--config", config], options), { config });
}

/** kcreg that is told everything on its command line. */
function withoutConfig(name = realm) {
  return (line) => run(line, ["--no-config", "--server", url, "--realm", name]);
}

/** Runs it with the words of `line`, what is in `more` because it has spaces, and the session's `options`. */
async function run(line, options, { input = "", more = [] } = {}) {
  const words = [process.env.KCREG, ...line.split(" "), ...more, ...options];
  const child = spawn("sh", words, { env: environment, timeout: 60_000 });
  const ended = once(child, "close");
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = await ended;
  return { status, stdout, stderr };
}

const silence = { status: 0, stdout: "", stderr: "" };

function said(message) {
  return { status: 0, stdout: "", stderr: `${message}\n` };
}

function registered(clientId) {
  return said(`Registered new client with client_id '${clientId}'`);
}

function failed(message) {
  return { status: 1, stdout: "", stderr: `${message}\n` };
}

/** The document on the standard output of a run that succeeded. */
function printed({ status, stdout, stderr }) {
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

function unusedClientId() {
  return `kcreg-${randomUUID()}`;
}

function entityDescriptor(entityId) {
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService index="0" Location="https://sp.example.com/acs"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
  </SPSSODescriptor>
</EntityDescriptor>
`;
}
