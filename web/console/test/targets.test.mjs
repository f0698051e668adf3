// Targets in a real browser: a webhook is added, tried, fails and comes back; what is on its way is seen in lists, at the
// client and in answers.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { launch, open, signIn } from './browser.mjs';
import { receiver } from './receiver.mjs';
import { PASSWORD, start } from './server.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs in a window of its own with a realm and a receiver of its own, signed in and at this page of it. */
async function at(realm, path, steps) {
  await server.admin('POST', '/realms', { realm, enabled: true });
  const hook = await receiver();
  const window = await open(browser, server);
  try {
    await window.go(`/${realm}/${path}`);
    await signIn(window.page);
    await window.page.getByRole('button', { name: 'admin', exact: true }).waitFor();
    await steps({ ...window, hook, api: (method, path, body) => server.admin(method, `/realms/${realm}/${path}`, body), to: (path) => window.go(`/${realm}/${path}`) });
    assert.deepEqual(window.faults, []);
  } finally {
    await window.context.close();
    // A target that nobody answers any more would be asked again and again.
    await server.admin('DELETE', `/realms/${realm}`);
    await hook.stop();
  }
}

const webhook = (hook, more = {}) => ({ name: 'hook', connector: 'webhook', url: hook.url, credentials: { type: 'standard-webhooks' }, ...more });

test('a webhook is added with a secret that is shown once, and gets every client', () =>
  at('first', 'targets', async ({ page, hook, api }) => {
    await api('POST', 'clients', { clientId: 'early', secret: 'known' });
    await page.getByText('A target is something behind this realm').waitFor();
    await page.getByRole('link', { name: 'Add target' }).click();
    await page.getByRole('combobox', { name: 'Connector' }).selectOption({ label: 'Webhook' });
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Hook');
    await page.getByText('It must be 1 to 63 lower-case letters, digits and hyphens').waitFor();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('hook');
    await page.getByRole('textbox', { name: 'URL', exact: true }).fill('ftp://nowhere');
    await page.getByText('It must be an http or https URL without user, query and fragment.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Test connection' }).isDisabled());
    await page.getByRole('textbox', { name: 'URL', exact: true }).fill(hook.url);

    hook.answer = { status: 500, body: '' };
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText(/It does not work \(.*(ms|µs)\)/).waitFor();
    hook.answer = { status: 204, body: '' };
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText(/It answers, and we may do what we need \(.*(ms|µs)\)/).waitFor();
    assert.deepEqual(hook.events.map(({ type }) => type), ['probe', 'probe']);

    await page.getByRole('switch', { name: 'Required' }).press('Space');
    await page.getByRole('spinbutton', { name: 'Wait (milliseconds)' }).fill('0');
    await page.getByText('It must be at least 1 for a required target.').waitFor();
    await page.getByRole('spinbutton', { name: 'Wait (milliseconds)' }).fill('10001');
    await page.getByText('It must be 0 to 10000.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Create', exact: true }).isDisabled());
    await page.getByRole('spinbutton', { name: 'Wait (milliseconds)' }).fill('1500');
    await page.getByRole('switch', { name: 'Required' }).press('Space');
    await page.getByRole('button', { name: 'Create', exact: true }).click();

    const secret = await page.getByText(/^whsec_/).textContent();
    const made = await api('GET', 'targets/hook');
    assert.deepEqual([made.wait, made.required, made.credentials], [1500, false, { type: 'standard-webhooks', secrets: ['**********'] }]);
    await page.getByRole('link', { name: 'I have copied it' }).click();
    await page.getByRole('heading', { name: /hook.*Ready/, level: 1 }).waitFor();
    await page.getByRole('link', { name: '1 delivered' }).click();
    await page.getByRole('row', { name: /early.*Delivered/ }).waitFor();
    const put = hook.events.find(({ type }) => type === 'client.put');
    assert.deepEqual([put.data.clientId, put.data.client.secret], ['early', 'known']);
    assert.equal(put.signature, `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(put.signed).digest('base64')}`);
    await page.getByRole('link', { name: 'early' }).click();
    await page.getByText('The target has the latest state.').waitFor();
    await page.getByText('The target cannot be looked at').waitFor();
  }));

