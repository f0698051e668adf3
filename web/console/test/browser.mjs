// Debian's Chromium, and a page of the console in it that notes everything that should not happen.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { PASSWORD } from './server.mjs';

const program = process.env.BROWSER ?? '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Starts the browser. */
export async function launch() {
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: run \`apt-get install chromium\`, or name another one in BROWSER`);
  }
  return chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A window of its own: no cookies of others. `faults` collects errors and requests to foreign hosts. */
export async function open(browser, server, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // Refusals are told by the page; the browser logs their status as well.
    if (message.type() === 'error' && !/the server responded with a status of/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== new URL(server.url).origin) faults.push(`foreign: ${request.url()}`);
  });
  return { context, page, faults, go: (path) => page.goto(`${server.url}/console/#${path}`) };
}

/** Signs in on the sign-in page. */
export async function signIn(page, { user = 'admin', password = PASSWORD } = {}) {
  await page.getByLabel('User name').fill(user);
  await page.locator('#password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** What axe finds that is serious or worse, as text. */
export async function accessibility(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.failureSummary?.replaceAll('\n', ' ')}`).join(' | ')}`);
}
