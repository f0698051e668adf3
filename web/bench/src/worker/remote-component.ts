// A component in a worker of its own. A call that takes too long ends the worker; the next call starts another one.

import { type Answer, type Arguments, type Component, ComponentFailure, type Returned } from '../engine/component.js';
import type { Exported, InterfaceName, Interfaces } from '../engine/contract.js';
import type { Facts } from '../engine/facts.js';
import type { Ask, Load, Told } from './component-worker.js';

/** How long a call may take, in milliseconds (host/wasm/src/engine.rs `CALL_TIME`). */
const CALL_TIME = 1000;
/** How long loading may take, in milliseconds: large components of other languages need seconds. */
const LOAD_TIME = 30_000;

/** See {@link Component}. */
export class RemoteComponent implements Component {
  private worker: Worker | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private calls = 0;

  constructor(private readonly source: Load) {}

  get name(): string {
    return this.source.name;
  }

  get digest(): string {
    return this.source.digest;
  }

  async exports(): Promise<Exported> {
    return (await this.queue({})) as Exported;
  }

  async call<I extends InterfaceName, F extends keyof Interfaces[I] & string>(of: I, name: F, args: Arguments<I, F>, facts: Facts) {
    const call = { of, name, args: args as unknown[], facts };
    return (await this.queue({ call })) as Answer<Returned<I, F>>;
  }

  /** Ends the worker: the component is not used any more. */
  end() {
    this.worker?.terminate();
    this.worker = undefined;
  }

  /** One call after the other: the time of a call is its own. */
  private queue(ask: Omit<Ask, 'id'>): Promise<unknown> {
    const answer = this.last.then(() => this.ask(ask));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  private ask(ask: Omit<Ask, 'id'>): Promise<unknown> {
    const worker = this.started();
    this.calls += 1;
    const id = this.calls;
    return new Promise((resolve, reject) => {
      const fail = (kind: ComponentFailure['kind'], detail: string, log?: ComponentFailure['log']) => reject(new ComponentFailure(this.name, kind, detail, log));
      const tooLate = (limit: number) => () => {
        this.end();
        fail('out of time', `no answer within ${limit / 1000} s`);
      };
      let timer = setTimeout(tooLate(LOAD_TIME), LOAD_TIME);
      worker.onmessage = ({ data }: MessageEvent<Told>) => {
        if (data.id !== id) return;
        clearTimeout(timer);
        if ('began' in data) timer = setTimeout(tooLate(CALL_TIME), CALL_TIME);
        else if ('answer' in data) resolve(data.answer);
        else fail(data.failure.kind, data.failure.detail, data.failure.log);
      };
      worker.onerror = (event) => {
        clearTimeout(timer);
        this.end();
        fail('no instance', event.message || 'its worker did not start');
      };
      worker.postMessage({ id, ...ask } satisfies Ask);
    });
  }

  private started(): Worker {
    if (!this.worker) {
      this.worker = new Worker(new URL('./component-worker.ts', import.meta.url), { type: 'module', name: this.name });
      this.worker.postMessage(this.source);
    }
    return this.worker;
  }
}
