// A realm's daily work in a real browser: figures, waiting clients, tokens that are withdrawn, events, settings; and all
// of it by keyboard.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, signIn } from './browser.mjs';
import { PASSWORD, start } from './server.mjs';
import { prepared } from './prepared.mjs';

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

/** Runs in a window of its own, signed in and at this address; nothing may go wrong in it. */
async function at(path, steps) {
  const window = await open(browser, server);
  try {
    await window.go(path);
    await signIn(window.page);
    await window.page.getByRole('button', { name: 'admin', exact: true }).waitFor();
    await steps(window);
    assert.deepEqual(window.faults, []);
  } finally {
    await window.context.close();
  }
}

test('the start page plots registrations and refusals, over time and by policy', () =>
  at('/shop', async ({ page }) => {
    // Runs of rules leave records too, and are no registrations.
    const [all, refused, held] = await Promise.all(['', '&outcome=reject', '&outcome=hold'].map(async (filter) => (await server.admin('GET', `/realms/shop/client-registration-policy/decisions?max=1000${filter}`)).filter(({ provider }) => provider !== 'life-cycle').length));
    const plot = page.getByRole('img', { name: /^Registrations:/ });
    await plot.waitFor();
    assert.equal(await plot.getAttribute('aria-label'), `Registrations: ${all - refused - held} let through, ${held} waiting, ${refused} refused.`);
    await page.getByRole('button', { name: 'Show as a table' }).click();
    await page.getByRole('row', { name: new RegExp(`${all - refused - held} ${held} ${refused}$`) }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Trusted Hosts' }).getByText('2 refused', { exact: true }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Look first' }).getByText('3 held').waitFor();
    await page.getByRole('link', { name: 'Trusted Hosts' }).first().click();
    await page.getByRole('heading', { name: 'Decisions', level: 1 }).waitFor();
    await page.getByRole('link', { name: /was refused by “Trusted Hosts”/ }).first().waitFor();
  }));

test('a client that waits is approved, another one refused', () =>
  at('/shop/clients?show=waiting', async ({ page }) => {
    const waiting = async () => (await server.admin('GET', '/realms/shop/clients?held=true')).map(({ clientId }) => clientId);
    assert.deepEqual((await waiting()).sort(), ['gatecrasher', 'late', 'newcomer']);
    await page.getByRole('link', { name: 'newcomer', exact: true }).click();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('The client is approved and enabled').waitFor();
    assert.equal((await server.admin('GET', `/realms/shop/clients/${ids.held}`)).enabled, true);
    await page.goBack();
    await page.getByRole('link', { name: 'late', exact: true }).click();
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Refuse' }).click();
    await page.getByText('late: refused').waitFor();
    assert.deepEqual(await waiting(), ['gatecrasher']);
    assert.deepEqual(await server.admin('GET', '/realms/shop/clients?clientId=late'), []);
  }));

