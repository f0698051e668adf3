// Makes scripts of components, away from the page: a large one takes seconds.

import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import type { Load } from './component-worker.js';

/** A component file. */
export interface Job {
  name: string;
  digest: string;
  bytes: Uint8Array;
}

/** What came of it; the error is for people. */
export type Made = { load: Load; imports: string[] } | { error: string };

/** The name of the script among the files; it has no meaning elsewhere. */
const NAME = 'component';

self.onmessage = async ({ data }: MessageEvent<Job>) => {
  self.postMessage(await transpile(data));
};

async function transpile({ name, digest, bytes }: Job): Promise<Made> {
  try {
    await $init;
    const { files, imports } = await generate(bytes, {
      name: NAME,
      noTypescript: true,
      noNodejsCompat: true,
      instantiation: { tag: 'async' },
    });
    const scripts = files.filter(([path]) => path === `${NAME}.js`);
    const [script] = scripts;
    if (!script) return { error: 'The transpiler made no script of it.' };
    const text = new TextDecoder().decode(script[1]);
    const modules = Object.fromEntries(files.filter(([path]) => path.endsWith('.wasm')));
    return { load: { name, digest, script: { text }, modules }, imports };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
