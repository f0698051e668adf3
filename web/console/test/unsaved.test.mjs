// What was typed and not saved, in a real browser: nobody loses it unasked.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, signIn } from './browser.mjs';
import { start } from './server.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  await server.admin('POST', '/realms', { realm: 'shop', enabled: true });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Signed in, on this page. */
async function at(path, steps) {
  const { page, context, faults, go } = await open(browser, server);
  const question = page.getByRole('dialog', { name: /Leave without saving/ });
  await go(path);
  await signIn(page);
  await steps({ page, go, question, where: () => page.evaluate(() => location.hash) });
  assert.deepEqual(faults, []);
  await context.close();
}

test('the navigation, a breadcrumb, the realm selector and the way back ask before they take what was typed', () =>
  at('/shop/clients', async ({ page, question, where }) => {
    await page.getByRole('link', { name: 'Create client' }).click();
    const typed = page.getByLabel('Client ID');
    await typed.fill('half');
    const ways = {
      navigation: () => page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Events' }).click(),
      breadcrumb: () => page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Clients' }).click(),
      'realm selector': async () => {
        await page.getByRole('button', { name: 'Realm: shop' }).click();
        await page.getByRole('option', { name: 'master' }).click();
      },
      back: () => page.goBack(),
    };
    for (const [way, go] of Object.entries(ways)) {
      await go();
      await question.waitFor();
      await question.getByRole('button', { name: 'Stay here' }).click();
      await question.waitFor({ state: 'detached' });
      assert.equal(await typed.inputValue(), 'half', way);
      assert.equal(await where(), '#/shop/clients/create', way);
    }
    await ways.navigation();
    await question.getByRole('button', { name: 'Leave without saving' }).click();
    await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
    await question.waitFor({ state: 'detached' });
    assert.equal(await where(), '#/shop/events');
    await page.goBack();
    await typed.waitFor();
    assert.equal(await typed.inputValue(), '');
  }));

test('what is chosen counts as typed, what is taken back does not', () =>
  at('/shop/clients/tokens/create', async ({ page, question }) => {
    await page.getByRole('button', { name: 'More clients' }).click();
    await page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await question.getByRole('button', { name: 'Stay here' }).click();
    await page.getByRole('button', { name: 'Fewer clients' }).click();
    await page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await page.getByText('No decisions yet').waitFor();
  }));

test('a tab asks before it takes a document that was changed', () =>
  at('/shop/client-policies', async ({ page, question, where }) => {
    await page.getByRole('button', { name: 'JSON view' }).click();
    const document = page.locator('#json');
    await document.fill('{"profiles": []} ');
    await page.getByRole('navigation', { name: 'Client policies' }).getByRole('link', { name: 'Policies' }).click();
    await question.getByRole('button', { name: 'Stay here' }).click();
    assert.equal(await document.inputValue(), '{"profiles": []} ');
    await page.getByRole('button', { name: 'Revert' }).click();
    await page.getByRole('navigation', { name: 'Client policies' }).getByRole('link', { name: 'Policies' }).click();
    await page.waitForFunction(() => location.hash === '#/shop/client-policies/policies');
    assert.equal(await where(), '#/shop/client-policies/policies');
    assert.equal(await question.count(), 0);
  }));

test('what is saved, reverted or given up can be left', () =>
  at('/shop/settings', async ({ page, go, question }) => {
    const leave = async () => {
      await page.getByRole('link', { name: 'Events' }).click();
      await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
    };
    const rate = page.getByLabel('Registrations without a token, per address');
    await rate.fill('7/hour');
    await page.getByRole('button', { name: 'Revert' }).click();
    await page.waitForFunction(() => document.getElementById('per-address')?.value === '');
    await rate.fill('8/hour');
    // The page reads anew what it saved; whoever is faster than the answer loses nothing either.
    const settings = `${server.url}/admin/realms/shop`;
    await page.route(settings, (route) => route.request().method() === 'PUT' && route.continue());
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The settings are saved').waitFor();
    await leave();
    await page.unroute(settings);
    await go('/shop/client-policies');
    await page.getByRole('button', { name: 'JSON view' }).click();
    await page.locator('#json').fill('{"profiles": [] }');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The profiles are saved').waitFor();
    await leave();
    await go('/shop/clients/create');
    await page.getByLabel('Client ID').fill('half');
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'Create client' }).click();
    await page.getByLabel('Client ID').fill('whole');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('Internal ID').waitFor();
    await leave();
    assert.equal(await question.count(), 0);
  }));

test('realms that others make and delete come and go in the realm selector', () =>
  at('/shop', async ({ page }) => {
    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
    await server.admin('POST', '/realms', { realm: 'newer', enabled: true });
    const selector = page.getByRole('button', { name: 'Realm: shop' });
    await selector.click();
    await page.getByRole('option', { name: 'newer' }).click();
    await page.getByRole('heading', { name: 'newer', level: 1 }).waitFor();
    await server.admin('DELETE', '/realms/newer');
    // Whatever is asked of a realm that is gone says so, and leads to one that is there.
    await page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await page.getByText('There is no realm “newer”').waitFor();
    await page.getByRole('button', { name: 'Realm: newer' }).click();
    await page.getByRole('option', { name: 'shop' }).waitFor();
    assert.equal(await page.getByRole('option', { name: 'newer' }).count(), 0);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Go to realm master' }).click();
    await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
  }));