test('an initial access token for web pages is made, and withdrawn', () =>
  at('/empty/clients/tokens/create', async ({ page }) => {
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('browser apps');
    await page.getByRole('spinbutton', { name: 'Count' }).fill('3');
    await page.getByRole('spinbutton', { name: 'Expiration' }).fill('2');
    await page.getByRole('combobox', { name: 'Unit of time' }).selectOption({ label: 'Hours' });
    await page.getByRole('textbox', { name: 'Web origin 1' }).fill('https://app.example.com');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const token = await page.getByLabel('Initial access token', { exact: true }).inputValue();
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
    assert.deepEqual(claims['allowed-origins'], ['https://app.example.com']);
    const [kept] = await server.admin('GET', '/realms/empty/clients-initial-access');
    assert.deepEqual([kept.name, kept.count, kept.remainingCount, kept.expiration], ['browser apps', 3, 3, 7200]);
    await page.getByRole('link', { name: 'I have copied it' }).click();
    await page.getByRole('row', { name: /browser apps.*in 2 hours.*3 of 3/ }).waitFor();
    await page.getByRole('button', { name: 'Delete token browser apps' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No initial access tokens').waitFor();
    assert.equal((await server.register('empty', { clientId: 'late' }, { token })).status, 401);
  }));

test('events are found by type, client and address', () =>
  at('/shop/events', async ({ page }) => {
    const rows = page.getByRole('row').filter({ hasText: '127.0.0.1' });
    await page.getByRole('combobox', { name: 'Type of event' }).selectOption('CLIENT_REGISTER_ERROR');
    await page.getByRole('row', { name: /stranger|Trusted Hosts/ }).first().waitFor();
    await page.getByRole('row', { name: /billing/ }).waitFor({ state: 'detached' });
    assert.equal(await rows.count(), 2);
    await page.getByRole('link', { name: 'What the policies decided' }).first().click();
    await page.getByText('What would help').first().waitFor();
    await page.goBack();
    await page.getByRole('combobox', { name: 'Type of event' }).selectOption('');
    await page.getByRole('row', { name: /storefront/ }).waitFor();
    await page.getByRole('textbox', { name: 'Client ID' }).fill('billing');
    await page.keyboard.press('Enter');
    await page.getByRole('row', { name: /storefront/ }).waitFor({ state: 'detached' });
    assert.equal(await rows.count(), 1);
    await page.getByRole('textbox', { name: 'Address' }).fill('203.0.113.1');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('No event').first().waitFor();
  }));

test('decisions are found by outcome and by text', () =>
  at('/shop/decisions', async ({ page }) => {
    await page.getByRole('link', { name: /“billing”/ }).waitFor();
    await page.getByLabel('Outcome').selectOption('reject');
    await page.getByRole('link', { name: /“billing”/ }).waitFor({ state: 'detached' });
    await page.getByRole('textbox', { name: /Search/ }).fill('http://203.0.113.7/cb');
    await page.keyboard.press('Enter');
    await page.getByRole('row', { name: /stranger\.example\.com/ }).waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('link', { name: /was refused by/ }).count(), 1);
  }));

test('settings of the realm are changed, and what can never work is told before', () =>
  at('/empty/settings', async ({ page }) => {
    await page.getByLabel('Unknown members of OpenID Connect metadata').selectOption('reject');
    await page.getByLabel('Trusted issuers').fill('[{"issuer": 7}]');
    await page.getByText('Issuer 1 needs “issuer”, a text.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled());
    assert.equal((await server.admin('GET', '/realms/empty')).attributes?.['clientRegistration.unknownMetadata'], undefined);
    await page.getByLabel('Trusted issuers').fill('');
    await page.getByRole('switch', { name: 'Store events' }).press('Space');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The settings are saved').waitFor();
    assert.equal((await server.admin('GET', '/realms/empty')).eventsEnabled, true);
    const { token } = await server.admin('POST', '/realms/empty/clients-initial-access', {});
    const refused = await server.register('empty', { redirect_uris: ['https://app.example.com/cb'], no_such_member: true }, { token, provider: 'openid-connect' });
    assert.equal(refused.status, 400);
  }));

test('a realm that is open to anybody says so until something limits it', () =>
  at('/open/clients/registration/anonymous', async ({ page, go }) => {
    const warning = page.getByRole('heading', { name: /Registration without a token is open/ });
    await warning.waitFor();
    await go('/open/clients/registration/authenticated');
    await page.getByText('For callers with an initial access token').waitFor();
    await warning.waitFor({ state: 'detached' });
    await go('/open');
    await warning.waitFor();
    await page.getByRole('link', { name: 'realm settings', exact: true }).click();
    await page.getByLabel('Registrations without a token, per address').fill('often');
    await page.getByText('A number, a slash, and second, minute, hour or day: 20/hour.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled());
    await page.getByLabel('Registrations without a token, per address').fill('20/hour');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The settings are saved').waitFor();
    assert.equal((await server.admin('GET', '/realms/open/client-registration-policy/limits')).anonymousPerAddress, '20/hour');
    for (const path of ['/open/clients/registration/anonymous', '/open', '/shop/clients/registration/anonymous']) {
      const told = path.startsWith('/open') && page.waitForResponse(/client-registration-policy\/limits/);
      await go(path);
      await told;
      await page.getByText(/Full Scope Disabled|Nobody registered/).first().waitFor();
      assert.equal(await warning.count(), 0, path);
    }
  }));

test('a realm of thousands of clients is paged without counting or reading them all', () =>
  at('/many/clients?max=10', async ({ page }) => {
    await server.admin('POST', '/realms', { realm: 'many', enabled: true });
    for (let number = 0; number < 45; number += 1) {
      await server.admin('POST', '/realms/many/clients', { clientId: `page-${String(number).padStart(2, '0')}` });
    }
    const asked = [];
    page.on('request', (request) => {
      if (/\/realms\/many\/clients\?/.test(request.url())) asked.push(new URL(request.url()).searchParams);
    });
    await page.reload();
    await page.goto(`${server.url}/console/#/many/clients?search=page-&max=10`);
    await page.getByRole('link', { name: 'page-09' }).waitFor();
    for (const last of ['page-19', 'page-29', 'page-39', 'page-44']) {
      await page.getByRole('button', { name: 'Go to next page' }).click();
      await page.getByRole('link', { name: last }).waitFor();
    }
    assert.ok(await page.getByRole('button', { name: 'Go to next page' }).isDisabled(), 'the last page is known when it is there');
    await page.getByRole('button', { name: 'Go to previous page' }).click();
    await page.getByRole('link', { name: 'page-30' }).waitFor();
    assert.deepEqual(
      asked.slice(-5).map((query) => query.get('after') ?? Number(query.get('first'))),
      ['page-09', 'page-19', 'page-29', 'page-39', 30],
      'the next page by the last client of this one, others by number',
    );
    // All clients of the realm are counted by its counter, those of the server among them.
    await page.getByRole('button', { name: 'Reset' }).click();
    await page.getByRole('button', { name: '1 – 10 of 51' }).waitFor();
    await page.getByRole('button', { name: 'Go to last page' }).click();
    await page.getByRole('link', { name: 'security-admin-console' }).waitFor();
    await page.getByRole('spinbutton', { name: 'Current page' }).fill('2');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: '11 – 20 of 51' }).waitFor();
    assert.ok(asked.length >= 6);
    assert.ok(asked.every((query) => Number(query.get('max')) === 11), 'no more than a page and one');
  }));

test('a client is found and its token made anew without a mouse', async () => {
  const { page, context, faults, go } = await open(browser, server);
  await go('/shop/clients');
  await page.getByLabel('User name').waitFor();
  await page.keyboard.type('admin');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'billing', exact: true }).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to content');
  await page.keyboard.press('Enter');
  /** Goes on to the next thing with this name. */
  const reach = async (name) => {
    for (let steps = 0; steps < 60; steps += 1) {
      await page.keyboard.press('Tab');
      const here = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
      if (here === name) return;
    }
    assert.fail(`${name} is out of reach`);
  };
  await reach('Search by client ID');
  await page.keyboard.type('billing');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'storefront', exact: true }).waitFor({ state: 'detached' });
  await reach('billing');
  await page.keyboard.press('Enter');
  await page.getByText('Internal ID').waitFor();
  await reach('Credentials');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Regenerate token' }).waitFor();
  await reach('Regenerate token');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  // The dialog holds the focus, and Escape leaves it where it came from.
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Regenerate token');
  await page.keyboard.press('Enter');
  await reach('Regenerate');
  await page.keyboard.press('Enter');
  await page.getByLabel('Registration access token', { exact: true }).waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});
