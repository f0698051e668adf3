// The suite of cases in the browser: as green as with the engine of the server.

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, benchUrl } from './bench.js';

const root = join(import.meta.dirname, '../../../..');

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open(`${benchUrl()}#cases`);
});
afterEach(() => bench.close());

describe('cases', () => {
  test('all of them are green, here and in the engine of the server', async () => {
    const passed = readdirSync(join(root, 'tests/cases'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => {
        const component = join(root, 'target/components', `${name}.wasm`);
        const said = execFileSync(process.env.MATRICULA_PROGRAM ?? '', ['policy', 'test', component, join(root, 'tests/cases', name)], { encoding: 'utf8' });
        return Number(/^(\d+) cases passed$/m.exec(said)?.[1]);
      })
      .reduce((sum, count) => sum + count, 0);
    const result = await bench.page.getByTestId('cases-result').getByText(/cases are/).innerText();
    expect(result).toContain(`All ${passed} cases are green`);
    console.log(`cases: ${passed} green in wasmtime and in Chromium`);
  });

  test('a case that fails shows what was expected and what was answered', async () => {
    const wrong = { name: 'expects the wrong thing', policy: { provider: 'client-disabled' }, hook: 'after-register', proposed: {}, expected: { hold: 'for ever' } };
    await bench.page.locator('#case-files').setInputFiles({ name: 'wrong.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(wrong)) });
    await bench.page.getByText('1 of 1 cases are red').waitFor();
    await bench.page.getByRole('button', { name: /expects the wrong thing/ }).click();
    expect(await bench.page.getByLabel('Expected', { exact: true }).innerText()).toContain('for ever');
    expect(await bench.page.getByLabel('Answered', { exact: true }).innerText()).not.toContain('for ever');
  });

  test('a file without cases is named', async () => {
    await bench.page.locator('#case-files').setInputFiles({ name: 'none.json', mimeType: 'application/json', buffer: Buffer.from('[{"unknown": 1}]') });
    await bench.page.getByText('none.json: case 1 has the unknown member "unknown".').waitFor();
  });
});
