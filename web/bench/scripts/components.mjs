// Makes scripts of the built-in components (target/components/*.wasm), TypeScript types of the contract, and the same types
// as data, all in src/generated. Run by `npm run build` and `npm test`; does nothing when nothing has changed.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contractTypes } from './types.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const components = join(here, '../../../target/components');
const generated = join(here, '../src/generated');
const contract = contractTypes(join(here, '../../../wit'));
const vendor = join(here, '../node_modules/@bytecodealliance/jco-transpile/vendor');

/** Name of the component, as the server calls it, and its file. */
const BUILT_IN = [
  ['core', 'core.wasm'],
  ['policies', 'builtin.wasm'],
  ['client-policies', 'client-policy-builtin.wasm'],
  ['approval-required', 'approval-required.wasm'],
  ['redirect-rules', 'redirect-rules.wasm'],
  ['scope-filter', 'scope-filter.wasm'],
  ['fapi-2', 'fapi-2.wasm'],
];

const read = (path) => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.error(`${path} is missing: run \`cargo xtask build --components\`, which makes it`);
    process.exit(1);
  }
};

const files = BUILT_IN.map(([name, file]) => ({ name, bytes: read(join(components, file)) }));
const transpiler = readFileSync(join(vendor, 'js-component-bindgen-component.js'));
const sources = createHash('sha256');
for (const part of [readFileSync(fileURLToPath(import.meta.url)), transpiler, contract, ...files.map((file) => file.bytes)]) sources.update(part);
const stamp = sources.digest('hex');

if (upToDate()) process.exit(0);
rmSync(generated, { recursive: true, force: true });

const { $init, generate } = await import(join(vendor, 'js-component-bindgen-component.js'));
await $init;
/** Types of an interface; a component names only what it uses of one, so the longest wins. */
const types = new Map();
/** Components of contract 0.1.0 that have all of it between them: another version's types have the same names. */
const TYPED = ['core', 'policies', 'client-policies'];
const table = [];
for (const { name, bytes } of files) {
  const { files: made } = generate(new Uint8Array(bytes), {
    name,
    noNodejsCompat: true,
    instantiation: { tag: 'async' },
  });
  const modules = [];
  for (const [path, content] of made) {
    if (path.endsWith('.d.ts')) {
      const text = Buffer.from(content).toString();
      if (TYPED.includes(name) && path.startsWith('interfaces/') && text.length > (types.get(path)?.length ?? 0)) types.set(path, text);
    } else {
      write(`components/${path}`, content);
      if (path.endsWith('.wasm')) modules.push(path);
    }
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  table.push({ name, digest, size: bytes.length, modules });
}
for (const [path, text] of types) write(path.replace('interfaces/matricula-registration-', 'contract/'), text.replaceAll('./matricula-registration-', './'));
write('built-in.ts', builtIn(table));
write('contract-types.ts', contract);
write('stamp', stamp);

function upToDate() {
  try {
    return readFileSync(join(generated, 'stamp'), 'utf8') === stamp;
  } catch {
    return false;
  }
}

function write(path, content) {
  const file = join(generated, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** The module that tells where the scripts and the WebAssembly of the built-in components are. */
function builtIn(table) {
  const identifier = (text) => text.replace(/[^a-z0-9]/g, '_');
  const lines = ['// Made by scripts/components.mjs.', ''];
  for (const { name, modules } of table) {
    lines.push(`import ${identifier(name)} from './components/${name}.js?url&no-inline';`);
    for (const path of modules) lines.push(`import ${identifier(path)} from './components/${path}?url&no-inline';`);
  }
  lines.push('', '/** Name, SHA-256 and size of a component, and the addresses of what it was made into. */');
  lines.push('export const BUILT_IN = [');
  for (const { name, digest, size, modules } of table) {
    const addresses = modules.map((path) => `'${path}': ${identifier(path)}`).join(', ');
    lines.push(`  { name: '${name}', digest: '${digest}', size: ${size}, script: ${identifier(name)}, modules: { ${addresses} } },`);
  }
  lines.push('];', '');
  return lines.join('\n');
}
