// Types of the contract as data (wit/*.wit), for whoever reads and writes values by them (src/engine/values.ts).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The words and signs of a file, without its comments. */
function tokens(text) {
  return text.replaceAll(/\/\/.*$/gm, '').match(/->|[%\w-]+(:[\w-]+\/[\w-]+@[\w.-]+)?|[{}()<>,:;.@=]/g) ?? [];
}

/** The items of every interface in a folder: what it uses of others, its types and its functions. */
function interfaces(folder) {
  const found = {};
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.wit'))) {
    const words = tokens(readFileSync(join(folder, file), 'utf8'));
    while (words.length > 0) {
      const word = words.shift();
      if (word === 'interface') found[words.shift()] = items(words);
      else if (word === 'world') while (words.shift() !== '}');
    }
  }
  return found;
}

function items(words) {
  const made = { uses: {}, types: {}, functions: {} };
  expect(words, '{');
  while (words[0] !== '}') {
    const word = words.shift();
    if (word === 'use') {
      // `client` of the same package, or `matricula:registration/client@0.1.0`, whose version ends at `.{`.
      let from = words.shift();
      while (words[0] !== '{') from += words.shift();
      const [, interfaceName] = /(?:.*\/)?([\w-]+)/.exec(from);
      const foreign = from.includes('/');
      for (const name of block(words, (inner) => inner.shift())) made.uses[name] = { from: interfaceName, foreign };
      expect(words, ';');
    } else if (word === 'record') {
      made.types[words.shift()] = { record: block(words, named) };
    } else if (word === 'enum') {
      made.types[words.shift()] = { enum: block(words, (inner) => plain(inner.shift())) };
    } else if (word === 'flags') {
      made.types[words.shift()] = { flags: block(words, (inner) => plain(inner.shift())) };
    } else if (word === 'variant') {
      made.types[words.shift()] = { variant: block(words, (inner) => [plain(inner.shift()), payload(inner)]) };
    } else {
      expect(words, ':');
      expect(words, 'func');
      const params = block(words, named, ')');
      let result = null;
      if (words[0] === '->') {
        words.shift();
        result = type(words);
      }
      expect(words, ';');
      made.functions[plain(word)] = { params, result };
    }
  }
  words.shift();
  return made;
}

/** Entries between an opening bracket and this closing one, separated by commas. */
function block(words, entry, end = '}') {
  const entries = [];
  words.shift();
  while (words[0] !== end) {
    entries.push(entry(words));
    if (words[0] === ',') words.shift();
  }
  words.shift();
  return entries;
}

const plain = (name) => name.replace(/^%/, '');

function named(words) {
  const name = plain(words.shift());
  expect(words, ':');
  return [name, type(words)];
}

function payload(words) {
  if (words[0] !== '(') return null;
  words.shift();
  const made = type(words);
  expect(words, ')');
  return made;
}

function type(words) {
  const name = words.shift();
  if (!['option', 'list', 'tuple', 'result'].includes(name)) return name;
  const inner = words[0] === '<' ? block(words, (of) => (of[0] === '_' ? of.shift() && null : type(of)), '>') : [null, null];
  if (name === 'tuple') return { tuple: inner };
  if (name === 'result') return { result: [inner[0] ?? null, inner[1] ?? null] };
  return { [name]: inner[0] };
}

function expect(words, wanted) {
  const found = words.shift();
  if (found !== wanted) throw new Error(`wit: ${wanted} is expected, not ${found}`);
}

const PRIMITIVE = ['bool', 'string', 'u8', 'u16', 'u32', 'u64', 's32'];

/** A module with the functions of the contract: those of `policies` as the next version has them, as it knows more. */
export function contractTypes(folder) {
  const of = { now: interfaces(folder), next: interfaces(join(folder, 'next')) };
  const written = new Set();
  const lines = [];
  /** The type with everything that it names written before it. */
  const resolved = (made, home, version) => {
    if (made === null || PRIMITIVE.includes(made)) return JSON.stringify(made);
    if (typeof made === 'string') return constant(made, home, version);
    const [[kind, inner]] = Object.entries(made);
    const each = (one) => (Array.isArray(one) ? `['${one[0]}', ${resolved(one[1], home, version)}]` : resolved(one, home, version));
    if (kind === 'enum') return `{ enum: ${JSON.stringify(inner)} }`;
    if (kind === 'option' || kind === 'list') return `{ ${kind}: ${resolved(inner, home, version)} }`;
    return `{ ${kind}: [${inner.map(each).join(', ')}] }`;
  };
  const constant = (name, home, version) => {
    const { uses, types } = of[version][home];
    const used = uses[name];
    if (used) return constant(name, used.from, used.foreign ? 'now' : version);
    const key = `${version}_${home}_${name}`.replaceAll('-', '_');
    if (!written.has(key)) {
      written.add(key);
      lines.push(`const ${key}: Type = ${resolved(types[name], home, version)};`);
    }
    return key;
  };
  const functions = (home, version) =>
    Object.entries(of[version][home].functions).map(([name, { params, result }]) => {
      const list = params.map(([param, made]) => `['${param}', ${resolved(made, home, version)}]`);
      return `    '${name}': { params: [${list.join(', ')}], result: ${resolved(result, home, version)} },`;
    });
  const table = [
    ['policies', 'next'],
    ['client-policies', 'now'],
    ['providers', 'now'],
  ].flatMap(([home, version]) => [`  '${home}': {`, ...functions(home, version), '  },']);
  return [
    '// Made by scripts/types.mjs of wit/.',
    '',
    "import type { Signature, Type } from '../engine/values.js';",
    '',
    ...lines,
    '',
    '/** Parameters and results of the functions that components export. */',
    'export const FUNCTIONS: Record<string, Record<string, Signature>> = {',
    ...table,
    '};',
    '',
  ].join('\n');
}
