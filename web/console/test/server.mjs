// The real server as a process of its own, with data in a temporary folder, and the calls that prepare it.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Password of the administrator of every server that a test starts. */
export const PASSWORD = "a test's password";

/** Starts a server with these options; `stop` ends it. */
export async function start(...options) {
  const program = process.env.MATRICULA_PROGRAM ?? join(root, 'target/release/matricula');
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: run \`cargo xtask build\`, which makes it`);
  }
  const data = mkdtempSync(join(tmpdir(), 'matricula-console-'));
  const child = spawn(program, ['serve', '--listen', '127.0.0.1:0', '--data', data, ...options], {
    env: { ...process.env, MATRICULA_ADMIN_PASSWORD: PASSWORD, MATRICULA_LOG: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /http:\/\/\S+/.exec(line);
      if (found) resolve(found[0]);
    });
  });
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners('exit');
      child.once('exit', () => {
        rmSync(data, { recursive: true, force: true });
        resolve();
      });
      child.kill('SIGTERM');
    });
  return new Server(url, stop);
}

class Server {
  constructor(url, stop) {
    this.url = url;
    this.stop = stop;
  }

  async token() {
    const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: PASSWORD });
    const answer = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, { method: 'POST', body: form });
    return (await answer.json()).access_token;
  }

  /** A call of the Admin API; the path begins behind `/admin`. Gives the answer's JSON, or its `Location`. */
  async admin(method, path, body) {
    const headers = { Authorization: `Bearer ${await this.token()}`, ...(body !== undefined && { 'Content-Type': 'application/json' }) };
    const answer = await fetch(`${this.url}/admin${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? answer.headers.get('location') : JSON.parse(text);
  }

  /** A registration; gives status and JSON. */
  async register(realm, document, { token, provider = 'default' } = {}) {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${this.url}/realms/${realm}/clients-registrations/${provider}`, { method: 'POST', headers, body: JSON.stringify(document) });
    return { status: answer.status, body: await answer.json() };
  }
}
