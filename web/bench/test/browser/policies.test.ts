// Policies and their settings: what is changed on the page decides at once.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench } from './bench.js';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

describe('policies', () => {
  test('a setting that is changed changes the answer', async () => {
    await bench.verdict(/\b201 Created/);
    await bench.openPolicy('Trusted Hosts');
    await bench.page.getByRole('textbox', { name: 'trusted-hosts' }).fill('localhost\nother.example');
    const refused = await bench.verdict(/\b403 Forbidden/);
    expect(refused).toContain("Policy 'Trusted Hosts' rejected request to client-registration service.");
    await bench.page.getByRole('textbox', { name: 'trusted-hosts' }).fill('localhost\n*.example.com');
    await bench.verdict(/\b201 Created/);
  });

  test('a configuration that the server would not store is explained', async () => {
    await bench.openPolicy('Max Clients Limit');
    await bench.page.getByRole('textbox', { name: 'max-clients' }).fill('many');
    expect(await bench.verdict('Not tried')).toContain('The server refuses the configuration of the policy "Max Clients Limit".');
    expect(await bench.page.getByText('The server refuses this configuration').count()).toBe(1);
  });

  test('a policy that is only watched refuses nothing, and says what it would do', async () => {
    await bench.document('{"redirect_uris": ["https://elsewhere.example/cb"]}');
    await bench.verdict(/\b403 Forbidden/);
    await bench.openPolicy('Trusted Hosts');
    await bench.page.getByLabel('Mode').selectOption('Only watched');
    await bench.verdict(/\b201 Created/);
    expect((await bench.decisions())[0]).toEqual(['Trusted Hosts', 'before-register', 'refuses']);
  });

  test('a policy that is added decides, and ceases to when it is removed', async () => {
    await bench.page.getByLabel('Add a policy').selectOption('client-disabled');
    await bench.verdict(/\b201 Created/);
    await expect.poll(() => bench.decisions()).toContainEqual(['Client Disabled', 'after-register', 'amends']);
    await bench.page.getByRole('button', { name: 'Remove Client Disabled' }).click();
    await expect.poll(() => bench.decisions()).not.toContainEqual(['Client Disabled', 'after-register', 'amends']);
  });

  test('the order of the list is the order of the decisions', async () => {
    await bench.page.getByRole('button', { name: 'Move Consent Required down' }).click();
    await expect.poll(async () => (await bench.decisions()).filter(([, hook]) => hook === 'after-register').map(([name]) => name).slice(0, 2)).toEqual(['Full Scope Disabled', 'Consent Required']);
  });

  test('the caller chooses the set of policies', async () => {
    await bench.page.getByLabel('Comes with').selectOption('Initial access token');
    await bench.page.getByText('for requests with a token').waitFor();
    await expect.poll(async () => (await bench.decisions()).map(([name]) => name)).not.toContain('Trusted Hosts');
  });

  test('what components ask and the bench does not know can be told', async () => {
    await bench.page.getByLabel('Network address').fill('203.0.113.9');
    await bench.verdict(/\b403 Forbidden/);
    const answer = async (question: string, text: string) => {
      await bench.page.getByRole('textbox', { name: question }).fill(text);
      await bench.page.getByRole('button', { name: `Answer: ${question}` }).click();
    };
    await answer('Which names has the address 203.0.113.9?', 'ci.example.com');
    await bench.verdict(/\b201 Created/);
  });

  test('an address that no caller has is named', async () => {
    const said = bench.page.getByText('This is no IP address');
    for (const address of ['203.0.113', '203.0.113.256', 'localhost', '2001:db8::g']) {
      await bench.page.getByLabel('Network address').fill(address);
      await said.waitFor();
    }
    for (const address of ['203.0.113.9', '2001:db8::1']) {
      await bench.page.getByLabel('Network address').fill(address);
      await said.waitFor({ state: 'detached' });
    }
  });

  test('client policies decide too', async () => {
    await bench.page.getByRole('button', { name: /^Client policies/ }).click();
    const policy = { name: 'fapi', enabled: true, conditions: [{ condition: 'any-client' }], profiles: ['fapi-1-advanced'] };
    await bench.page.getByLabel('Client policies', { exact: true }).fill(JSON.stringify({ policies: [policy] }));
    await bench.verdict(/\b403 Forbidden/);
    await bench.part(/^Policies/);
    await bench.page.getByRole('region', { name: 'Client policies' }).getByText('refuses').first().waitFor();
  });

  test('a document that is no JSON is refused as the server refuses it', async () => {
    await bench.document('{"redirect_uris": [');
    await bench.verdict(/\b400 Bad Request/);
  });

  test('on a narrow screen a button tells how the request ends, and leads to the answer', async () => {
    await bench.look({ width: 320, height: 640 });
    await bench.document('{"redirect_uris": ["https://elsewhere.example/cb"]}');
    const { page } = bench;
    await page.getByRole('button', { name: 'Answer: 403' }).click();
    await expect.poll(() => page.getByRole('heading', { name: /^Answer/ }).evaluate((title) => title.getBoundingClientRect().top)).toBeLessThan(200);
  });

  test('a setting of the realm that is no JSON is named', async () => {
    await bench.page.getByRole('button', { name: 'Realm and world outside' }).click();
    await bench.page.getByLabel('Answers').fill('{');
    expect(await bench.verdict('Not tried')).toContain('"Realm and world outside" is no valid JSON.');
  });
});
