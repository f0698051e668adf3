// A running server and its administrator, for tests that compare with it.

const url = process.env.MATRICULA_URL;
const user = process.env.MATRICULA_ADMIN_USER;
const password = process.env.MATRICULA_ADMIN_PASSWORD;

/** Address of the server. */
export function serverUrl(): string {
  if (!url || !user || !password) throw new Error('No server to compare with: run these tests by `cargo xtask test web`.');
  return url;
}

/** A call of the Admin API; the answer's JSON, if it has any. */
export async function admin(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${serverUrl()}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** An access token; they are good for a minute, so each call has its own. */
async function token(): Promise<string> {
  const response = await fetch(`${serverUrl()}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: user ?? '', password: password ?? '' }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}
