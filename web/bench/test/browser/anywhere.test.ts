// The folder of the bench on a web server that knows nothing of ours.

import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench } from './bench.js';

const folder = join(import.meta.dirname, '../../../../target/web/bench');
/** Below a path, as on a page of a project. */
const PATH = '/some/where/';
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.woff2': 'font/woff2' };

let server: Server;
let address: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = join(folder, normalize(path.startsWith(PATH) ? path.slice(PATH.length - 1) : '/missing'), path.endsWith('/') ? 'index.html' : '');
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
});
afterAll(() => new Promise((closed) => server.close(closed)));

describe('the folder alone', () => {
  test('works from any web server, and keeps its own policy', async () => {
    const bench = await Bench.open(address);
    await bench.verdict(/\b201 Created/);
    await bench.add(join(folder, '../../test-components/gate-shut.wasm'));
    await bench.page.getByRole('button', { name: 'Remove gate-shut' }).waitFor();
    await bench.page.getByLabel('Add a policy').selectOption('gate');
    await bench.verdict(/\b403 Forbidden/);
    const policy = await bench.page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
    expect(policy).toContain("default-src 'none'");
    await bench.close();
  });

  test('of the server says the same in a header', async () => {
    const response = await fetch(`${process.env.MATRICULA_URL}/bench/`);
    const header = response.headers.get('content-security-policy') ?? '';
    const page = /Content-Security-Policy"\s+content="([^"]+)"/.exec(await response.text())?.[1] ?? '';
    // Browsers heed frame-ancestors in a header only.
    expect(header).toBe(`${page}; frame-ancestors 'self'`);
    expect(header).not.toContain('unsafe-inline');
    expect(header).not.toContain("'unsafe-eval'");
  });
});