test('what a target does not take is told in its words, in the answer to a save, in lists and at the client', () =>
  at('failing', 'targets', async ({ page, hook, api, to }) => {
    await api('POST', 'targets', webhook(hook, { wait: 300 }));
    await page.reload();
    await page.getByRole('row', { name: /hook.*Ready/ }).waitFor();
    hook.answer = { status: 422, body: JSON.stringify({ error_description: 'No such client here' }) };
    await to('clients/create');
    await page.getByLabel('Client ID').fill('late');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('It is on its way to hook').waitFor();
    await page.getByRole('heading', { name: /^late/, level: 1 }).waitFor();
    await page.getByRole('navigation', { name: 'Client', exact: true }).getByRole('link', { name: 'Targets' }).click();
    await page.getByText('No such client here').waitFor();
    await page.getByText('Refused', { exact: true }).waitFor();

    hook.answer = { status: 500, body: '' };
    await page.getByRole('button', { name: 'Retry at hook' }).click();
    await page.getByText('Failing', { exact: true }).waitFor();
    await page.getByText(/Tried in vain/).waitFor();
    await to('targets');
    await page.getByRole('link', { name: '1 failing' }).waitFor();
    await page.getByText(/waits for \d+ s/).waitFor();
    await to('clients');
    await page.getByRole('row', { name: /late.*Pending/ }).waitFor();
    await page.getByRole('combobox', { name: 'Which clients' }).selectOption('Pending');
    await page.getByRole('row', { name: /late.*Pending/ }).waitFor();

    // The list follows by itself.
    hook.answer = { status: 204, body: '' };
    await api('POST', 'targets/hook/retry');
    await page.getByText('No client is on its way').waitFor();
    await to('targets/hook/deliveries?state=delivered');
    await page.getByRole('row', { name: /late.*Delivered/ }).waitFor();
  }));

