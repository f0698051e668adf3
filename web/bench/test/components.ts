// Components in this process, for tests of the engine.

import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ComponentSet } from '../src/engine/component-set.js';
import { Instance } from '../src/engine/instance.js';

const folder = join(import.meta.dirname, '../src/generated/components');
const built = join(import.meta.dirname, '../../../target/components');

/** A component that `scripts/components.mjs` made a script of; `file` is the component itself. */
export function instance(name: string, file: string): Instance {
  const paths = readdirSync(folder).filter((path) => path.startsWith(`${name}.core`));
  const modules = Object.fromEntries(paths.map((path) => [path, new Uint8Array(readFileSync(join(folder, path)))]));
  const digest = createHash('sha256').update(readFileSync(join(built, file))).digest('hex');
  const script = pathToFileURL(join(folder, `${name}.js`)).href;
  return new Instance(name, digest, { script, modules }, () => Promise.reject(new Error('all modules are given')));
}

/** What the server has built in. */
export async function builtIn(): Promise<ComponentSet> {
  let set = new ComponentSet();
  for (const [name, file] of [
    ['core', 'core.wasm'],
    ['policies', 'builtin.wasm'],
    ['client-policies', 'client-policy-builtin.wasm'],
    ['approval-required', 'approval-required.wasm'],
    ['redirect-rules', 'redirect-rules.wasm'],
    ['scope-filter', 'scope-filter.wasm'],
    ['fapi-2', 'fapi-2.wasm'],
  ] as const) {
    set = await set.with(instance(name, file));
  }
  return set;
}

/** A component of a file, translated here; the script goes with the machine's temporary files. */
export async function translated(name: string, file: string): Promise<Instance> {
  await $init;
  const bytes = readFileSync(file);
  const { files } = await generate(bytes, { name, noTypescript: true, noNodejsCompat: true, instantiation: { tag: 'async' } });
  const script = join(mkdtempSync(join(tmpdir(), 'matricula-bench-')), `${name}.mjs`);
  writeFileSync(script, files.find(([path]) => path === `${name}.js`)?.[1] ?? '');
  const modules = Object.fromEntries(files.filter(([path]) => path.endsWith('.wasm')));
  const digest = createHash('sha256').update(bytes).digest('hex');
  return new Instance(name, digest, { script: pathToFileURL(script).href, modules }, () => Promise.reject(new Error('all modules are given')));
}
