// How often Matricula is asked, and what is served while it is away: against a server of our own that counts.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { matriculaAdapter, MatriculaError } from "matricula-oidc-provider";

/** Lets so many seconds pass, by the clock that the adapter looks at. */
function pass(t, seconds) {
  t.mock.timers.tick(seconds * 1000);
}

/** A server that answers as Matricula does. What it holds and how it fails is changed by the tests. */
async function matricula(t) {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const server = {
    clients: new Map([["one", { version: 1 }]]),
    lifespan: 300,
    goodTokens: new Set(),
    tokens: 0,
    reads: [],
    /** Called with each read; an answer of its own comes instead. */
    instead: () => undefined,
  };
  const answer = (response, status, body, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body && JSON.stringify(body));
  };
  const http = createServer(async (request, response) => {
    if (request.url.endsWith("/token")) {
      server.tokens += 1;
      const access_token = `token-${server.tokens}`;
      server.goodTokens.add(access_token);
      return answer(response, 200, { access_token, expires_in: server.lifespan });
    }
    const id = decodeURIComponent(request.url.split("/").at(-1));
    server.reads.push({ id, etag: request.headers["if-none-match"] });
    const own = await server.instead();
    if (own === "hang up") {
      return request.socket.destroy();
    }
    if (own) {
      return answer(response, ...own);
    }
    if (!server.goodTokens.has(request.headers.authorization.split(" ")[1])) {
      return answer(response, 401, { error: "invalid_token", error_description: "Failed decode token" });
    }
    const client = server.clients.get(id);
    if (!client) {
      return answer(response, 404, { error: "invalid_request", error_description: "Client not found" });
    }
    const etag = `"${id}-${client.version}"`;
    const headers = { etag, ...(client.inactive && { "matricula-inactive": client.inactive }) };
    if (request.headers["if-none-match"] === etag) {
      return answer(response, 304, undefined, headers);
    }
    answer(response, 200, { client_id: id, client_name: `${client.version}`, token_endpoint_auth_method: "none" }, headers);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address();
  t.after(() => http.close() && http.closeAllConnections());
  server.url = `http://127.0.0.1:${port}`;
  server.down = () => new Promise((resolve) => http.close(resolve) && http.closeAllConnections());
  return server;
}

function clientsOf(server, options = {}) {
  const realm = { url: server.url, realm: "demo", clientId: "as", clientSecret: "secret" };
  return matriculaAdapter({ ...realm, ...options })("Client");
}

/** Each use asks. */
const always = { cache: { maxAge: 0, unknownMaxAge: 0 } };

test("an answer counts for a while, then it is asked whether it still is the same", async (t) => {
  const server = await matricula(t);
  const clients = clientsOf(server);
  assert.equal((await clients.find("one")).client_name, "1");
  await clients.find("one");
  assert.deepEqual(server.reads, [{ id: "one", etag: undefined }]);
  pass(t, 5);
  assert.equal((await clients.find("one")).client_name, "1");
  server.clients.get("one").version = 2;
  pass(t, 5);
  assert.equal((await clients.find("one")).client_name, "2");
  assert.deepEqual(server.reads.slice(1).map(({ etag }) => etag), ['"one-1"', '"one-1"']);
});

test("what a caller does to a client stays with that caller", async (t) => {
  const clients = clientsOf(await matricula(t));
  (await clients.find("one")).grant_types.push("implicit");
  assert.deepEqual((await clients.find("one")).grant_types, []);
});

test("who asks at the same time shares one question and one access token", async (t) => {
  const server = await matricula(t);
  server.instead = () => sleep(50);
  const clients = clientsOf(server, always);
  await Promise.all(Array.from({ length: 20 }, () => clients.find("one")));
  assert.deepEqual([server.reads.length, server.tokens], [1, 1]);
});

test("an unknown client is unknown for a moment only", async (t) => {
  const server = await matricula(t);
  const clients = clientsOf(server);
  assert.equal(await clients.find("new"), undefined);
  server.clients.set("new", { version: 1 });
  assert.equal(await clients.find("new"), undefined);
  assert.equal(server.reads.length, 1);
  pass(t, 1);
  assert.equal((await clients.find("new")).client_id, "new");
});

test("a client that is removed, or may not be used, is unknown", async (t) => {
  const server = await matricula(t);
  const clients = clientsOf(server, always);
  assert.ok(await clients.find("one"));
  server.clients.set("one", { version: 2, inactive: "disabled" });
  assert.equal(await clients.find("one"), undefined);
  assert.equal(await clients.find("one"), undefined);
  server.clients.set("one", { version: 3 });
  assert.ok(await clients.find("one"));
  server.clients.delete("one");
  assert.equal(await clients.find("one"), undefined);
});

test("ids that are no segment of an address are nobody's", async (t) => {
  const server = await matricula(t);
  const clients = clientsOf(server, always);
  for (const id of ["", ".", "..", "\ud800", "x".repeat(3000)]) {
    assert.equal(await clients.find(id), undefined);
  }
  assert.equal(server.reads.length, 0);
  const address = "https://app.example.com/client.json?a=b#c";
  await clients.find(address);
  assert.deepEqual(server.reads.map(({ id }) => id), [address]);
});

test("an access token is replaced before it expires, and when it is refused", async (t) => {
  const server = await matricula(t);
  server.lifespan = 60;
  const clients = clientsOf(server, always);
  await clients.find("one");
  await clients.find("one");
  assert.equal(server.tokens, 1);
  pass(t, 48);
  await clients.find("one");
  assert.equal(server.tokens, 2);
  server.lifespan = 300;
  server.goodTokens.clear();
  assert.ok(await clients.find("one"));
  assert.equal(server.tokens, 3);
});

test("a failure that somebody has to see to is never an unknown client", async (t) => {
  const server = await matricula(t);
  const clients = clientsOf(server, always);
  await clients.find("one");
  for (const [status, body] of [
    [401, { error: "invalid_token", error_description: "Failed decode token" }],
    [403, { error: "insufficient_scope", error_description: "Forbidden" }],
    [404, { error: "Realm does not exist" }],
    [200, { client_id: "another" }],
    [200, undefined],
  ]) {
    server.instead = () => [status, body];
    await assert.rejects(clients.find("one"), (error) => {
      assert.ok(error instanceof MatriculaError);
      assert.equal(error.status, status);
      assert.doesNotMatch(error.message, /token-\d|secret/);
      return true;
    });
  }
});

test("while Matricula is away a client is served, not for ever, and somebody is told", async (t) => {
  const server = await matricula(t);
  const told = [];
  const cache = { ...always.cache, staleIfError: 60 };
  const clients = clientsOf(server, { cache, onError: (error) => told.push(error) });
  await clients.find("one");
  await clients.find("gone");
  server.instead = () => [503, { error: "temporarily_unavailable" }];
  assert.equal((await clients.find("one")).client_name, "1");
  assert.equal(told.length, 1);
  assert.match(told[0].message, /503, temporarily_unavailable/);
  // It is not asked for a moment, so that nobody waits each time.
  assert.ok(await clients.find("one"));
  assert.equal(server.reads.length, 3);
  await assert.rejects(clients.find("gone"), MatriculaError);
  await assert.rejects(clients.find("never seen"), MatriculaError);
  server.instead = () => undefined;
  pass(t, 1);
  server.clients.get("one").version = 2;
  assert.equal((await clients.find("one")).client_name, "2");
  await server.down();
  assert.ok(await clients.find("one"));
  pass(t, 60);
  await assert.rejects(clients.find("one"), { message: /gives no answer/ });
});

test("an answer that does not come is not waited for", async (t) => {
  const server = await matricula(t);
  const clients = clientsOf(server, { ...always, timeout: 2 });
  await clients.find("one");
  server.instead = () => sleep(60_000, undefined, { ref: false });
  const began = performance.now();
  assert.ok(await clients.find("one"));
  await assert.rejects(clients.find("another"), MatriculaError);
  assert.ok(performance.now() - began < 20_000);
});

test("a connection that breaks is replaced once", async (t) => {
  const server = await matricula(t);
  const clients = clientsOf(server, always);
  const answers = ["hang up"];
  server.instead = () => answers.shift();
  assert.ok(await clients.find("one"));
  assert.equal(server.reads.length, 2);
  server.instead = () => "hang up";
  await assert.rejects(clients.find("another"), { message: /gives no answer/ });
  assert.equal(server.reads.length, 4);
});

test("no more clients are kept than the cache may hold", async (t) => {
  const server = await matricula(t);
  for (const id of ["two", "three"]) {
    server.clients.set(id, { version: 1 });
  }
  const clients = clientsOf(server, { cache: { size: 2 } });
  for (const id of ["one", "two", "one", "three", "one", "two"]) {
    await clients.find(id);
  }
  assert.deepEqual(server.reads.map(({ id }) => id), ["one", "two", "three", "two"]);
});

test("clients are registered elsewhere, and everything else is kept elsewhere", async (t) => {
  const server = await matricula(t);
  class Kept {
    constructor(model) {
      this.model = model;
    }
  }
  for (const adapter of [Kept, (model) => new Kept(model)]) {
    const of = matriculaAdapter({ url: server.url, realm: "demo", clientId: "as", clientSecret: "secret", adapter });
    assert.equal(of("Session").model, "Session");
    await assert.rejects(of("Client").upsert("one", {}), /registered at Matricula/);
    await assert.rejects(of("Client").destroy("one"), /registered at Matricula/);
  }
});
