// Settings that can never work: what is said of them, in a real browser, and that nothing is saved.

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

async function at(path, steps) {
  const window = await open(browser, server);
  try {
    await window.go(path);
    await signIn(window.page);
    await steps(window.page);
    assert.deepEqual(window.faults, []);
  } finally {
    await window.context.close();
  }
}

/** Types texts into a field, each of which is told or not, and looks whether the form can be sent. */
async function told(page, field, verb, texts) {
  for (const [text, problem] of texts) {
    await field.fill(text);
    if (problem !== undefined) {
      await page.getByText(problem).first().waitFor();
    }
    assert.equal(await page.getByRole('button', { name: verb, exact: true }).isDisabled(), problem !== undefined, text);
  }
}

test('hosts that are never trusted', () =>
  at('/shop/clients/registration/anonymous', async (page) => {
    await page.getByRole('link', { name: 'Trusted Hosts' }).click();
    await told(page, page.getByRole('textbox', { name: 'Trusted host 1' }), 'Save', [
      ['https://app.example.com/cb', /never matches with a scheme before it. Write app.example.com alone/],
      ['app.example.com:8443', /never matches with a port behind it.*Write app.example.com alone/],
      ['app.example.com/cb', /never matches with a path/],
      ['203.0.113.0/40', /There is no such range/],
      ['300.0.113.9', /There is no address/],
      ['a.*.example.com', /only at the beginning/],
      ['*', /no entry for every host/],
      ['app.example.com', undefined],
      ['*.example.com', undefined],
      ['203.0.113.0/24', undefined],
      ['2001:db8::/32', undefined],
      ['::1', undefined],
    ]);
    await page.getByRole('switch', { name: 'The caller must be trusted' }).press('Space');
    await page.getByRole('switch', { name: 'Addresses of the client must be trusted' }).press('Space');
    await page.getByText('One of the two must be on').waitFor();
  }));

test('web origins that no browser sends, and limits that let nobody in', () =>
  at('/shop/clients/registration/authenticated/create', async (page) => {
    await page.getByLabel('Provider').selectOption('registration-web-origins');
    await told(page, page.getByRole('textbox', { name: 'Web origin 1' }), 'Save', [
      ['app.example.com', /never matches without a scheme. Write https:\/\/app.example.com/],
      ['https://app.example.com/', /Browsers send https:\/\/app.example.com: write it so/],
      ['https://app.example.com:443', /Browsers send https:\/\/app.example.com/],
      ['https://*.example.com', /A \* stands alone/],
      ['https://app.example.com', undefined],
      ['http://localhost:3000', undefined],
      ['*', undefined],
    ]);
    await page.getByLabel('Provider').selectOption('max-clients');
    await told(page, page.getByLabel('Most clients in the realm'), 'Save', [
      ['0', /No client could ever be registered/],
      ['many', /A whole number/],
      ['200', undefined],
    ]);
  }));

test('redirect URIs that never match', () =>
  at('/shop/clients/create', async (page) => {
    await page.getByLabel('Client ID').fill('app');
    await told(page, page.getByRole('textbox', { name: 'Redirect URI 1' }), 'Create', [
      ['app.example.com/cb', /never matches without a scheme/],
      ['https://app.example.com/cb#top', /no fragment/],
      ['https://*.example.com/cb', /only at the end/],
      ['https://app.example.com/*', undefined],
      ['com.example.app:/cb', undefined],
    ]);
  }));

test('a token that nobody could use', () =>
  at('/shop/clients/tokens/create', async (page) => {
    await told(page, page.getByRole('spinbutton', { name: 'Count' }), 'Save', [
      ['0', /Nobody could use it/],
      ['2', undefined],
    ]);
  }));

test('settings of a realm that are none', () =>
  at('/shop/settings', async (page) => {
    await told(page, page.getByLabel('Frontend URL'), 'Save', [
      ['id.example.com', /It begins with https/],
      ['https://id.example.com?x', /Nothing may follow/],
      ['https://id.example.com/auth', undefined],
    ]);
    await told(page, page.getByLabel('Registrations without a token, per address'), 'Save', [
      ['0/hour', /Nobody could ever register/],
      ['often', /A number, a slash/],
      ['20/hour', undefined],
    ]);
    await told(page, page.getByLabel('Trusted issuers'), 'Save', [
      ['[{', /This is no JSON/],
      ['[{"issuer": "https://ci.example", "audience": "m"}]', /Issuer 1 needs “rolesClaim”/],
      ['[{"issuer": "ci", "audience": "m", "rolesClaim": "r"}]', /its keys are never found/],
      ['[{"issuer": "https://ci.example", "audience": "m", "rolesClaim": "r"}]', undefined],
    ]);
    const { attributes } = await server.admin('GET', '/realms/shop');
    assert.equal(attributes.frontendUrl, undefined);
  }));
