// The life of clients in a real browser: rules that are tried before they are saved, runs, who is asleep, what happened to a
// client, and what is done with many at once.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { accessibility, launch, open, signIn } from './browser.mjs';
import { PASSWORD, start } from './server.mjs';

const folder = mkdtempSync(join(tmpdir(), 'matricula-life-'));
let server;
let browser;
let wording;

before(async () => {
  const entry = fileURLToPath(new URL('../src/wording/life.ts', import.meta.url));
  await build({ configFile: false, logLevel: 'error', build: { outDir: folder, lib: { entry, formats: ['es'], fileName: () => 'life.mjs' } } });
  [server, browser, wording] = await Promise.all([start(), launch(), import(join(folder, 'life.mjs'))]);
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await browser?.close();
  await server?.stop();
});

/** Runs in a window of its own with a realm of its own, signed in and at this page of it; `clients` are registered before. */
async function at(realm, path, { clients = [], settings = {} }, steps) {
  await server.admin('POST', '/realms', { realm, enabled: true, eventsEnabled: true });
  const api = (method, path, body) => server.admin(method, `/realms/${realm}${path === '' ? '' : `/${path}`}`, body);
  const { id, token } = await api('POST', 'clients-initial-access', { name: 'partners', count: 100 });
  for (const clientId of clients) {
    const { status } = await server.register(realm, { clientId, name: 'Example Agent', redirectUris: ['https://agent.example.com/cb'] }, { token });
    assert.equal(status, 201);
  }
  await api('PUT', '', { lifeCycle: settings });
  const idOf = async (clientId) => (await api('GET', `clients?clientId=${clientId}`))[0]?.id;
  const stateOf = async (clientId) => (await api('GET', `clients/${await idOf(clientId)}/life`)).state;
  const window = await open(browser, server);
  try {
    await window.go(`/${realm}/${path}`);
    await signIn(window.page);
    await window.page.getByRole('button', { name: 'admin', exact: true }).waitFor();
    await steps({ ...window, api, token: id, idOf, stateOf, to: (path) => window.go(`/${realm}/${path}`) });
    assert.deepEqual(window.faults, []);
  } finally {
    await window.context.close();
    await server.admin('DELETE', `/realms/${realm}`);
  }
}

/** What the page puts when these steps are done. */
async function sentBy(page, steps) {
  const [put] = await Promise.all([page.waitForRequest((request) => request.method() === 'PUT'), steps()]);
  return put.postDataJSON();
}

const agents = (count) => Array.from({ length: count }, (_, index) => `agent-${String(index + 1).padStart(2, '0')}`);

test('rules are typed in days and hours, and saved in seconds; what is as usual is not sent', () =>
  at('typed', 'clients/life-cycle', {}, async ({ page, api, token }) => {
    await page.getByText('No rule is set').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Run now' }).isDisabled());
    await page.getByRole('switch', { name: 'Put clients to sleep that were never used' }).press('Space');
    const never = page.getByRole('spinbutton', { name: 'Put clients to sleep that were never used' });
    assert.equal(await never.inputValue(), '30');
    await never.fill('36');
    await page.getByRole('combobox', { name: 'Put clients to sleep that were never used: unit of time' }).selectOption('Hours');
    await page.getByRole('switch', { name: 'Put clients to sleep that are not used any more' }).press('Space');
    await page.getByRole('button', { name: 'Those that were registered with' }).click();
    await page.getByRole('menuitem', { name: 'partners' }).or(page.getByRole('option', { name: 'partners' })).click();
    await page.keyboard.press('Escape');
    const sent = await sentBy(page, () => page.getByRole('button', { name: 'Save', exact: true }).click());
    assert.deepEqual(sent, { lifeCycle: { neverUsedAfter: 36 * 3600, idleAfter: 90 * 86400, exempt: { administrators: true, initialAccessTokens: [token] } } });
    await page.getByText('The rules are saved').waitFor();
    const { lifeCycle } = await api('GET', '');
    assert.deepEqual([lifeCycle.neverUsedAfter, lifeCycle.idleAfter, lifeCycle.deleteAfter], [36 * 3600, 90 * 86400, 0]);
    assert.deepEqual(lifeCycle.exempt, { administrators: true, initialAccessTokens: [token] });
    await page.getByText('Every hour the rules are run').waitFor();
    await page.reload();
    assert.equal(await never.inputValue(), '36');
    await page.getByRole('button', { name: 'Remove partners' }).waitFor();
    assert.deepEqual(await accessibility(page), []);
  }));

