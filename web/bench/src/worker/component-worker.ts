// Runs one component, away from the page: whatever it does, the page stays alive and can end it.

import { ComponentFailure, type Transpiled } from '../engine/component.js';
import type { InterfaceName } from '../engine/contract.js';
import { Instance } from '../engine/instance.js';
import type { Facts } from '../engine/facts.js';

/** The first message of the page. */
export interface Load {
  name: string;
  digest: string;
  /** The script as its address, or as its text. */
  script: { address: string } | { text: string };
  modules: Transpiled['modules'];
}

/** Every later message of the page. */
export interface Ask {
  id: number;
  /** Absent: what it exports. */
  call?: { of: InterfaceName; name: string; args: unknown[]; facts: Facts };
}

/** What the page hears. `began`: the component is ready and the call's time runs. */
export type Told =
  | { id: number; began: true }
  | { id: number; answer: unknown }
  | { id: number; failure: { kind: ComponentFailure['kind']; detail: string; log: ComponentFailure['log'] } };

let instance: Instance;

self.onmessage = async ({ data }: MessageEvent<Load | Ask>) => {
  if ('modules' in data) {
    const script = 'address' in data.script ? data.script.address : URL.createObjectURL(new Blob([data.script.text], { type: 'text/javascript' }));
    instance = new Instance(data.name, data.digest, { script, modules: data.modules }, read);
    return;
  }
  const { id, call } = data;
  try {
    const exported = await instance.exports();
    tell({ id, began: true });
    if (!call) tell({ id, answer: exported });
    else tell({ id, answer: await instance.call(call.of, call.name as never, call.args as never, call.facts) });
  } catch (error) {
    const failure = error instanceof ComponentFailure ? error : new ComponentFailure(instance.name, 'trapped', String(error));
    tell({ id, failure: { kind: failure.kind, detail: failure.detail, log: failure.log } });
  }
};

function tell(told: Told) {
  self.postMessage(told);
}

async function read(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answers ${response.status}; reload the page`);
  return response.arrayBuffer();
}
