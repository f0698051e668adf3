// Every example, in the browser and on the server: the same answer, the same decisions, the same client.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../../src/engine/evaluate.js';
import { EXAMPLES } from '../../src/examples/examples.js';
import { lines, text } from '../../src/ui/client-lines.js';
import { initial } from '../../src/ui/state.js';
import { comparable, dryRun, newRealmOnServer, withoutIds } from '../dry-run.js';
import { Bench } from './bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => bench.close());

/** The policies that the page begins with. */
const { policies } = initial();

describe('the page says what the server says', () => {
  test('of every built-in provider there is an example', () => {
    expect(new Set(EXAMPLES.map(({ provider }) => provider))).toEqual(new Set(['openid-connect', 'default', 'client-id-metadata-document', 'saml2-entity-descriptor', 'install']));
  });

  for (const { id, title, caller: kind = 'anonymous', ...request } of EXAMPLES) {
    test(title, async () => {
      const caller: Caller = { kind, address: '127.0.0.1', roles: [], groups: [] };
      const auth = kind === 'bearer' || kind === 'initial-access-token' ? 'authenticated' : 'anonymous';
      const answer = await dryRun(await newRealmOnServer(), { ...request, caller }, policies[auth]);
      const there = comparable(answer);

      await bench.page.goto('about:blank');
      await bench.visit(new URL('/bench/', process.env.MATRICULA_URL).href);
      await bench.example(id);
      expect(await bench.page.getByLabel('Begin with an example').inputValue()).toBe(id);
      const said = await bench.verdict(new RegExp(`\\b${answer.status} `));
      // The caller is told more than the dry run where a document is wrong; what both say is the same.
      if (there.error_description !== null) expect(said).toContain(there.error_description);
      const violations = await bench.page.getByRole('list', { name: 'Violations' }).getByRole('listitem').allInnerTexts();
      expect(violations).toHaveLength(there.violations.length);
      there.violations.forEach(({ message }, at) => expect(violations[at]).toContain(message));
      if (there.policies.length > 0) {
        const verdicts: Record<string, string> = { accept: 'accepts', amend: 'amends', hold: 'holds', reject: 'refuses' };
        expect(await bench.decisions()).toEqual(there.policies.map(({ name, hook, verdict }) => [name, hook, verdicts[verdict]]));
      }
      if (there.after === null) return;
      expect(await shownClient()).toEqual(expectedClient(there.before, there.after));
    });
  }
});

/** Every member as the page shows it: name, before, after. */
async function shownClient(): Promise<string[][]> {
  await bench.part('Client');
  await bench.page.getByLabel(/members that stay the same/).setChecked(true, { force: true });
  const rows = await bench.page.getByTestId('diff').locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
  return rows.map((row) => row.map(withoutIds)).map(comparableRow);
}

function expectedClient(before: Record<string, never>, after: Record<string, never>): string[][] {
  return lines(before, after)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((line) => [line.name, text(line.before), text(line.after)])
    .map(comparableRow);
}

/** Times, salts and ids of mappers differ from one request to the next. */
function comparableRow([name = '', ...values]: string[]): string[] {
  if (name.endsWith('client.secret.creation.time') || /salt/i.test(name)) return [name];
  // The order of the members of an object says nothing.
  const inOrder = (value: string) => value.split(/,?\n/).toSorted().join('\n');
  return [name, ...values.map((value) => inOrder(value.replace(/"id": "[^"]*"/g, '"id": "uuid"').replace(/Salt": "[^"]*"/g, 'Salt": "salt"')))];
}
