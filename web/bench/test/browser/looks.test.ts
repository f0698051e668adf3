// Every state of the pages, wide and narrow, light and dark: a picture of each, nothing for axe to find, nothing wider
// than the screen.

import axe from 'axe-core';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench, benchUrl, type Look } from './bench.js';

const guest = (name: string) => join(import.meta.dirname, '../../../../target/test-components', `${name}.wasm`);

const LOOKS: Record<string, Look> = {
  'wide-light': { width: 1440, height: 900 },
  'wide-dark': { width: 1440, height: 900, dark: true },
  'narrow-light': { width: 320, height: 740 },
  'narrow-dark': { width: 320, height: 740, dark: true },
};

/** States of the page and how one gets there from a page that has just been opened. */
const SCENES: Record<string, (bench: Bench) => Promise<unknown>> = {
  start: (bench) => bench.verdict(/\b201 Created/),
  client: async (bench) => {
    await bench.verdict(/\b201 Created/);
    await bench.part('Client');
  },
  http: async (bench) => {
    await bench.verdict(/\b201 Created/);
    await bench.part('HTTP answer');
  },
  calls: async (bench) => {
    await bench.verdict(/\b201 Created/);
    await bench.part('Calls and log');
    await bench.page.getByRole('button', { name: 'Where the server may answer otherwise' }).click();
  },
  refused: async (bench) => {
    await bench.document('{\n  "redirect_uris": ["https://elsewhere.example/cb", "http://10.0.0.1/cb"],\n  "scope": "openid wallet"\n}');
    await bench.verdict(/\b403 Forbidden/);
  },
  mistakes: async (bench) => {
    await bench.example('oidc-mistakes');
    await bench.verdict(/\b400 Bad Request/);
  },
  unanswered: async (bench) => {
    await bench.page.getByLabel('Network address').fill('203.0.113.9');
    await bench.page.getByText('Components asked what the bench does not know').waitFor();
  },
  settings: async (bench) => {
    await bench.openPolicy('Allowed Protocol Mapper Types');
    await bench.page.getByText('possible values').first().waitFor();
  },
  'wrong-settings': async (bench) => {
    await bench.openPolicy('Max Clients Limit');
    await bench.page.getByRole('textbox', { name: 'max-clients' }).fill('many');
    await bench.verdict('Not tried');
  },
  update: async (bench) => {
    await bench.example('keycloak-update');
    await bench.verdict(/\b403 Forbidden/);
    await bench.part('Client');
  },
  saml: async (bench) => {
    await bench.example('saml-aws');
    await bench.verdict(/\b\d{3} /);
    await bench.part('Client');
  },
  bearer: async (bench) => {
    await bench.example('install');
    await bench.verdict(/\b200 OK/);
    await bench.part('HTTP answer');
  },
  components: async (bench) => {
    await bench.add(guest('unruly'));
    await bench.page.getByRole('button', { name: 'Remove unruly' }).waitFor();
    await bench.page.getByLabel('Add a policy').selectOption('traps');
    await bench.verdict(/\b500 Internal/);
    await bench.add(guest('outsider'));
    await bench.page.getByText('outsider.wasm cannot be used').waitFor();
  },
  realm: async (bench) => {
    await bench.page.getByRole('button', { name: /^Client policies/ }).click();
    await bench.page.getByRole('button', { name: 'Realm and world outside' }).click();
    await bench.page.getByLabel('Answers').fill('{ "client-count": }');
    await bench.verdict('Not tried');
  },
  empty: async (bench) => {
    await bench.document('');
    for (const remove of await bench.page.getByRole('button', { name: /^Remove / }).all()) {
      await remove.page().getByRole('button', { name: /^Remove / }).first().click();
    }
    await bench.page.getByText('No policy judges this request').waitFor();
    await bench.verdict(/\b400 /);
  },
  untryable: async (bench) => {
    await bench.page.getByRole('button', { name: 'Read', exact: true }).click();
    await bench.verdict('Not tried');
  },
  'damaged-link': async (bench) => {
    await bench.visit(`${benchUrl()}#bench=damaged`);
    await bench.page.getByText('The link could not be read').waitFor();
  },
  cases: async (bench) => {
    await bench.page.getByRole('link', { name: 'Cases' }).click();
    await bench.page.getByText(/All \d+ cases are green/).waitFor();
  },
  'red-case': async (bench) => {
    await bench.page.getByRole('link', { name: 'Cases' }).click();
    await bench.page.getByText(/All \d+ cases are green/).waitFor();
    const wrong = { name: 'expects the wrong thing', policy: { provider: 'client-disabled' }, hook: 'after-register', proposed: { enabled: true }, expected: { hold: 'for ever' } };
    const unknown = { name: 'names a policy that is not there', policy: { provider: 'elsewhere' }, hook: 'after-register', expected: { hold: 'for ever' } };
    await bench.page.locator('#case-files').setInputFiles({ name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify([wrong, unknown])) });
    await bench.page.getByText('2 of 2 cases are red').waitFor();
    for (const name of [wrong.name, unknown.name]) await bench.page.getByRole('button', { name }).click();
  },
};

for (const [scene, prepare] of Object.entries(SCENES)) {
  describe(scene, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open();
      await prepare(bench);
    });
    afterAll(() => bench.close());

    for (const [name, look] of Object.entries(LOOKS)) {
      test(name, async () => {
        await bench.look(look);
        await bench.picture(`${scene}-${name}`);
        expect(await found(bench)).toEqual([]);
        expect(await bench.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 'wider than the screen').toBeLessThanOrEqual(0);
      });
    }
  });
}

/** What axe finds: rule, and the elements. */
async function found(bench: Bench): Promise<string[]> {
  await bench.page.evaluate(axe.source);
  const { violations } = await bench.page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => `${impact} ${id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}

test('the picture of the documentation', async () => {
  const bench = await Bench.open(benchUrl(), { width: 1280, height: 860 });
  await bench.document('{\n  "client_name": "Example Shop",\n  "redirect_uris": [\n    "https://shop.example.com/callback",\n    "https://elsewhere.example/callback"\n  ]\n}');
  await bench.verdict(/\b403 Forbidden/);
  await bench.picture('documentation', false);
  await bench.close();
});

test('the page says that it starts, and what to do when it cannot', async () => {
  const starting = await Bench.open(benchUrl(), { before: (context) => context.route('**/*.wasm', () => undefined) });
  await starting.page.getByText('Starting the components of the server in this browser…').waitFor();
  await starting.picture('starting');
  await starting.abandon();
  const failed = await Bench.open(benchUrl(), { before: (context) => context.route('**/*.wasm', (route) => route.abort()) });
  await failed.page.getByText('The components did not start').waitFor();
  await failed.picture('not-started');
  await failed.abandon();
});
