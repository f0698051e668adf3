// Every page, light and dark, wide and narrow: it is there, accessible, fits its window and asks no foreign host. Pictures
// of all go into the folder that SCREENSHOTS names, or target/screenshots/console.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessibility, launch, open, signIn } from './browser.mjs';
import { demonstrated, pages, prepared } from './prepared.mjs';

const folder = process.env.SCREENSHOTS ?? fileURLToPath(new URL('../../../target/screenshots/console', import.meta.url));
const only = process.env.PAGES?.split(',');

let server;
let ids;
let browser;

before(async () => {
  [{ server, ids }, browser] = await Promise.all([prepared(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// All of it was done by calls to the server, so all of it happened now: one bar of a week's.
test('the picture of the documentation', async () => {
  await demonstrated(server);
  const { page, context, faults, go } = await open(browser, server, { colorScheme: 'light' });
  await go('/demo');
  await signIn(page);
  await page.getByText('Show as a table').waitFor();
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, 'documentation.png') });
  assert.deepEqual(faults, []);
  await context.close();
});

for (const [variant, options] of Object.entries({
  'wide-light': { colorScheme: 'light' },
  'wide-dark': { colorScheme: 'dark' },
  'narrow-light': { colorScheme: 'light', viewport: { width: 390, height: 844 } },
  'narrow-dark': { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
})) {
  test(`pages, ${variant}`, async (t) => {
    mkdirSync(join(folder, variant), { recursive: true });
    const { page, context, faults, go } = await open(browser, server, options);
    const look = async (name) => {
      await page.waitForTimeout(250);
      await page.screenshot({ path: join(folder, variant, `${name}.png`) });
      const tooWide = await page.evaluate(() => {
        const main = document.querySelector('main') ?? document.body;
        return Math.max(document.documentElement.scrollWidth - document.documentElement.clientWidth, main.scrollWidth - main.clientWidth);
      });
      assert.ok(tooWide <= 0, `${name} is ${tooWide} pixels too wide`);
      assert.deepEqual(await accessibility(page), [], name);
      assert.deepEqual(faults.splice(0), [], name);
    };
    await go('/');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await t.test('sign-in', () => look('sign-in'));
    await signIn(page);
    await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
    for (const [name, path, text] of pages(ids).filter(([name]) => !only || only.includes(name))) {
      await t.test(name, async () => {
        await go(path);
        await page.getByText(text).first().waitFor();
        await look(name);
      });
    }
    if (!only || only.includes('overlays')) {
      await t.test('try-it-result', async () => {
        await go('/shop/clients/registration/anonymous/try');
        await page.getByRole('button', { name: 'Try it' }).click();
        await page.getByText('It would be refused').waitFor();
        await look('try-it-result');
      });
      await t.test('dry-run-of-rules', async () => {
        await go('/shop/clients/life-cycle');
        await page.getByLabel('When').selectOption('In 90 days');
        await page.getByRole('button', { name: 'Try them' }).click();
        await page.getByRole('button', { name: 'Look as if somebody did' }).click();
        await page.getByRole('grid', { name: 'By software' }).scrollIntoViewIfNeeded();
        await look('dry-run-of-rules');
      });
      await t.test('bulk-question', async () => {
        await go('/shop/clients');
        await page.getByRole('checkbox', { name: 'Select billing' }).check();
        await page.getByRole('button', { name: 'Change 1 client' }).click();
        await page.getByRole('menuitem', { name: 'Disable' }).click();
        await page.getByRole('dialog').waitFor();
        await look('bulk-question');
        await page.getByRole('button', { name: 'Cancel' }).click();
      });
      await t.test('token-created', async () => {
        await go('/shop/clients/tokens/create');
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.getByText('copy it now').waitFor();
        await look('token-created');
      });
      await t.test('confirm', async () => {
        await go(`/shop/clients/${ids.client}`);
        await page.getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('dialog').waitFor();
        await look('confirm');
        await page.getByRole('button', { name: 'Cancel' }).click();
      });
      await t.test('unsaved', async () => {
        await go('/shop/clients/create');
        await page.getByLabel('Client ID').fill('half');
        await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Clients' }).click();
        await page.getByRole('dialog').waitFor();
        await look('unsaved');
        await page.getByRole('button', { name: 'Leave without saving' }).click();
        await page.getByRole('link', { name: 'billing' }).waitFor();
      });
      await t.test('menus', async () => {
        await go('/shop/clients');
        await page.getByRole('link', { name: 'billing' }).waitFor();
        if (options.viewport) {
          await page.getByRole('button', { name: 'Navigation' }).click();
          await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
        }
        await look('navigation');
        await page.getByRole('button', { name: 'Realm: shop' }).click();
        await look('realm-menu');
        await page.keyboard.press('Escape');
        if (options.viewport) {
          await page.getByRole('button', { name: 'Navigation' }).click();
        }
        await page.getByRole('button', { name: 'admin', exact: true }).click();
        await look('user-menu');
        await page.keyboard.press('Escape');
      });
      await t.test('session-ended', async () => {
        await page.evaluate(async () => {
          const { csrf } = await (await fetch('/console/session')).json();
          await fetch('/console/session', { method: 'DELETE', headers: { 'Matricula-Csrf': csrf } });
        });
        await go('/shop/decisions');
        await page.getByRole('dialog', { name: /Your session has ended/ }).waitFor();
        await look('session-ended');
      });
    }
    await context.close();
  });
}
