// The guide's walk-throughs in a real browser: from sign-in to a registered client, to a refused one, to a new token.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, open, signIn } from './browser.mjs';
import { start } from './server.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs with a window of its own, in which nothing may go wrong. */
async function inWindow(steps) {
  const window = await open(browser, server);
  try {
    await steps(window);
    assert.deepEqual(window.faults, []);
  } finally {
    await window.context.close();
  }
}

test('from sign-in over a new realm and an initial access token to a registered client', () =>
  inWindow(async ({ page, context, go }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await go('/');
    await signIn(page);
    await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
    const cookies = await context.cookies();
    assert.equal(cookies.length, 1);
    assert.equal(cookies[0].httpOnly, true);
    assert.equal(cookies[0].sameSite, 'Strict');
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    assert.ok(!kept.includes('eyJ'), `no token in web storage: ${kept}`);

    await page.getByRole('button', { name: 'Realm: master' }).click();
    await page.getByRole('link', { name: 'Create realm' }).click();
    await page.getByLabel('Realm name').fill('shop');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();

    await page.getByRole('link', { name: 'Clients', exact: true }).first().click();
    await page.getByRole('link', { name: 'Initial access token' }).click();
    await page.getByRole('link', { name: 'Create initial access token' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('partners');
    await page.getByRole('button', { name: 'More clients' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('heading', { name: 'Initial access token created' }).waitFor();
    await page.getByRole('button', { name: 'Copy initial access token' }).click();
    const token = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(token, /^eyJ/);

    const made = await server.register('shop', { clientId: 'partner-app', name: 'Partner', redirectUris: ['https://app.example.com/cb'] }, { token });
    assert.equal(made.status, 201);

    await page.getByRole('link', { name: 'I have copied it' }).click();
    await page.getByRole('row', { name: /partners.*1 of 2/ }).waitFor();
    assert.ok(!(await page.content()).includes(token), 'the token is shown once');
    await page.getByRole('link', { name: 'Clients list' }).click();
    await page.getByLabel('Search by client ID').fill('partner');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'partner-app' }).click();
    await page.getByText('https://app.example.com/cb').waitFor();
    await page.getByRole('link', { name: 'Origin' }).click();
    await page.getByText('a caller with an initial access token at 127.0.0.1').waitFor();
    await page.getByText('“partners”').waitFor();
    await page.getByRole('link', { name: 'What the policies decided' }).click();
    await page.getByText(/was let through/).first().waitFor();
  }));

test('a refused registration is explained, and what would help does help', () =>
  inWindow(async ({ page, go }) => {
    await server.admin('POST', '/realms', { realm: 'refused', enabled: true });
    const document = { clientId: 'stranger', redirectUris: ['https://stranger.example.com/cb'] };
    const refused = await server.register('refused', document);
    assert.equal(refused.status, 403);
    await go('/refused/decisions');
    await signIn(page);
    await page.getByRole('link', { name: /registration .* was refused by “Trusted Hosts”/ }).click();
    await page.getByText('redirectUris “https://stranger.example.com/cb”').waitFor();
    await page.getByText(/What would help: Add 127\.0\.0\.1/).waitFor();
    await page.getByText(/What would help: Add stranger\.example\.com/).waitFor();
    await page.getByText(refused.body.decision).waitFor();

    await go('/refused/clients/registration/anonymous');
    await page.getByRole('link', { name: 'Trusted Hosts' }).click();
    await page.getByRole('textbox', { name: 'Trusted host 1' }).fill('127.0.0.1');
    await page.getByRole('button', { name: 'Add trusted host' }).click();
    await page.getByRole('textbox', { name: 'Trusted host 2' }).fill('stranger.example.com');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('“Trusted Hosts” is saved').waitFor();

    await page.getByRole('link', { name: 'Try it' }).click();
    await page.getByLabel('What is sent').selectOption('default');
    await page.getByLabel('Document').fill(JSON.stringify(document));
    await page.getByLabel('From which address').fill('127.0.0.1');
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByText('It would be let through').waitFor();
    await page.getByLabel('From which address').fill('203.0.113.9');
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByText('It would be refused').waitFor();
    assert.equal((await server.register('refused', document)).status, 201);
  }));

test('a new registration access token takes the place of the old one', () =>
  inWindow(async ({ page, go }) => {
    await server.admin('POST', '/realms', { realm: 'tokens', enabled: true });
    const { token } = await server.admin('POST', '/realms/tokens/clients-initial-access', {});
    const { body } = await server.register('tokens', { clientId: 'app' }, { token });
    await go(`/tokens/clients/${body.id}/credentials`);
    await signIn(page);
    await page.getByRole('button', { name: 'Regenerate token' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Regenerate' }).click();
    const fresh = await page.getByLabel('Registration access token', { exact: true }).inputValue();
    const read = (bearer) => fetch(`${server.url}/realms/tokens/clients-registrations/default/app`, { headers: { Authorization: `Bearer ${bearer}` } });
    assert.equal((await read(body.registrationAccessToken)).status, 401);
    assert.equal((await read(fresh)).status, 200);

    await page.getByRole('button', { name: 'Show secret' }).click();
    await page.getByText(body.secret).waitFor();
    await page.getByRole('button', { name: 'Regenerate secret' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Regenerate' }).click();
    await page.getByText(body.secret).waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('It is not stored').waitFor();
    assert.ok(!(await page.content()).includes(fresh), 'the token is shown once');
  }));

test('a client is disabled, enabled and deleted', () =>
  inWindow(async ({ page, go }) => {
    await server.admin('POST', '/realms', { realm: 'switch', enabled: true });
    await server.admin('POST', '/realms/switch/clients', { clientId: 'app' });
    await go('/switch/clients?search=app');
    await signIn(page);
    await page.getByRole('link', { name: 'app', exact: true }).click();
    const enabled = async () => (await server.admin('GET', '/realms/switch/clients?clientId=app'))[0]?.enabled;
    const toggle = page.getByRole('switch', { name: 'Enabled' });
    await toggle.focus();
    await page.keyboard.press('Space');
    await page.getByText('The client is disabled').waitFor();
    assert.equal(await enabled(), false);
    await toggle.press('Space');
    await page.getByText('The client is enabled').waitFor();
    assert.equal(await enabled(), true);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor();
    assert.equal(await enabled(), undefined);
  }));

test('policies are added, put in order, made to watch only, and deleted', () =>
  inWindow(async ({ page, go }) => {
    await server.admin('POST', '/realms', { realm: 'order', enabled: true });
    const policies = async () => (await server.admin('GET', '/realms/order/components')).filter((policy) => policy.subType === 'authenticated');
    const before = (await policies()).map(({ name }) => name);
    await go('/order/clients/registration/authenticated');
    await signIn(page);
    await page.getByRole('link', { name: 'Create policy' }).click();
    await page.getByLabel('Provider').selectOption('max-clients');
    assert.equal(await page.getByLabel('Most clients in the realm').inputValue(), '200');
    await page.getByLabel('Most clients in the realm').fill('many');
    await page.getByText('A whole number.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled(), true);
    await page.getByLabel('Most clients in the realm').fill('12');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: /Max clients/ }).waitFor();
    await page.getByRole('button', { name: 'Run “Max clients” earlier' }).click();
    await page.getByText(/“Max clients” runs as number/).waitFor();
    assert.deepEqual(
      (await policies()).map(({ name }) => name),
      [...before.slice(0, -1), 'Max clients', before.at(-1)],
    );
    await page.getByRole('switch', { name: '“Max clients” only watches (shadow mode)' }).press('Space');
    await page.getByText('“Max clients” only watches now').waitFor();
    assert.deepEqual((await policies()).find(({ name }) => name === 'Max clients').config.mode, ['shadow']);
    await page.getByRole('button', { name: 'Actions of “Max clients”' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('“Max clients” is deleted').waitFor();
    assert.deepEqual(
      (await policies()).map(({ name }) => name),
      before,
    );
  }));

test('a component is uploaded, refused, replaced, compared, watched, rolled back and removed', () =>
  inWindow(async ({ page, go }) => {
    const file = (name) => fileURLToPath(new URL(`../../../target/test-components/${name}.wasm`, import.meta.url));
    const drop = async (name, as) => {
      const bytes = readFileSync(file(name)).toString('base64');
      const data = await page.evaluateHandle(
        async ([content, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name, { type: 'application/wasm' }));
          return transfer;
        },
        [bytes, as],
      );
      await page.locator('.console-drop').dispatchEvent('drop', { dataTransfer: data });
    };
    const gate = async () => (await server.admin('GET', '/components')).find(({ name }) => name === 'gate');
    await server.admin('POST', '/realms', { realm: 'gated', enabled: true });
    await go('/-/components');
    await signIn(page);
    await drop('wrong-world', 'gate.wasm');
    await page.getByText('gate.wasm was refused').waitFor();
    await page.getByText(/Nothing has changed/).waitFor();
    assert.equal(await gate(), undefined);
    await drop('gate-open', 'gate.wasm');
    await page.getByText('gate is active').waitFor();
    const open = (await gate()).active;

    await server.admin('POST', '/realms/gated/components', { name: 'Gate', providerId: 'gate', subType: 'anonymous', providerType: 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy' });
    for (const policy of (await server.admin('GET', '/realms/gated/components')).filter(({ subType, name }) => subType === 'anonymous' && name !== 'Gate')) {
      await server.admin('DELETE', `/realms/gated/components/${policy.id}`);
    }
    assert.equal((await server.register('gated', { clientId: 'first' })).status, 201);

    await page.getByRole('link', { name: 'gate', exact: true }).click();
    await page.getByText('“Gate” of realm').waitFor();
    await page.getByLabel('Let it decide at once').uncheck();
    await page.getByLabel('Component files').setInputFiles(file('gate-shut'));
    await page.getByText('gate is stored').waitFor();
    assert.equal((await gate()).active, open);
    const shut = (await gate()).versions.find(({ digest }) => digest !== open).digest;
    const row = (digest) => page.getByRole('row', { name: new RegExp(digest.slice(0, 12)) });
    await row(shut).getByRole('button', { name: 'Compare' }).click();
    await page.getByText(/decides \d+ of the last \d+ registrations as they are decided now/).waitFor();
    await page.getByRole('row', { name: /gated Let through Refused Gate/ }).waitFor();

    await row(shut).getByRole('button', { name: /^Actions of version/ }).click();
    await page.getByRole('menuitem', { name: 'Watch (shadow)' }).click();
    await row(shut).getByText('Watched').waitFor();
    assert.equal((await gate()).shadow, shut);
    assert.equal((await server.register('gated', { clientId: 'second' })).status, 201);

    await row(shut).getByRole('button', { name: 'Activate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Activate' }).click();
    await row(shut).getByText('Decides').waitFor();
    assert.equal((await server.register('gated', { clientId: 'third' })).status, 403);
    await row(open).getByRole('button', { name: 'Roll back' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await row(open).getByText('Decides').waitFor();
    assert.equal((await server.register('gated', { clientId: 'third' })).status, 201);

    await page.getByRole('button', { name: 'Remove component' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByText(/It is needed by "Gate" of realm gated/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove all the same' }).click();
    await page.getByRole('heading', { name: 'Components', level: 1 }).waitFor();
    assert.equal(await gate(), undefined);
    assert.equal((await server.register('gated', { clientId: 'fourth' })).status, 500);
  }));

test('a server that wants signed components takes them with their signature only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'matricula-keys-'));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const careful = await start('--component-key', join(folder, 'key.pem'));
  const { page, context, faults, go } = await open(browser, careful);
  try {
    const bytes = readFileSync(fileURLToPath(new URL('../../../target/test-components/gate-open.wasm', import.meta.url)));
    const component = { name: 'gate.wasm', mimeType: 'application/wasm', buffer: bytes };
    const signature = (signed) => ({ name: 'gate.wasm.sig', mimeType: 'text/plain', buffer: Buffer.from(`${sign(null, signed, privateKey).toString('base64')}\n`) });
    const known = async () => (await careful.admin('GET', '/components')).some(({ name }) => name === 'gate');
    await go('/-/components');
    await signIn(page);
    const files = page.getByLabel('Component files');
    await files.setInputFiles([component]);
    await page.getByText(/it is not signed, and this server loads signed components only/i).waitFor();
    await page.getByText(/Nothing has changed/).waitFor();
    assert.equal(await known(), false);
    await files.setInputFiles([component, signature(Buffer.from('something else'))]);
    await page.getByText(/its signature is of none of the trusted keys/i).waitFor();
    assert.equal(await known(), false);
    await files.setInputFiles([signature(bytes)]);
    await page.getByText(/gate\.wasm\.sig was not sent/).waitFor();
    await files.setInputFiles([component, signature(bytes)]);
    await page.getByText('gate is active').waitFor();
    assert.equal(await known(), true);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
    await careful.stop();
    rmSync(folder, { recursive: true });
  }
});

test('a client policy is made with forms and changed as JSON', () =>
  inWindow(async ({ page, go }) => {
    await server.admin('POST', '/realms', { realm: 'demands', enabled: true });
    await go('/demands/client-policies/profiles/create');
    await signIn(page);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('pkce');
    await page.getByLabel('Kind of executor').selectOption('pkce-enforcer');
    await page.getByRole('button', { name: 'Add executor' }).click();
    await page.getByRole('switch', { name: 'Auto-configure' }).press('Space');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: /pkce/ }).first().waitFor();
    await page.getByRole('link', { name: 'Policies', exact: true }).click();
    await page.getByRole('link', { name: 'Create client policy' }).first().click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('everybody');
    await page.getByLabel('Kind of condition').selectOption('any-client');
    await page.getByRole('button', { name: 'Add condition' }).click();
    await page.locator('#profiles').click();
    await page.getByRole('menuitem', { name: 'pkce' }).or(page.getByRole('option', { name: 'pkce' })).or(page.getByLabel('pkce', { exact: true })).first().click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: /everybody.*any-client.*pkce/ }).waitFor();
    const { profiles } = await server.admin('GET', '/realms/demands/client-policies/profiles');
    assert.deepEqual(profiles[0].executors, [{ executor: 'pkce-enforcer', configuration: { 'auto-configure': true } }]);

    await page.getByRole('button', { name: 'JSON view' }).click();
    const json = page.getByLabel('The client policies of the realm');
    await json.fill('{"policies": [');
    await page.getByText(/This is no JSON/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled(), true);
    await json.fill('{"policies": []}');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The client policies are saved').waitFor();
    assert.deepEqual(await server.admin('GET', '/realms/demands/client-policies/policies'), { policies: [] });
  }));