test('what the server would refuse is told at the field, and what may not be meant too', () =>
  at('wrong', 'clients/life-cycle', { settings: { idleAfter: 86400 } }, async ({ page }) => {
    const save = page.getByRole('button', { name: 'Save', exact: true });
    const idle = page.getByRole('spinbutton', { name: 'Put clients to sleep that are not used any more' });
    await idle.fill('1');
    await page.getByRole('combobox', { name: 'Put clients to sleep that are not used any more: unit of time' }).selectOption('Hours');
    await page.getByText('Uses are recorded once an hour').waitFor();
    await idle.fill('');
    await page.getByText('It must be a whole number.').waitFor();
    assert.ok(await save.isDisabled());
    await idle.fill('40');
    await page.getByRole('spinbutton', { name: 'Clients per run' }).fill('10001');
    await page.getByText('It must be 1 to 10,000.').waitFor();
    await page.getByRole('spinbutton', { name: 'Clients per run' }).fill('10');
    await page.getByRole('spinbutton', { name: 'Time between two runs' }).fill('0');
    await page.getByText('1 minute is the least.').waitFor();
    assert.ok(await save.isDisabled());
    await page.getByRole('button', { name: 'Revert' }).click();
    assert.equal(await idle.inputValue(), '1');
    assert.ok(await save.isEnabled());
  }));

test('secrets and approvals have a page of their own, which leaves the rules as they are', () =>
  at('secrets', 'clients/life-cycle', { settings: { idleAfter: 86400 } }, async ({ page, api }) => {
    await page.getByRole('link', { name: 'Secrets and approvals' }).click();
    await page.getByRole('spinbutton', { name: 'They wait for' }).fill('200');
    await page.getByText('It must be 1 second to 7 days.').waitFor();
    await page.getByRole('spinbutton', { name: 'They wait for' }).fill('2');
    await page.getByRole('combobox', { name: 'They wait for: unit of time' }).selectOption('Days');
    await page.getByRole('switch', { name: 'Secrets expire' }).press('Space');
    await page.getByText(/Once half of it is over/).waitFor();
    await page.getByRole('switch', { name: 'Secrets expire' }).press('Space');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The settings are saved').waitFor();
    const { lifeCycle } = await api('GET', '');
    assert.deepEqual([lifeCycle.approvalExpires, lifeCycle.idleAfter], [2 * 86400, 86400]);
    assert.deepEqual(await accessibility(page), []);
  }));

test('how many clients of one software are kept and how long secrets are good is sent as the server wants it', () =>
  at('software', 'clients/life-cycle', {}, async ({ page, to }) => {
    const save = () => page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('switch', { name: 'Keep few clients of one software' }).press('Space');
    await page.getByRole('spinbutton', { name: 'Clients of one software' }).fill('3');
    await page.getByRole('spinbutton', { name: 'Leave new ones alone for' }).fill('20');
    assert.deepEqual(await sentBy(page, save), { lifeCycle: { perSoftware: { max: 3, grace: 1200 } } });
    await page.getByRole('button', { name: 'Revert' }).click();
    await to('clients/life-cycle/secrets');
    await page.getByRole('switch', { name: 'Secrets expire' }).press('Space');
    await page.getByRole('switch', { name: 'The secret before is good for a while' }).press('Space');
    await page.getByRole('switch', { name: /^The registration access token before/ }).press('Space');
    const { lifeCycle } = await sentBy(page, save);
    delete lifeCycle.perSoftware;
    assert.deepEqual(lifeCycle, { secretLifetime: 90 * 86400, secretGrace: 86400, registrationTokenGrace: true });
  }));