test('a client that was deleted stays listed as leaving, until its target confirms or is forgotten', () =>
  at('leaving', 'clients', async ({ page, hook, api, to }) => {
    await api('POST', 'targets', webhook(hook, { wait: 300 }));
    for (const clientId of ['one', 'two']) await api('POST', 'clients', { clientId });
    hook.answer = { status: 500, body: '' };
    await page.reload();
    for (const clientId of ['one', 'two']) {
      await page.getByRole('button', { name: `Actions of ${clientId}` }).click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText(`${clientId}: deleted`).waitFor();
      await page.getByRole('link', { name: clientId, exact: true }).waitFor({ state: 'detached' });
    }
    await page.getByText('It is on its way to hook').first().waitFor();
    await page.getByRole('combobox', { name: 'Which clients' }).selectOption('Leaving');
    await page.getByRole('row', { name: /one.*Leaving/ }).waitFor();
    await page.getByRole('link', { name: 'two', exact: true }).click();
    await page.getByText('It is deleted here, and on its way out at its targets').waitFor();
    await page.getByRole('button', { name: 'Forget at hook' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await page.getByText('two is gone').waitFor();
    await page.getByRole('button', { name: 'Back to the list' }).click();
    await page.getByRole('link', { name: 'one', exact: true }).click();
    hook.answer = { status: 204, body: '' };
    // It rests, after five failures in a row.
    await api('POST', 'targets/hook/retry');
    await page.getByText('one is gone').waitFor();
    assert.deepEqual(hook.events.filter(({ type }) => type === 'client.remove').map(({ data }) => data.clientId).at(-1), 'one');
    await to('clients?show=leaving');
    await page.getByText('No client leaves').waitFor();
  }));

test('a target is paused and resumed, its settings keep the secret, and it is deleted with its clients', () =>
  at('paused', 'targets/hook', async ({ page, hook, api, to }) => {
    await api('POST', 'targets', webhook(hook));
    await api('POST', 'clients', { clientId: 'app' });
    await page.reload();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Nothing is delivered: it is paused').waitFor();
    await api('POST', 'clients', { clientId: 'later' });
    await to('targets/hook/deliveries');
    await page.getByRole('row', { name: /later.*Paused/ }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('row', { name: /later.*Delivered/ }).waitFor();

    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    const secret = page.getByLabel('Signing secret 1, stored');
    assert.equal(await secret.inputValue(), '**********');
    await page.getByRole('button', { name: 'Add signing secret' }).click();
    await page.getByLabel('Signing secret 1', { exact: true }).fill('whsec_short');
    await page.getByText('It must be whsec_ and 24 to 64 bytes in base64.').waitFor();
    await page.getByLabel('Signing secret 1', { exact: true }).fill(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('“hook” is saved').waitFor();
    assert.deepEqual((await api('GET', 'targets/hook')).credentials.secrets, ['**********', '**********']);
    await api('PUT', `clients/${(await api('GET', 'clients?clientId=app'))[0].id}`, { clientId: 'app', name: 'App' });
    assert.equal(hook.events.at(-1).signature.split(' ').length, 2);

    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('radio', { name: 'Remove its clients' }).check();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('Target “hook” is gone').waitFor();
    assert.deepEqual(hook.events.filter(({ type }) => type === 'client.remove').map(({ data }) => data.clientId).sort(), ['app', 'later']);
  }));

test('another address asks for the secret again', () =>
  at('moved', 'targets/-/create', async ({ page }) => {
    await page.getByRole('combobox', { name: 'Connector' }).selectOption({ label: 'Keycloak' });
    await page.getByRole('textbox', { name: 'URL', exact: true }).fill('http://127.0.0.1:9');
    assert.equal(await page.getByLabel('Token URL').inputValue(), 'http://127.0.0.1:9/realms/moved/protocol/openid-connect/token');
    await page.getByRole('textbox', { name: 'Client ID', exact: true }).fill('matricula');
    await page.getByLabel('Client secret').fill('swordfish');
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByText(/It does not work/).waitFor();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: /keycloak/, level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    assert.equal(await page.getByLabel('Client secret').inputValue(), '**********');
    await page.getByRole('textbox', { name: 'URL', exact: true }).fill('http://127.0.0.1:9/auth');
    assert.equal(await page.getByLabel('Client secret').inputValue(), '**********');
    await page.getByRole('textbox', { name: 'URL', exact: true }).fill('http://127.0.0.2:9');
    await page.getByText('It would go to another address than it was stored for: type it again.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled());
    await page.getByLabel('Client secret').fill('again');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('“keycloak” is saved').waitFor();
  }));

test('who may only look sees everything, and is offered nothing', async () => {
  await server.admin('POST', '/realms', { realm: 'looked-at', enabled: true });
  const api = (method, path, body) => server.admin(method, `/realms/looked-at/${path}`, body);
  const user = (await api('POST', 'users', { username: 'onlooker', enabled: true, credentials: [{ type: 'password', value: PASSWORD }] })).split('/').pop();
  const [management] = await api('GET', 'clients?clientId=realm-management');
  const roles = await Promise.all(['view-realm', 'view-clients'].map((role) => api('GET', `clients/${management.id}/roles/${role}`)));
  await api('POST', `users/${user}/role-mappings/clients/${management.id}`, roles);
  const nowhere = { name: 'hook', connector: 'webhook', url: 'http://127.0.0.1:9', wait: 0, credentials: { type: 'standard-webhooks' } };
  await api('POST', 'targets', nowhere);
  await api('POST', 'clients', { clientId: 'app' });
  const [app] = await api('GET', 'clients?clientId=app');
  const { page, context, faults, go } = await open(browser, server);
  await go('/looked-at/targets');
  await page.getByText('My account is in another realm').click();
  await page.getByLabel('Realm', { exact: true }).fill('looked-at');
  await signIn(page, { user: 'onlooker' });
  await page.getByRole('link', { name: 'hook' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Add target' }).count(), 0);
  for (const [path, text] of [['targets/hook', 'Registrations'], ['targets/hook/deliveries', 'Since'], ['targets/hook/settings', 'Signing secrets'], [`clients/${app.id}/targets`, 'Tried in vain']]) {
    await go(`/looked-at/${path}`);
    await page.getByText(text).first().waitFor();
    for (const name of [/^Pause/, /^Retry/, /^Delete/, /^Test/, /^Save/, /^Add/]) {
      assert.equal(await page.getByRole('button', { name }).count(), 0, `${path}: ${name}`);
    }
  }
  await go('/looked-at/targets/hook/settings');
  assert.equal(await page.getByRole('textbox', { name: 'URL', exact: true }).isEditable(), false);
  assert.ok(await page.getByRole('switch', { name: 'Required' }).isDisabled());
  assert.deepEqual(faults, []);
  await context.close();
  await server.admin('DELETE', '/realms/looked-at');
});
