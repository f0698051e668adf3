// The server under test and what its administrator does before a test. Used by the programs for Node.js and by kcreg.

import { randomUUID } from "node:crypto";

/** Base address of the server, without a slash at its end. */
export const url = process.env.MATRICULA_URL ?? "http://localhost:8080";
export const realm = "master";
export const administrator = {
  user: process.env.MATRICULA_ADMIN_USER ?? "admin",
  password: process.env.MATRICULA_ADMIN_PASSWORD ?? "admin",
};

/** The administrator's own bearer token. */
export async function bearerToken() {
  const form = {
    grant_type: "password",
    client_id: "admin-cli",
    username: administrator.user,
    password: administrator.password,
  };
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  return (await answer(response)).access_token;
}

/** An initial access token, good for one registration. */
export async function initialAccessToken(name = realm) {
  return (await administer("POST", `${name}/clients-initial-access`, { count: 1, expiration: 600 })).token;
}

/**
 * A realm of its own for a test, with these members of its document. Anonymous registration is closed in it, as in every
 * new realm; with `trusted`, software registers itself from these hosts, for redirect URIs that lead to them.
 */
export async function newRealm(t, { trusted, ...members } = {}) {
  const name = `clients-${randomUUID()}`;
  await administer("POST", "", { realm: name, enabled: true, ...members });
  t.after(() => administer("DELETE", name));
  if (trusted) {
    const [policy] = await administer("GET", `${name}/components?name=Trusted%20Hosts`);
    policy.config["trusted-hosts"] = trusted;
    await administer("PUT", `${name}/components/${policy.id}`, policy);
  }
  return { name, issuer: `${url}/realms/${name}` };
}

/** A request to the Admin API, to a path below `/admin/realms`, that is to succeed; what it answers. */
export async function administer(method, path, body) {
  const response = await fetch(`${url}/admin/realms${path && `/${path}`}`, {
    method,
    headers: { authorization: `Bearer ${await bearerToken()}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  return answer(response);
}

async function answer(response) {
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${response.url} answered ${response.status}: ${text}`);
  }
  return text && JSON.parse(text);
}
