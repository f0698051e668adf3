// Components of one's own: dropped as files, translated here, and asked like those of the server.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench } from './bench.js';

const target = join(import.meta.dirname, '../../../../target');
const guest = (name: string) => join(target, 'test-components', `${name}.wasm`);
const file = (name: string, bytes: string | Uint8Array) => ({ name, mimeType: 'application/wasm', buffer: Buffer.from(bytes) });

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

async function added(name: string) {
  await bench.page.getByRole('button', { name: `Remove ${name}`, exact: true }).waitFor({ timeout: 60_000 });
}
const addPolicy = (id: string) => bench.page.getByLabel('Add a policy').selectOption(id);

describe('a component that is dropped', () => {
  test('offers its policy, and a later version takes its place', async () => {
    await bench.add(guest('gate-open'));
    await added('gate-open');
    await addPolicy('gate');
    await expect.poll(() => bench.decisions()).toContainEqual(['Gate', 'before-register', 'accepts']);
    await bench.add(guest('gate-shut'));
    await added('gate-shut');
    expect(await bench.verdict(/\b403 Forbidden/)).toContain('the gate is shut');
    await bench.page.getByRole('button', { name: 'Remove gate-shut' }).click();
    await bench.verdict(/\b201 Created/);
  });

  test('is taken wherever it is dropped, and the page says how it is asked', async () => {
    const bytes = [...readFileSync(guest('gate-shut'))];
    const dataTransfer = await bench.page.evaluateHandle((bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], 'gate-shut.wasm'));
      return transfer;
    }, bytes);
    await bench.page.locator('#request-title').dispatchEvent('drop', { dataTransfer });
    await added('gate-shut');
    await bench.page.getByText('It offers “gate”. Choose it at').waitFor();
    await bench.page.getByRole('button', { name: 'Add a policy' }).click();
    expect(await bench.page.evaluate(() => document.activeElement?.id)).toBe('add-policy');
    await addPolicy('gate');
    expect(await bench.verdict(/\b403 Forbidden/)).toContain('the gate is shut');
    await bench.page.getByText('From now on it is asked for “gate”').waitFor();
  });

  test('takes the place of a built-in policy of the same id', async () => {
    await bench.add(join(target, 'components/client-disabled.wasm'));
    await added('client-disabled');
    await addPolicy('client-disabled');
    await expect.poll(() => bench.decisions()).toContainEqual(['Client Disabled', 'after-register', 'amends']);
    await bench.part('Calls and log');
    await bench.page.getByRole('region', { name: 'Calls of components' }).getByRole('cell', { name: 'client-disabled', exact: true }).first().waitFor();
  });

  test('may bring a document format', async () => {
    await bench.add(guest('plain-text'));
    await added('plain-text');
    await bench.page.getByLabel('Provider (document format)').selectOption('plain-text');
    await bench.document('client_id: reports\nredirect_uri: https://reports.example.com/cb');
    await bench.verdict(/\b201 Created/);
    await bench.part('HTTP answer');
    expect(await bench.page.getByTestId('body').innerText()).toContain('client_id: reports');
  });

  test('may be made for the next version of the contract', async () => {
    await bench.add(guest('gate-next'));
    await added('gate-next');
    await bench.example('install');
    await bench.verdict(/\b200 OK/);
    await addPolicy('gate-next');
    expect(await bench.verdict(/\b403 Forbidden/)).toContain('see decision 00000000-');
    expect(await bench.decisions()).toEqual([
      ['Gate Next', 'before-view', 'accepts'],
      ['Gate Next', 'before-install', 'refuses'],
    ]);
  });

  test('that traps, loops or answers nonsense refuses the request, and the page goes on', async () => {
    await bench.add(guest('unruly'));
    await added('unruly');
    for (const [id, name, why] of [
      ['loops', 'Loops', 'out of time'],
      ['traps', 'Traps', 'trapped on purpose'],
      ['hastens', 'Hastens', 'nonsense'],
      ['sulks', 'Sulks', 'nonsense'],
    ] as const) {
      await addPolicy(id);
      const said = await bench.verdict(why);
      expect(said).toContain('500 Internal Server Error');
      expect(said).toContain(`Policy '${name}' could not decide about the request.`);
      await bench.page.getByRole('button', { name: `Remove ${name}` }).click();
      await bench.verdict(/\b201 Created/);
    }
  });

  test('that the server would not take is refused with what to do', async () => {
    const refused = (name: string) => bench.page.getByText(`${name} cannot be used`);
    const module = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    for (const [bad, name, says] of [
      [file('notes.wasm', 'hello'), 'notes.wasm', 'It is no WebAssembly.'],
      [file('module.wasm', module), 'module.wasm', 'It is a WebAssembly module, not a component.'],
      [file('cut.wasm', Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 9, 9])), 'cut.wasm', 'It cannot be translated'],
      [guest('outsider'), 'outsider.wasm', 'which the server gives to no component'],
      [guest('wrong-world'), 'wrong-world.wasm', 'It offers nothing'],
    ] as const) {
      await bench.add(bad);
      await refused(name).waitFor({ timeout: 30_000 });
      expect(await bench.page.getByText(says).count()).toBeGreaterThan(0);
    }
  });

  test.each(['javascript', 'python'])('may be written in %s, with the kit for authors', { timeout: 240_000 }, async (language) => {
    const folder = mkdtempSync(join(tmpdir(), 'matricula-bench-'));
    try {
      const author = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      author(process.env.MATRICULA_PROGRAM ?? '', 'policy', 'new', 'own-addresses', '--language', language);
      author('sh', 'own-addresses/build.sh');
      await bench.add(join(folder, 'own-addresses/own-addresses.wasm'));
      await added('own-addresses');
      await addPolicy('own-addresses');
      await bench.page.getByLabel('Allowed addresses').fill('https://apps.example.com/');
      expect(await bench.verdict(/\b403 Forbidden/)).toContain('The redirect URI is below no allowed address');
      await bench.page.getByLabel('Allowed addresses').fill('https://shop.example.com/');
      await bench.verdict(/\b201 Created/);
      const row = bench.page.getByRole('row').filter({ hasText: 'own-addresses' }).first();
      await bench.part(/^Policies/);
      console.log(`a policy in ${language} decides in ${await row.getByRole('cell').last().innerText()} µs`);
      await bench.page.getByRole('link', { name: 'Cases', exact: true }).click();
      const cases = join(folder, 'own-addresses/cases');
      await bench.page.locator('#case-files').setInputFiles(readdirSync(cases).map((name) => join(cases, name)));
      await bench.page.getByText('All 6 cases are green').waitFor();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
