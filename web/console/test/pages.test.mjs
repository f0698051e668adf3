// Every page, light and dark, wide and narrow: it is there, accessible, fits its window and asks no foreign host. Pictures
// of all go into the folder that SCREENSHOTS names, or target/screenshots/console.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessibility, launch, open, signIn } from './browser.mjs';
import { pages, prepared } from './prepared.mjs';

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

// Nobody waits a week for a picture: the figures in it are made up.
test('the picture of the documentation', async () => {
  const { page, context, faults, go } = await open(browser, server, { colorScheme: 'light' });
  await page.route('**/client-registration-policy/figures*', async (route) => {
    const response = await route.fetch();
    const figures = await response.json();
    for (const [index, point] of figures.points.entries()) {
      const busy = Math.max(0, Math.round(6 + 5 * Math.sin(index * 1.6) + (index % 5)));
      Object.assign(point, { accepted: busy, held: index % 6 === 2 ? 2 : 0, refused: index % 4 === 1 ? 3 : index % 7 === 0 ? 1 : 0 });
    }
    const sum = (name) => figures.points.reduce((all, point) => all + point[name], 0);
    figures.clients = sum('accepted') + sum('held') + 6;
    for (const policy of figures.policies) {
      Object.assign(policy, { refused: policy.refused * 8, held: policy.held && sum('held'), amended: policy.amended * 8, shadow: policy.shadow * 8 });
    }
    await route.fulfill({ response, json: figures });
  });
  await go('/shop');
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
      });
    }
    await context.close();
  });
}
