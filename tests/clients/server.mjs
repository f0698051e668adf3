// The server under test and what its administrator does before a test. Used by kcreg and openid-client.

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
export async function initialAccessToken() {
  const response = await fetch(`${url}/admin/realms/${realm}/clients-initial-access`, {
    method: "POST",
    headers: { authorization: `Bearer ${await bearerToken()}`, "content-type": "application/json" },
    body: JSON.stringify({ count: 1, expiration: 600 }),
  });
  return (await answer(response)).token;
}

async function answer(response) {
  if (!response.ok) {
    throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  }
  return response.json();
}
