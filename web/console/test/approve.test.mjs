// A registration that waits, in a real browser: the address that its caller was given, the code, and the decision.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, launch, open, signIn } from './browser.mjs';
import { start } from './server.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  for (const realm of ['shop', 'other']) {
    await server.admin('POST', '/realms', { realm, enabled: true });
  }
  for (const policy of await server.admin('GET', '/realms/shop/components')) {
    if (policy.subType === 'anonymous') await server.admin('DELETE', `/realms/shop/components/${policy.id}`);
  }
  await server.admin('POST', '/realms/shop/components', {
    name: 'Ask us',
    providerId: 'approval-required',
    providerType: 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy',
    subType: 'anonymous',
    config: { reason: ['New applications are looked at first'] },
  });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function waits(name) {
  const document = { client_name: name, redirect_uris: ['https://app.example/cb'], registration_mode: ['approval'] };
  const { status, body } = await server.register('shop', document, { provider: 'openid-connect' });
  assert.equal(status, 202);
  return body;
}

const poll = (waiting) => server.register('shop', { registration_code: waiting.registration_code }, { provider: 'openid-connect' });

async function inWindow(steps) {
  const window = await open(browser, server);
  try {
    await steps(window);
    assert.deepEqual(window.faults, []);
  } finally {
    await window.context.close();
  }
}

test('the address leads through the sign-in to the client, which is approved', () =>
  inWindow(async ({ page }) => {
    const waiting = await waits('Helper');
    await page.goto(waiting.verification_uri_complete);
    await signIn(page);
    await page.getByRole('heading', { name: `Does the application show ${waiting.verification_code}?` }).waitFor();
    await page.getByText('New applications are looked at first', { exact: true }).waitFor();
    await page.getByText('https://app.example/cb', { exact: true }).waitFor();
    await page.getByText(/“Ask us” wants an administrator to look at the client first/).waitFor();
    assert.deepEqual(await accessibility(page), []);
    const { length } = await server.admin('GET', '/realms/shop/client-approvals');
    assert.equal(length, 1, 'nothing happens by itself');
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('The client is approved').waitFor();
    const fetched = await poll(waiting);
    assert.deepEqual([fetched.status, fetched.body.client_name], [201, 'Helper']);
    await page.getByRole('link', { name: 'Origin' }).click();
    await page.getByText(/admin of realm master/).waitFor();
  }));

test('a code is typed as the application shows it, and the client refused', () =>
  inWindow(async ({ page, go }) => {
    const waiting = await waits('Stranger');
    await page.goto(waiting.verification_uri);
    await signIn(page);
    const code = page.getByRole('textbox', { name: 'Code' });
    await code.fill('AAAA');
    await page.getByText('No code has “A” in it').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Look at it' }).isDisabled());
    await code.fill(waiting.verification_code.toLowerCase().replace('-', ''));
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByRole('heading', { name: `Does the application show ${waiting.verification_code}?` }).waitFor();
    await page.getByRole('button', { name: 'Refuse', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Refuse', exact: true }).click();
    await page.getByText('The client is refused').waitFor();
    const told = await poll(waiting);
    assert.deepEqual([told.status, told.body.error], [400, 'access_denied']);
    await go(`/-/approve/${waiting.verification_code}`);
    await page.getByText('No registration waits with this code.').waitFor();
    await page.getByRole('link', { name: 'Enter another code' }).click();
    await code.waitFor();
  }));
