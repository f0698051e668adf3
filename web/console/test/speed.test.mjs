// The script of the first page is small. How fast the page is there is printed: it depends on the machine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, signIn } from './browser.mjs';
import { start } from './server.mjs';

/** Bytes of compressed script that the first page may need. */
const SCRIPT = 400 * 1024;

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Milliseconds until the start page is there for somebody who is signed in and has an empty cache. */
async function ready(cookies, sizes) {
  const { page, context } = await open(browser, server);
  await context.addCookies(cookies);
  const measured = [];
  page.on('requestfinished', (request) => {
    if (request.resourceType() === 'script') measured.push(request.sizes().then((size) => size.responseBodySize));
  });
  await page.goto(`${server.url}/console/`);
  await page.getByText('Nobody registered a client in this time').waitFor();
  const time = await page.evaluate(() => performance.now());
  sizes.push((await Promise.all(measured)).reduce((sum, size) => sum + size, 0));
  await context.close();
  return time;
}

test('the first page is small', async () => {
  const { page, context } = await open(browser, server);
  await page.goto(`${server.url}/console/`);
  await signIn(page);
  await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
  const cookies = await context.cookies();
  await context.close();
  const sizes = [];
  const times = [];
  for (let run = 0; run < 5; run += 1) {
    times.push(await ready(cookies, sizes));
  }
  times.sort((a, b) => a - b);
  console.log(`script: ${(sizes[0] / 1024).toFixed(0)} KiB compressed; ready after ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
  assert.ok(sizes[0] > 0 && sizes[0] <= SCRIPT, `${sizes[0]} bytes of script`);
});

test('what the first page reads early is read once', async () => {
  const { page, context, faults, go } = await open(browser, server);
  await go('/');
  await signIn(page);
  await page.getByText('Nobody registered a client in this time').waitFor();
  for (const path of ['/', '/master', '/master/']) {
    await page.goto('about:blank');
    const asked = [];
    const note = (request) => asked.push(request.url().slice(server.url.length));
    page.on('request', note);
    await go(path);
    await page.getByText('Nobody registered a client in this time').waitFor();
    await page.waitForLoadState('networkidle');
    page.off('request', note);
    const read = asked.filter((url) => url.startsWith('/admin/') || url === '/console/session').toSorted();
    assert.deepEqual(read, [...new Set(read)], path);
    assert.equal(read.length, 4, read.join(' '));
  }
  // An address that nobody can read is one that leads nowhere.
  await go('/%E0%A4%A');
  await page.getByText('There is no realm').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});
