// Sweeps and adoptions of a target, in a real browser. The server's answers are those of the interface's description: what
// is tested here is what the page asks for and how it tells what came.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, signIn } from './browser.mjs';
import { start } from './server.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([start(), launch()]);
  await server.admin('POST', '/realms', { realm: 'shop', enabled: true });
  await server.admin('POST', '/realms/shop/targets', { name: 'sso', connector: 'hydra', url: 'http://127.0.0.1:9', enabled: false });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const sweep = (changes) => ({ id: 's1', state: 'done', reason: null, started: Date.now() - 2000, finished: Date.now(), dryRun: false, repair: true, clients: 41, marked: 40, same: 41, missing: [], different: [], orphans: [], unmarked: [], filled: 0, repaired: 0, removed: 0, truncated: false, ...changes });

/** Runs on this page of the target, whose calls `answer` answers; `asked` are the bodies of its POSTs. */
async function at(tab, answer, steps) {
  const { page, context, faults, go } = await open(browser, server);
  const asked = [];
  await page.route(/\/targets\/sso\/(sweep|sweeps|sweeps\/.*|adopt)$/, async (route) => {
    const request = route.request();
    const what = new URL(request.url()).pathname.split('/sso/')[1];
    const body = request.postDataJSON() ?? undefined;
    if (body) asked.push(body);
    const { status = 200, json } = await answer(what, body);
    await route.fulfill({ status, json });
  });
  try {
    await go(`/shop/targets/sso/${tab}`);
    await signIn(page);
    await page.getByRole('heading', { name: /sso/, level: 1 }).waitFor();
    await steps({ page, asked, go });
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

test('a sweep looks first, and then puts right what it found', () => {
  const found = {
    same: 38,
    missing: [{ id: 'a', clientId: 'gone' }],
    different: [{ id: 'b', clientId: 'bent', fields: [{ field: 'redirectUris', target: ['https://evil.example/cb'], wanted: ['https://app.example/cb'] }] }],
    orphans: [{ key: 'k', clientId: 'stray' }],
    unmarked: [{ id: 'c', clientId: 'theirs' }],
  };
  const all = [];
  return at(
    'sweeps',
    (what, body) => {
      if (what === 'sweep') {
        all.unshift(sweep({ id: `s${all.length}`, ...found, ...body, ...(body.dryRun ? {} : { repair: true, filled: 1, repaired: 1, removed: 1 }) }));
        return { json: all[0] };
      }
      return { json: what === 'sweeps' ? all : all.find(({ id }) => what.endsWith(id)) };
    },
    async ({ page, asked }) => {
      await page.getByText('There was none yet.').waitFor();
      await page.getByRole('button', { name: 'Look now' }).click();
      await page.getByText('1 missing, 1 different, 1 unknown here, 1 not ours').first().waitFor();
      await page.getByRole('row', { name: /bent.*redirectUris.*evil\.example.*app\.example/ }).waitFor();
      await page.getByText('Only looked').first().waitFor();
      await page.getByRole('link', { name: 'Adopt them' }).waitFor();
      await page.getByRole('button', { name: 'Put it right' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Put it right' }).click();
      await page.getByText(/1 put again, 1 put right, 1 removed/).first().waitFor();
      assert.deepEqual(asked, [
        { dryRun: true, repair: null, force: false },
        { dryRun: false, repair: true, force: false },
      ]);
      await page.getByRole('grid', { name: 'Sweeps' }).getByRole('row', { name: /Only looked/ }).waitFor();
      await page.getByRole('grid', { name: 'Sweeps' }).getByRole('link').last().click();
      await page.getByRole('link', { name: 'All sweeps' }).waitFor();
      await page.getByText('Missing at the target (1)').waitFor();
    },
  );
});

test('a sweep that would remove many stops, and removes them only when it is told to', () => {
  const orphans = Array.from({ length: 12 }, (_, number) => ({ key: `k${number}`, clientId: `stray-${number}` }));
  let last;
  return at(
    'sweeps',
    (what, body) => {
      if (what === 'sweep') {
        last = sweep({ orphans, marked: 52, ...(body.force ? { removed: 12 } : { state: 'stopped', reason: 'Would remove 12 of 52 clients' }), dryRun: body.dryRun });
        return { json: last };
      }
      return { json: last ? [last] : [] };
    },
    async ({ page, asked }) => {
      await page.getByRole('button', { name: 'Look now' }).click();
      await page.getByText('Would remove 12 of 52 clients').first().waitFor();
      await page.getByRole('button', { name: 'Put it right' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Put it right' }).click();
      await page.getByRole('button', { name: 'Remove them (force)' }).click();
      await page.getByRole('dialog', { name: /Remove 12 clients at the target/ }).getByRole('button', { name: 'Remove them' }).click();
      await page.getByText(/12 removed/).first().waitFor();
      assert.deepEqual(asked.at(-1), { dryRun: false, repair: true, force: true });
    },
  );
});

test('a sweep that takes longer is followed to its end, and one that cannot read the target says why', () => {
  let reads = 0;
  return at(
    'sweeps',
    (what, body) => {
      const over = reads >= 3;
      if (what === 'sweep') {
        return { status: 202, json: sweep({ state: 'running', finished: null, clients: 12, ...body, repair: true }) };
      }
      reads += 1;
      return { json: over ? [sweep({ state: 'failed', reason: 'The target answered 403', dryRun: true })] : reads > 1 ? [sweep({ state: 'running', finished: null, dryRun: true })] : [] };
    },
    async ({ page }) => {
      await page.getByRole('button', { name: 'Look now' }).click();
      await page.getByText(/The target is being looked at: \d+ clients so far/).waitFor();
      await page.getByText('The target answered 403. Nothing was changed.').waitFor();
    },
  );
});

test('a client that the target had before is adopted after its differences were seen, and all of them one after the other', () => {
  const unmarked = ['one', 'two', 'three'].map((clientId) => ({ id: clientId, clientId }));
  return at(
    'adopt',
    (what, body) => {
      if (what === 'sweep') {
        return { json: sweep({ unmarked, dryRun: true }) };
      }
      if (body.clientId === 'two' && !body.dryRun) {
        return { status: 409, json: { error: 'conflict', error_description: "Client 'two' belongs to another realm" } };
      }
      return { json: { clientId: body.clientId, id: 'x', key: 'k', fields: [{ field: 'name', target: 'Old', wanted: 'New' }], adopted: !body.dryRun } };
    },
    async ({ page, asked }) => {
      await page.getByRole('textbox', { name: 'Client ID' }).fill('billing');
      await page.keyboard.press('Enter');
      await page.getByRole('row', { name: /name.*Old.*New/ }).waitFor();
      await page.getByRole('button', { name: 'Adopt billing' }).click();
      await page.getByText('billing is adopted').waitFor();
      assert.deepEqual(asked, [
        { clientId: 'billing', dryRun: true },
        { clientId: 'billing', dryRun: false },
      ]);
      await page.getByRole('button', { name: 'Look for them' }).click();
      await page.getByText('one, two, three').waitFor();
      await page.getByRole('button', { name: 'Adopt 3 clients' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Adopt' }).click();
      await page.getByText('3 unmarked, 2 adopted.').waitFor();
      await page.getByRole('row', { name: /two.*belongs to another realm/ }).waitFor();
    },
  );
});
