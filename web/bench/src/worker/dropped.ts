// A component file that somebody chose, from its bytes to a component that can be called.

import type { Load } from './component-worker.js';
import type { Job, Made } from './transpiler-worker.js';
import { RemoteComponent } from './remote-component.js';

/** Largest file that is read, in bytes: Python's components have 20 MB. */
export const LARGEST = 64 << 20;

/** Why a file cannot be used; the message says what to do. */
export class Unusable extends Error {}

let transpiler: Worker | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Makes a component of a file. `progress` is told what is being done. */
export async function dropped(file: File, progress: (doing: string) => void): Promise<RemoteComponent> {
  if (file.size > LARGEST) throw new Unusable(`It has more than ${LARGEST >> 20} MiB. Leave debug information out when building it.`);
  progress('Reading');
  const bytes = new Uint8Array(await file.arrayBuffer());
  checkKind(bytes);
  const digest = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  progress('Translating for this browser');
  const made = await transpiled({ name: file.name.replace(/\.wasm$/, ''), digest, bytes });
  progress('Starting');
  return new RemoteComponent(made);
}

/** A component begins with `\0asm`, version 0x0d, layer 1; a plain module has layer 0. */
function checkKind(bytes: Uint8Array) {
  const [a, b, c, d, version, , layer] = bytes;
  if (a !== 0 || b !== 0x61 || c !== 0x73 || d !== 0x6d) throw new Unusable('It is no WebAssembly. Choose the .wasm file that the build made.');
  if (version === 1 && layer === 0) {
    throw new Unusable('It is a WebAssembly module, not a component. Wrap it: `wasm-tools component new module.wasm -o component.wasm`.');
  }
}

/** Names of interfaces that the server gives to components. */
const GIVEN = /^matricula:registration\//;

async function transpiled(job: Job): Promise<Load> {
  const made = await inTurn(job);
  if ('error' in made) throw new Unusable(`It cannot be translated: ${made.error}`);
  const foreign = made.imports.filter((name) => !GIVEN.test(name));
  if (foreign.length > 0) {
    throw new Unusable(
      `It asks for ${foreign.join(', ')}, which the server gives to no component. Build it without WASI (for JavaScript: stubs; for Python: --stub-wasi).`,
    );
  }
  return made.load;
}

/** One file at a time. */
function inTurn(job: Job): Promise<Made> {
  const made = last.then(() => ask(job));
  last = made.catch(() => undefined);
  return made;
}

function ask(job: Job): Promise<Made> {
  return new Promise((resolve) => {
    transpiler ??= new Worker(new URL('./transpiler-worker.ts', import.meta.url), { type: 'module', name: 'transpiler' });
    transpiler.onmessage = ({ data }: MessageEvent<Made>) => resolve(data);
    transpiler.onerror = (event) => {
      transpiler?.terminate();
      transpiler = undefined;
      resolve({ error: event.message || 'the translator did not start; reload the page' });
    };
    transpiler.postMessage(job);
  });
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
