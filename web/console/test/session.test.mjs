// The session in a real browser: refusals, its end, signing out, and who may not do everything.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, open, signIn } from './browser.mjs';
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

test('a wrong password is refused with advice', async () => {
  const { page, context, go } = await open(browser, server);
  await go('/');
  await signIn(page, { password: 'wrong' });
  await page.getByText('User name, password or realm is wrong.').waitFor();
  await page.getByText('Check name, password and realm').waitFor();
  assert.equal((await context.cookies()).length, 0);
  await context.close();
});

test('a session that ended goes on where it was after signing in again', async () => {
  const { page, context, go } = await open(browser, server);
  await go('/master/clients/tokens/create');
  await signIn(page);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('typed before the end');
  // Ended elsewhere, without this page knowing.
  await page.evaluate(async () => {
    const { csrf } = await (await fetch('/console/session')).json();
    await fetch('/console/session', { method: 'DELETE', headers: { 'Matricula-Csrf': csrf } });
  });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: /Your session has ended/ });
  await dialog.locator('#password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Initial access token created' }).waitFor();
  const tokens = await server.admin('GET', '/realms/master/clients-initial-access');
  assert.deepEqual(tokens.map(({ name }) => name), ['typed before the end']);
  await context.close();
});

test('the page of another site changes nothing, though the browser sends the cookie along', async () => {
  const { page, context, go } = await open(browser, server);
  await go('/');
  await signIn(page);
  await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
  // Another port of this machine: another origin, but the same site, so that SameSite alone would let it in.
  const foreign = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<p>Win a prize</p>')).listen(0, '127.0.0.1');
  await once(foreign, 'listening');
  const made = await server.admin('GET', '/realms/master/clients-initial-access');
  const other = await context.newPage();
  await other.goto(`http://127.0.0.1:${foreign.address().port}/`);
  const sent = [];
  other.on('response', (answer) => sent.push([answer.request().method(), answer.status()]));
  await other.evaluate(async (url) => {
    await fetch(`${url}/admin/realms/master/clients-initial-access`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' });
    await fetch(`${url}/console/session`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"user":"admin"}' });
  }, server.url);
  assert.deepEqual(sent, [['POST', 403], ['POST', 403]]);
  assert.deepEqual(await server.admin('GET', '/realms/master/clients-initial-access'), made);
  // The console's own page without the session's token is refused as well.
  const own = await page.evaluate(async () => (await fetch('/admin/realms/master/clients-initial-access', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).status);
  assert.equal(own, 403);
  foreign.close();
  await context.close();
});

test('a session that was not used is asked to sign in again, and the page says so', async () => {
  await server.admin('POST', '/realms', { realm: 'short', enabled: true, ssoSessionIdleTimeout: 2 });
  const made = await server.admin('POST', '/realms/short/users', { username: 'hasty', enabled: true, credentials: [{ type: 'password', value: 'pw', temporary: false }] });
  const [client] = await server.admin('GET', '/realms/short/clients?clientId=realm-management');
  const role = await server.admin('GET', `/realms/short/clients/${client.id}/roles/realm-admin`);
  await server.admin('POST', `/realms/short/users/${made.split('/').pop()}/role-mappings/clients/${client.id}`, [role]);
  const { page, context, go } = await open(browser, server);
  await go('/');
  await page.getByRole('button', { name: 'My account is in another realm' }).click();
  await page.getByLabel('Realm').fill('short');
  await signIn(page, { user: 'hasty', password: 'pw' });
  await page.getByRole('heading', { name: 'short', level: 1 }).waitFor();
  await page.waitForTimeout(3500);
  await go('/short/clients');
  await page.getByRole('dialog', { name: /Your session has ended/ }).waitFor();
  await context.close();
});

test('a page whose script is gone since the server was updated says so, and the others go on', async () => {
  const { page, context, go } = await open(browser, server);
  await page.route('**/assets/Events-*.js', (route) => route.fulfill({ status: 404, body: '' }));
  await go('/');
  await signIn(page);
  await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Events' }).click();
  await page.getByRole('heading', { name: /This page cannot be shown/ }).waitFor();
  await page.getByRole('button', { name: 'Reload' }).waitFor();
  await page.getByRole('link', { name: 'Decisions', exact: true }).click();
  await page.getByText('No decisions yet').waitFor();
  await context.close();
});

test('the browser asks before a reload takes what was typed', async () => {
  const { page, context, go } = await open(browser, server);
  await go('/master/clients/create');
  await signIn(page);
  let asked = 0;
  page.on('dialog', (dialog) => {
    asked += 1;
    void dialog.accept();
  });
  await page.getByLabel('Client ID').waitFor();
  await page.reload();
  await page.getByLabel('Client ID').waitFor();
  assert.equal(asked, 0, 'nothing was typed');
  await page.getByLabel('Client ID').fill('half');
  await page.reload();
  await page.getByLabel('Client ID').waitFor();
  assert.equal(asked, 1);
  await page.getByLabel('Client ID').fill('half');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: 'admin-cli', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('link', { name: 'admin-cli', exact: true }).waitFor();
  assert.equal(asked, 1, 'the form is gone');
  await context.close();
});

test('signing out ends the session and shows the sign-in page', async () => {
  const { page, context, go } = await open(browser, server);
  await go('/');
  await signIn(page);
  await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
  const cookies = await context.cookies();
  await page.getByRole('button', { name: 'admin' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();
  const answer = await fetch(`${server.url}/admin/realms`, { headers: { Cookie: `${cookies[0].name}=${cookies[0].value}` } });
  assert.equal(answer.status, 401);
  await context.close();
});

test('who may only look sees no buttons that change something', async () => {
  await server.admin('POST', '/realms', { realm: 'shop', enabled: true });
  const made = await server.admin('POST', '/realms/shop/users', { username: 'reader', enabled: true, credentials: [{ type: 'password', value: 'pw', temporary: false }] });
  const user = made.split('/').pop();
  const [client] = await server.admin('GET', '/realms/shop/clients?clientId=realm-management');
  const role = await server.admin('GET', `/realms/shop/clients/${client.id}/roles/view-clients`);
  await server.admin('POST', `/realms/shop/users/${user}/role-mappings/clients/${client.id}`, [role]);
  const { page, context, faults, go } = await open(browser, server);
  await go('/');
  await page.getByRole('button', { name: 'My account is in another realm' }).click();
  await page.getByLabel('Realm').fill('shop');
  await signIn(page, { user: 'reader', password: 'pw' });
  await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
  await page.getByText('It needs the role view-events and view-clients').waitFor();
  await go('/shop/clients');
  await page.getByRole('link', { name: 'account', exact: true }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Create client' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Actions of account', exact: true }).count(), 0);
  await go('/master/clients');
  await page.getByText('There is no realm “master”, or your account may not see it.').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});
