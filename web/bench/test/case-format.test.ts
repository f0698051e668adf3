// Files of cases that are hard to read mean here what they mean to `matricula policy test` (tests/case-format).

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { casesOf, run } from '../src/engine/cases.js';
import type { Component } from '../src/engine/component.js';
import type { ComponentSet } from '../src/engine/component-set.js';
import { Mistake } from '../src/engine/values.js';
import { builtIn, translated } from './components.js';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'tests/case-format');

interface Example {
  about: string;
  component: string;
  file?: unknown;
  text?: string;
  ends: 'passes' | 'differs' | 'mistake';
  says?: string;
}

const tried = new Map<string, Promise<{ set: ComponentSet; component: Component }>>();

/** A component beside those of the server, in place of what they offer under the same ids. */
function component(name: string) {
  const known = tried.get(name);
  if (known) return known;
  const file = ['components', 'test-components'].map((place) => join(root, 'target', place, `${name}.wasm`)).find(existsSync);
  const made = (async () => {
    const component = await translated(name, file ?? name);
    return { set: await (await builtIn()).with(component, true), component };
  })();
  tried.set(name, made);
  return made;
}

/** How a file ends, as the bench tells it. */
async function ended({ component: name, file, text }: Example): Promise<{ ends: Example['ends']; says: string }> {
  try {
    const content = text === undefined ? file : JSON.parse(text.replace(/^\uFEFF/, ''));
    const cases = casesOf('case.json', content);
    if (cases.length === 0) return { ends: 'mistake', says: 'They hold no cases.' };
    const { set, component: of } = await component(name);
    for (const one of cases) {
      const { passed, error } = await run(set, one, of);
      if (!passed) return { ends: error === undefined ? 'differs' : 'mistake', says: error ?? '' };
    }
    return { ends: 'passes', says: '' };
  } catch (error) {
    if (!(error instanceof Mistake || error instanceof SyntaxError)) throw error;
    return { ends: 'mistake', says: error.message };
  }
}

describe.each(readdirSync(folder).filter((name) => name.endsWith('.json')))('%s', (name) => {
  const examples: Example[] = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  test.each(examples.map((one) => [one.about, one] as const))('%s', async (_, one) => {
    const { ends, says } = await ended(one);
    expect({ ends, says }).toEqual({ ends: one.ends, says: expect.stringContaining(one.says ?? '') });
  });
});