test('where nobody reports uses the dry run says so, and looks as if somebody did', () =>
  at('blind', 'clients/life-cycle', { clients: agents(2), settings: { neverUsedAfter: 30 * 86400 } }, async ({ page, api, stateOf }) => {
    await page.getByLabel('When').selectOption('In 90 days');
    await page.getByRole('button', { name: 'Try them' }).click();
    await page.getByText('Nobody reports uses, so no rule does anything').waitFor();
    await page.getByRole('button', { name: 'Look as if somebody did' }).click();
    await page.getByText(/a run puts 2 clients to sleep/).waitFor();
    assert.ok(await page.getByRole('switch', { name: 'Only while somebody reports uses' }).isChecked(), 'what is tried is not typed');
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('dialog').getByText(/a run now does nothing: nobody reports uses/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await api('POST', 'client-use', [{ clientId: 'agent-01' }]);
    await page.getByRole('button', { name: 'Try them' }).click();
    await page.getByText(/a run puts 1 client to sleep/).waitFor();
    assert.equal(await stateOf('agent-02'), 'active', 'nothing is done');
  }));

test('rules are tried as they are typed: figures by software and origin, and some clients by name', () =>
  at('tried', 'clients/life-cycle', { clients: agents(12) }, async ({ page, api }) => {
    await api('POST', 'clients', { clientId: 'billing', name: 'Billing' });
    await api('POST', 'client-use', [{ clientId: 'agent-01' }]);
    await page.getByLabel('When').selectOption('In 90 days');
    await page.getByRole('button', { name: 'Try them' }).click();
    await page.getByText('No rule is turned on.').waitFor();
    await page.getByRole('switch', { name: 'Put clients to sleep that were never used' }).press('Space');
    await page.getByText('That was with other rules or another moment').waitFor();
    await page.getByRole('button', { name: 'Try them' }).click();
    await page.getByText(/a run puts 11 clients to sleep/).waitFor();
    await page.getByText(/Of 13 clients, 1 is exempt\. By rule: 11 never used\./).waitFor();
    await page.getByText('A run would ask first').waitFor();
    await page.getByRole('grid', { name: 'By software' }).getByRole('row', { name: 'Example Agent 12 11 0' }).waitFor();
    await page.getByRole('grid', { name: 'By origin' }).getByRole('row', { name: 'Registered with an initial access token, “partners” 12 11 0' }).waitFor();
    await page.getByRole('grid', { name: 'Some of them' }).getByRole('row', { name: /^agent-02 Put to sleep Never used .* Never$/ }).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.getByLabel('When').selectOption('At …');
    assert.ok(await page.getByRole('button', { name: 'Try them' }).isDisabled());
    await page.getByLabel('Moment').fill('2020-01-01T00:00');
    await page.getByText('That is over.').waitFor();
    assert.deepEqual((await api('GET', '')).lifeCycle.neverUsedAfter, 0, 'nothing is saved');
  }));

test('a run that would take many is agreed to by typing how many, and is listed as a job', () =>
  at('runs', 'clients/life-cycle', { clients: agents(11) }, async ({ page, api, stateOf, to }) => {
    // What is made in this second is not due yet.
    await page.waitForTimeout(2100);
    await api('PUT', '', { lifeCycle: { neverUsedAfter: 1, requireUse: false, runEvery: 86400 } });
    await page.reload();
    await page.getByRole('button', { name: 'Run now' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('a run now puts 11 clients to sleep.').waitFor();
    const run = dialog.getByRole('button', { name: 'Run now' });
    assert.ok(await run.isDisabled());
    await dialog.getByLabel('Type “11” to confirm').fill('11');
    await run.click();
    await page.getByText('Of 11 clients: 11 changed.').waitFor();
    assert.equal(await stateOf('agent-01'), 'hibernating');
    await page.getByRole('link', { name: 'All jobs' }).click();
    const row = page.getByRole('row', { name: /Run of the rules .*Finished/ });
    await row.waitFor();
    await row.getByRole('link').click();
    await page.getByText('11 never used').waitFor();
    await to('clients?show=asleep');
    await page.getByRole('row', { name: /agent-11.*Asleep/ }).waitFor();
  }));

test('a run that asks says so, and goes on once somebody agrees', () =>
  at('asks', 'clients', { clients: agents(11) }, async ({ page, api, to, stateOf }) => {
    await page.waitForTimeout(2100);
    await api('PUT', '', { lifeCycle: { neverUsedAfter: 1, requireUse: false, runEvery: 86400 } });
    await api('POST', 'client-life-cycle/run', {});
    await to('clients/life-cycle');
    await page.getByText('It asks first: 11 never used').waitFor();
    assert.equal(await stateOf('agent-01'), 'active');
    await page.getByRole('button', { name: 'Look at it and let it run' }).click();
    await page.getByRole('dialog').getByLabel('Type “11” to confirm').fill('11');
    await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
    await page.getByText('Of 11 clients: 11 changed.').waitFor();
  }));

test('the list tells who is asleep, finds clients by state, and puts to sleep and wakes', () =>
  at('states', 'clients', { clients: agents(3) }, async ({ page, api, idOf, stateOf }) => {
    await api('PUT', `clients/${await idOf('agent-02')}`, { clientId: 'agent-02', enabled: false });
    await page.reload();
    await page.getByRole('button', { name: 'Actions of agent-01' }).click();
    await page.getByRole('menuitem', { name: 'Put to sleep' }).click();
    await page.getByText('agent-01: put to sleep').waitFor();
    await page.getByRole('row', { name: /agent-01.*Asleep/ }).waitFor();
    const which = page.getByRole('combobox', { name: 'Which clients' });
    await which.selectOption('Asleep');
    await page.getByRole('link', { name: 'agent-03' }).waitFor({ state: 'detached' });
    await which.selectOption('Disabled');
    await page.getByRole('row', { name: /agent-02.*Disabled/ }).waitFor();
    await page.getByRole('searchbox').or(page.getByRole('textbox', { name: 'Search by client ID' })).fill('agent-03');
    await page.keyboard.press('Enter');
    await page.getByText('No client found').waitFor();
    await which.selectOption('Enabled');
    await page.getByRole('row', { name: /agent-03.*Enabled/ }).waitFor();
    await page.getByRole('button', { name: 'Actions of agent-03' }).waitFor();
    await which.selectOption('All clients');
    await page.getByRole('searchbox').or(page.getByRole('textbox', { name: 'Search by client ID' })).fill('agent-01');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Actions of agent-01' }).click();
    await page.getByRole('menuitem', { name: 'Wake' }).click();
    await page.getByText('agent-01: woken').waitFor();
    assert.equal(await stateOf('agent-01'), 'active');
  }));

test('a client tells how it lives, what comes next and what happened to it', () =>
  at('lives', 'clients', { clients: agents(2), settings: { idleAfter: 90 * 86400, deleteAfter: 30 * 86400 } }, async ({ page, api, idOf, to }) => {
    const id = await idOf('agent-01');
    await to(`clients/${id}/life`);
    await page.getByText('Never, as far as this server was told').waitFor();
    await page.getByText('Nothing: this realm has no rule for it.').waitFor();
    await page.getByText(/Registered by a caller with an initial access token/).waitFor();
    await page.getByRole('button', { name: 'Put to sleep' }).click();
    await page.getByText('agent-01 is asleep').waitFor();
    await page.getByText(/as somebody wanted/).waitFor();
    await page.getByText(/It is deleted in 30 days .*The rule: asleep for long\./).waitFor();
    await page.getByText(/Put to sleep by an administrator/).waitFor();
    await page.getByRole('heading', { name: /agent-01.*Asleep/, level: 1 }).waitFor();
    assert.deepEqual(await accessibility(page), []);
    await page.getByRole('link', { name: 'Details' }).click();
    await page.getByText(/^Info alert:It is asleep since|It is asleep since/).first().waitFor();
    await api('POST', 'client-use', [{ clientId: 'agent-01' }]);
    await page.reload();
    await page.getByRole('link', { name: 'Life', exact: true }).click();
    await page.getByText(/Woken, as it was used: an authorization server reported it/).waitFor();
    await page.getByText(/It is put to sleep in 90 days .*The rule: not used for long\./).waitFor();
    await page.getByRole('link', { name: 'What the policies decided' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();

    await api('POST', 'clients', { clientId: 'billing' });
    await to(`clients/${await idOf('billing')}/life`);
    await page.getByText('Nobody registered it: an administrator made it, or it was imported.').waitFor();
    await page.getByText('Nothing: no rule takes it.').waitFor();
  }));

test('several clients of the list are changed at once, and the job reports what it did', () =>
  at('several', 'clients', { clients: agents(3) }, async ({ page, api, idOf, stateOf, to }) => {
    await api('POST', `clients/${await idOf('agent-02')}/hibernate`);
    await page.reload();
    for (const clientId of agents(3)) await page.getByRole('checkbox', { name: `Select ${clientId}` }).check();
    assert.equal(await page.getByRole('checkbox', { name: 'Select admin-cli' }).count(), 0, "the server's own are not offered");
    await page.getByRole('button', { name: 'Change 3 clients' }).click();
    await page.getByRole('menuitem', { name: 'Put to sleep' }).click();
    const dialog = page.getByRole('dialog', { name: 'Put 3 clients to sleep?' });
    await dialog.getByText('agent-03').waitFor();
    assert.deepEqual(await accessibility(page), []);
    await dialog.getByRole('button', { name: 'Put to sleep' }).click();
    await page.getByRole('heading', { name: /Put to sleep.*Finished/, level: 1 }).waitFor();
    await page.getByText('Of 3 clients: 2 put to sleep, 1 already so.').waitFor();
    assert.deepEqual([await stateOf('agent-01'), await stateOf('agent-03')], ['hibernating', 'hibernating']);
    await to('clients/jobs');
    await page.getByRole('row', { name: /Put to sleep .*Finished/ }).waitFor();
  }));

test('all that match are counted first, and no more are changed than were told', () =>
  at('match', 'clients?search=agent', { clients: agents(11) }, async ({ page, api, idOf }) => {
    await page.getByRole('link', { name: 'Change many clients' }).click();
    assert.equal(await page.getByLabel('Client ID').inputValue(), 'agent');
    await page.getByLabel('Use', { exact: true }).selectOption('Never used');
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByText('11 clients are like that').waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Delete 11 clients?').waitFor();
    const remove = dialog.getByRole('button', { name: 'Delete', exact: true });
    assert.ok(await remove.isDisabled());
    await dialog.getByLabel('Type “11” to confirm').fill('11');
    await api('POST', 'client-use', [{ clientId: 'agent-05' }]);
    await remove.click();
    await dialog.getByText('Meanwhile there are 10 of them. Nothing was done.').waitFor();
    await dialog.getByText('Delete 10 clients?').waitFor();
    await dialog.getByLabel('Type “10” to confirm').fill('10');
    await remove.click();
    await page.getByText('Of 10 clients: 10 deleted.').waitFor();
    assert.equal(await idOf('agent-01'), undefined);
    assert.ok(await idOf('agent-05'));
  }));

test('who may only look tries rules and sees how clients live, and is offered nothing that changes them', () =>
  at('onlooker', 'clients', { clients: agents(1), settings: { neverUsedAfter: 30 * 86400 } }, async ({ api, idOf }) => {
    const id = await idOf('agent-01');
    await api('POST', `clients/${id}/hibernate`);
    const user = (await api('POST', 'users', { username: 'viewer', enabled: true, credentials: [{ type: 'password', value: PASSWORD }] })).split('/').pop();
    const management = await idOf('realm-management');
    await api('POST', `users/${user}/role-mappings/clients/${management}`, await Promise.all(['view-realm', 'view-clients'].map((role) => api('GET', `clients/${management}/roles/${role}`))));
    const { page, context, faults, go } = await open(browser, server);
    await go('/onlooker/clients/life-cycle');
    await page.getByText('My account is in another realm').click();
    await page.getByLabel('Realm', { exact: true }).fill('onlooker');
    await signIn(page, { user: 'viewer' });
    await page.getByRole('button', { name: 'Try them' }).click();
    await page.getByText('Nobody reports uses, so no rule does anything').waitFor();
    assert.ok(await page.getByRole('switch', { name: 'Put clients to sleep that were never used' }).isDisabled());
    for (const [path, text] of [['clients/life-cycle', 'Dry run'], ['clients/jobs', 'No jobs'], [`clients/${id}/life`, 'Asleep since'], ['clients', 'agent-01']]) {
      await go(`/onlooker/${path}`);
      await page.getByText(text).first().waitFor();
      for (const name of [/^Save/, /^Run/, /^Stop/, /^Put/, /^Wake/, /^Change/, /^Actions/]) assert.equal(await page.getByRole('button', { name }).count(), 0, `${path}: ${name}`);
      assert.equal(await page.getByRole('checkbox').count(), 0, path);
    }
    await go(`/onlooker/clients/${id}/life`);
    await page.getByText('Your account may not see events').waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  }));

test('what happened to a client is told in order, and nothing twice', () => {
  const event = (time, type, details = {}, more = {}) => ({ id: String(time), time, type, clientId: 'app', ipAddress: '203.0.113.9', details, ...more });
  const life = { created: 1_000, lastUsed: 90_500, lastUseBy: 'gate', state: 'active', hibernatedSince: null, rule: null, next: null, exempt: null };
  const registration = { provider: 'openid-connect', kind: 'anonymous', address: '203.0.113.9', decision: 'd1' };
  const told = (changes) => wording.happened({ life, origin: { created: 1, held: false, registration, tokenPolicies: [] }, deliveries: [], events: [], ...changes }).map(({ text }) => text);
  const events = [
    event(90_000, 'CLIENT_REVIVE', { use: 'gate' }),
    event(80_000, 'CLIENT_HIBERNATE', { rule: 'idleAfter', job: 'j1' }, { ipAddress: '' }),
    event(70_000, 'CLIENT_UPDATE_ERROR', { decision: 'd2' }, { error: 'not_allowed' }),
    event(60_000, 'CLIENT_UPDATE', { job: 'j2' }),
    event(50_000, 'CLIENT_UPDATE'),
    event(40_000, 'CLIENT_REVIVE'),
    event(1_500, 'CLIENT_REGISTER'),
  ];
  assert.deepEqual(told({ events, deliveries: [{ target: 'sso', state: 'delivered', since: 95_000, message: null }] }), [
    'sso: The target has the latest state.',
    'Woken, as it was used: the gate let it pass at 203.0.113.9',
    'Put to sleep by a rule: not used for long',
    'An update by a caller at 203.0.113.9 was refused (not_allowed)',
    'Changed by a job',
    'Changed by a caller at 203.0.113.9',
    'Woken by an administrator at 203.0.113.9',
    'Registered by an anonymous caller at 203.0.113.9',
  ]);
  assert.deepEqual(told({ life: { ...life, hibernatedSince: 99_000, rule: 'perSoftware' } }), ['Put to sleep by a rule: too many of one software', 'Last used: the gate let it pass', 'Registered by an anonymous caller at 203.0.113.9']);
});

test('a job says in one line how far it is', () => {
  const job = (changes) => wording.progress({ kind: 'bulk', action: 'delete', state: 'finished', matched: 42, done: 0, passed: 0, failed: 0, ...changes });
  for (const [changes, expected] of [
    [{ done: 40, passed: 1, failed: 1 }, 'Of 42 clients: 40 deleted, 1 already so, 1 could not be changed.'],
    [{ kind: 'life-cycle', action: null, done: 40, passed: 2 }, 'Of 42 clients: 40 changed, 2 used or changed meanwhile.'],
    [{ state: 'running' }, 'Of 42 clients: none yet.'],
    [{ state: 'running', matched: 0 }, 'It looks for clients.'],
    [{ state: 'queued', matched: 0 }, 'It begins once the job before it has ended.'],
    [{ state: 'asks', kind: 'life-cycle' }, 'It did nothing: it would concern 42 clients, which is suspiciously much.'],
    [{ matched: 0 }, 'There was nothing to do.'],
  ]) {
    assert.equal(job(changes), expected);
  }
  assert.equal(wording.byRule({ neverUsedAfter: 40, idleAfter: 0, deleteAfter: 2 }), '40 never used, 2 asleep for long');
});
