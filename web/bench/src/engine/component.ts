// A component that can be called, wherever it runs: in this thread (tests), or in a worker (the page).

import type { Exported, InterfaceName, Interfaces } from './contract.js';
import type { Facts, Heard, LogLine } from './facts.js';

/** What jco made of a component: a script and the modules that it asks for by path. */
export interface Transpiled {
  /** Address of the script, which exports `instantiate`. */
  script: string;
  /** Path to address, or to the module's bytes. */
  modules: Record<string, string | Uint8Array>;
}

/** The answer of a call. A function whose result is an error gives its payload as `err`. */
export type Answer<T> = ({ ok: T } | { err: unknown }) & Heard & { micros: number };

/** Names of the functions of an interface. */
type FunctionName<I extends InterfaceName> = keyof Interfaces[I] & string;
export type Arguments<I extends InterfaceName, F extends FunctionName<I>> = Interfaces[I][F] extends (...args: infer A) => unknown ? A : never;
export type Returned<I extends InterfaceName, F extends FunctionName<I>> = Interfaces[I][F] extends (...args: never[]) => infer R ? R : never;

/** A component. */
export interface Component {
  readonly name: string;
  /** SHA-256 of its bytes, in hex. */
  readonly digest: string;
  /** Calls a function. Rejects with a {@link ComponentFailure} when there is no answer. */
  call<I extends InterfaceName, F extends FunctionName<I>>(
    of: I,
    name: F,
    args: Arguments<I, F>,
    facts: Facts,
  ): Promise<Answer<Returned<I, F>>>;
  /** What it exports. */
  exports(): Promise<Exported>;
}

/** Why a call has no answer (host/wasm/src/lib.rs `Failure`). */
export type FailureKind = 'no instance' | 'trapped' | 'out of time' | 'nonsense' | 'not loaded';

/** A call without an answer: the request is refused. */
export class ComponentFailure extends Error {
  constructor(
    readonly component: string,
    readonly kind: FailureKind,
    readonly detail: string,
    /** What it wrote to the log until then. */
    readonly log: LogLine[] = [],
  ) {
    super(`component ${component}: ${kind}: ${detail}`);
  }
}
