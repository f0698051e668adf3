// A component in this thread. The page runs it in a worker, as a call cannot be interrupted otherwise.

import { type Answer, type Arguments, type Component, ComponentFailure, type Returned, type Transpiled } from './component.js';
import { CONTRACTS, type Exported, INTERFACES, type InterfaceName, type Interfaces } from './contract.js';
import { type Facts, type Heard, imports, NO_FACTS } from './facts.js';

type Exports = Record<string, Record<string, (...args: unknown[]) => unknown>>;
interface Script {
  instantiate(module: (path: string) => Promise<WebAssembly.Module>, imports: object): Promise<Exports> | Exports;
}

/** A component whose instance is made at the first call, and anew after a call that failed. */
export class Instance implements Component {
  private exported: Exports | undefined;
  private modules = new Map<string, Promise<WebAssembly.Module>>();
  private current: { facts: Facts; heard: Heard } = { facts: NO_FACTS, heard: { unanswered: [], log: [] } };

  constructor(
    readonly name: string,
    readonly digest: string,
    private readonly transpiled: Transpiled,
    /** Reads a module that is given by its address. */
    private readonly read: (address: string) => Promise<BufferSource>,
  ) {}

  async exports(): Promise<Exported> {
    const exported = await this.instantiated();
    const isNext = Object.keys(exported).some((key) => key.startsWith('matricula:registration/policies@0.2.0'));
    return { interfaces: INTERFACES.filter((name) => this.find(exported, name)), contract: isNext ? '0.2.0' : '0.1.0' };
  }

  async call<I extends InterfaceName, F extends keyof Interfaces[I] & string>(
    of: I,
    name: F,
    args: Arguments<I, F>,
    facts: Facts,
  ): Promise<Answer<Returned<I, F>>> {
    const exported = await this.instantiated();
    const target = this.find(exported, of)?.[name];
    if (!target) throw new ComponentFailure(this.name, 'nonsense', `it has no function ${name} in ${of}`);
    const heard: Heard = { unanswered: [], log: [] };
    this.current = { facts, heard };
    const began = performance.now();
    const micros = () => Math.round((performance.now() - began) * 1000);
    try {
      const ok = target(...(args as unknown[])) as Returned<I, F>;
      return { ok, micros: micros(), ...heard };
    } catch (error) {
      if (error instanceof Error && Object.hasOwn(error, 'payload')) {
        return { err: (error as Error & { payload: unknown }).payload, micros: micros(), ...heard };
      }
      // Nobody knows in which state the instance is.
      this.exported = undefined;
      throw new ComponentFailure(this.name, 'trapped', reason(error, heard), heard.log);
    }
  }

  private find(exported: Exports, name: InterfaceName) {
    const key = Object.keys(exported).find((key) => CONTRACTS.some((version) => key.startsWith(`matricula:registration/${name}@${version}`)));
    return key === undefined ? undefined : exported[key];
  }

  private async instantiated(): Promise<Exports> {
    if (this.exported) return this.exported;
    try {
      const script: Script = await import(/* @vite-ignore */ this.transpiled.script);
      this.exported = await script.instantiate((path) => this.module(path), imports(() => this.current));
      return this.exported;
    } catch (error) {
      throw new ComponentFailure(this.name, 'no instance', error instanceof Error ? error.message : String(error));
    }
  }

  private module(path: string): Promise<WebAssembly.Module> {
    let module = this.modules.get(path);
    if (!module) {
      const content = this.transpiled.modules[path];
      if (content === undefined) return Promise.reject(new Error(`it has no module ${path}`));
      const bytes = typeof content === 'string' ? this.read(content) : Promise.resolve(content as BufferSource);
      module = bytes.then((bytes) => WebAssembly.compile(bytes));
      this.modules.set(path, module);
    }
    return module;
  }
}

/** Why a call failed (host/wasm/src/trap.rs), and first what the component itself said of it. */
function reason(error: unknown, { complaint }: Heard): string {
  const said = error instanceof Error ? error.message : String(error);
  const ended = said.includes('unreachable');
  // That it ended itself says no more.
  if (ended && complaint !== undefined) return complaint;
  const why = () => {
    if (/maximum call stack|too much recursion/i.test(said)) return 'its calls are nested too deeply: does it call itself without end?';
    return ended ? 'it ended itself, as after an exception or after asking for what is not there, such as a clock or a file, and did not say why' : said;
  };
  return complaint === undefined ? why() : `${complaint} (${why()})`;
}
