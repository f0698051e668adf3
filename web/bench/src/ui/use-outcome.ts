// Tries the request after every change; while one attempt runs, only the newest change waits.

import { useEffect, useRef, useState } from 'react';
import { type Component, ComponentFailure } from '../engine/component.js';
import type { ComponentSet } from '../engine/component-set.js';
import type { ConfiguredPolicy } from '../engine/contract.js';
import { evaluate, type Outcome, registrationAuth, Untryable } from '../engine/evaluate.js';
import type { Facts } from '../engine/facts.js';
import { configured, stored } from '../engine/policies.js';
import { InvalidJson, realmOf, requestOf, type State } from './state.js';

/** What is known about the request on the page. */
export interface Tried {
  outcome?: Outcome;
  /** Why it cannot be tried, and what to do. */
  untryable?: string;
  invalidJson?: InvalidJson;
  /** What components say about configurations: by place in the set, a message for each mistake. */
  wrongConfigurations: Map<number, string[]>;
  /** An attempt is under way. */
  running: boolean;
  /** Milliseconds from the change to the answer. */
  took: number;
}

/** How often the page says that it is still busy at most, in milliseconds. */
const BUSY_AFTER = 150;

/** The outcome of what is chosen. */
export function useOutcome(set: ComponentSet, state: State): Tried {
  const [tried, setTried] = useState<Tried>({ wrongConfigurations: new Map(), running: true, took: 0 });
  const waiting = useRef<{ set: ComponentSet; state: State; since: number } | undefined>(undefined);
  const busy = useRef(false);
  useEffect(() => {
    waiting.current = { set, state, since: performance.now() };
    if (busy.current) return;
    busy.current = true;
    void (async () => {
      while (waiting.current) {
        const job = waiting.current;
        waiting.current = undefined;
        const notice = setTimeout(() => setTried((last) => ({ ...last, running: true })), BUSY_AFTER);
        const result = await attempt(job.set, job.state);
        clearTimeout(notice);
        if (!waiting.current) setTried({ ...result, running: false, took: performance.now() - job.since });
      }
      busy.current = false;
    })();
  }, [set, state]);
  return tried;
}

async function attempt(set: ComponentSet, state: State): Promise<Omit<Tried, 'running' | 'took'>> {
  let wrongConfigurations = new Map<number, string[]>();
  try {
    const realm = realmOf(state);
    const request = requestOf(state, Math.floor(Date.now() / 1000));
    wrongConfigurations = await checked(set, realm.policies[registrationAuth(request)], realm.facts);
    const [wrong] = wrongConfigurations.keys();
    if (wrong !== undefined) {
      const name = realm.policies[registrationAuth(request)][wrong]?.name;
      return { wrongConfigurations, untryable: `The server refuses the configuration of the policy "${name}". Correct it to go on.` };
    }
    return { wrongConfigurations, outcome: await evaluate(set, realm, request) };
  } catch (error) {
    if (error instanceof InvalidJson) return { wrongConfigurations, invalidJson: error, untryable: `"${TITLES[error.field]}" is no valid JSON. Correct it to go on.` };
    if (error instanceof Untryable) return { wrongConfigurations, untryable: error.message };
    return { wrongConfigurations, untryable: `The bench itself failed: ${error instanceof Error ? error.message : String(error)}. Reload the page.` };
  }
}

/** Names of the fields that hold JSON. */
export const TITLES: Record<InvalidJson['field'], string> = {
  facts: 'Realm and world outside',
  profiles: 'Client profiles',
  clientPolicies: 'Client policies',
};

/** What components said about configurations at the last attempt: they say the same of the same. */
let known = new Map<string, string[]>();

/** What components object to in configurations, as when an administrator stores them. */
async function checked(set: ComponentSet, policies: State['policies']['anonymous'], facts: Facts) {
  const wrong = new Map<number, string[]>();
  const asked = new Map<string, string[]>();
  for (const [at, policy] of policies.entries()) {
    const offered = set.policies.get(policy.providerId);
    if (!offered) continue;
    const configuration = configured(stored(policy, offered.description));
    const key = JSON.stringify([offered.component.digest, configuration, facts]);
    const messages = known.get(key) ?? (await objections(offered.component, configuration, facts));
    asked.set(key, messages);
    if (messages.length > 0) wrong.set(at, messages);
  }
  known = asked;
  return wrong;
}

async function objections(component: Component, configuration: ConfiguredPolicy, facts: Facts): Promise<string[]> {
  try {
    const answer = await component.call('policies', 'checkConfig', [configuration], facts);
    return 'err' in answer ? (answer.err as { message: string }[]).map(({ message }) => message) : [];
  } catch (error) {
    // Whatever is wrong with the component shows when the policy is asked.
    if (error instanceof ComponentFailure) return [];
    throw error;
  }
}
