// The server under test and what its administrator does before a test.

import { randomUUID } from "node:crypto";

/** Base address of the server, without a slash at its end. */
export const url = process.env.MATRICULA_URL ?? "http://localhost:8080";
const administrator = {
  username: process.env.MATRICULA_ADMIN_USER ?? "admin",
  password: process.env.MATRICULA_ADMIN_PASSWORD ?? "admin",
};

/** The name of a realm that is deleted after the test. */
export async function newRealm(t) {
  const realm = `integration-${randomUUID()}`;
  await administer("POST", "", { realm, enabled: true });
  t.after(() => administer("DELETE", realm));
  return realm;
}

/** A request to the Admin API, to a path below `/admin/realms`, that is to succeed; what it answers. */
export async function administer(method, path, body) {
  const form = { grant_type: "password", client_id: "admin-cli", ...administrator };
  const { access_token } = await sent("POST", "/realms/master/protocol/openid-connect/token", {}, new URLSearchParams(form));
  return json(method, `/admin/realms${path && `/${path}`}`, access_token, body);
}

/** Registers a client as software does, with an initial access token. */
export async function register(realm, metadata) {
  const { token } = await administer("POST", `${realm}/clients-initial-access`, { count: 1, expiration: 600 });
  return json("POST", `/realms/${realm}/clients-registrations/openid-connect`, token, metadata);
}

function json(method, path, token, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return sent(method, path, headers, body && JSON.stringify(body));
}

async function sent(method, path, headers, body) {
  const response = await fetch(url + path, { method, headers, body });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  }
  return text && JSON.parse(text);
}
