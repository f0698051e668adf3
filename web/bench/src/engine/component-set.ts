// The components that decide requests (host/wasm/src/lib.rs). A set is a value: adding to it makes another one.

import type { Component } from './component.js';
import type { ConditionProvider, Exported, ExecutorProvider, PolicyProvider, RegistrationProvider } from './contract.js';
import { NO_FACTS } from './facts.js';

/** Something that a component offers. */
export interface Offered<T> {
  component: Component;
  /** The version of the contract that the component's policies are of. */
  contract: Exported['contract'];
  description: T;
}

/** One consistent set of components; each id is offered once. */
export class ComponentSet {
  constructor(
    readonly providers: ReadonlyMap<string, Offered<RegistrationProvider>> = new Map(),
    readonly policies: ReadonlyMap<string, Offered<PolicyProvider>> = new Map(),
    readonly conditions: ReadonlyMap<string, Offered<ConditionProvider>> = new Map(),
    readonly executors: ReadonlyMap<string, Offered<ExecutorProvider>> = new Map(),
  ) {}

  /**
   * This set and what a component offers, all of it or nothing. What it offers takes the place of what the set has under
   * the same id if `replacing` (to try a new version), else that is an error, as in the server.
   */
  async with(component: Component, replacing = false): Promise<ComponentSet> {
    const { interfaces: exported, contract } = await component.exports();
    const providers: RegistrationProvider[] = [];
    const policies: PolicyProvider[] = [];
    const conditions: ConditionProvider[] = [];
    const executors: ExecutorProvider[] = [];
    if (exported.includes('providers')) providers.push(...(await described(component.call('providers', 'describe', [], NO_FACTS))));
    if (exported.includes('policies')) policies.push(...(await described(component.call('policies', 'describe', [], NO_FACTS))));
    if (exported.includes('client-policies')) {
      const offer = await described(component.call('client-policies', 'describe', [], NO_FACTS));
      conditions.push(...offer.conditions);
      executors.push(...offer.executors);
    }
    if (providers.length + policies.length + conditions.length + executors.length === 0) {
      throw new Error('It offers nothing: it exports none of the interfaces providers, policies and client-policies of matricula:registration@0.1.0.');
    }
    const merged = <T extends { id: string }>(map: ReadonlyMap<string, Offered<T>>, more: T[]) => {
      const result = new Map(map);
      for (const description of more) {
        const other = map.get(description.id)?.component.name;
        if (!replacing && other !== undefined) throw new Error(`Another component offers ${description.id} already: ${other}.`);
        result.set(description.id, { component, contract, description });
      }
      return result;
    };
    return new ComponentSet(
      merged(this.providers, providers),
      merged(this.policies, policies),
      merged(this.conditions, conditions),
      merged(this.executors, executors),
    );
  }

  /** Ids that a component offers in this set. */
  offeredBy(component: Component): string[] {
    const all = [this.providers, this.policies, this.conditions, this.executors];
    return all.flatMap((map) => [...map].filter(([, offered]) => offered.component === component).map(([id]) => id));
  }
}

async function described<T>(answer: Promise<{ ok: T } | { err: unknown }>): Promise<T> {
  const answered = await answer;
  if ('err' in answered) throw new Error('It does not describe what it offers.');
  return answered.ok;
}
