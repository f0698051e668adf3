// Words about targets: what must know the clients of a realm.

import type { Connector, Delivery, DeliveryState, Sweep, Target } from '../api/targets';
import { distance, moment, span } from '../parts/times';
import { providerName } from './settings';

/** What a target is, for whoever sees the word for the first time. */
export const WHAT = 'A target is something behind this realm that must know its clients: an authorization server such as Keycloak or Ory Hydra, or a webhook. Each client that is registered, changed or deleted here is so there too.';

const connectors: Record<string, string> = { keycloak: 'Keycloak', hydra: 'Ory Hydra', webhook: 'Webhook' };

/** Name of a kind of target. */
export const connectorName = (id: string) => connectors[id] ?? providerName(id);

const urls: Record<string, string> = {
  keycloak: 'Of the server, without /admin: https://sso.example.com.',
  hydra: 'Of the admin API, without /admin: http://hydra:4445.',
  webhook: 'Each event is a POST to it.',
};

/** What the address of such a target is. */
export const urlHelp = (connector: string) => urls[connector] ?? 'Every call goes below it.';

export const credentialTypes: Record<string, string> = {
  none: 'None: whoever reaches it may',
  bearer: 'Bearer token',
  basic: 'User and password',
  'client-credentials': 'Client credentials',
  'standard-webhooks': 'Signed events',
};

export const protocols: Record<string, string> = { 'openid-connect': 'OpenID Connect', saml: 'SAML' };

/** States of deliveries, in the order in which an administrator wants to see them. */
export const deliveryStates: DeliveryState[] = ['delivered', 'pending', 'failing', 'refused', 'paused', 'leaving'];

/** What a state of a delivery means. */
export const deliveryHelp: Record<DeliveryState, string> = {
  delivered: 'The target has the latest state.',
  pending: 'It is due, or under way.',
  failing: 'It was tried in vain, and is tried again.',
  refused: 'The target does not take it as it is. It is tried again when the client or the target changes.',
  paused: 'It is due, but the target is paused.',
  leaving: 'It is deleted here, and the target has not confirmed that yet.',
};

/** What is said of a change that targets did not take in time. */
export const onItsWay = (targets: string[]) => `It is on its way to ${targets.length > 1 ? `${targets.slice(0, -1).join(', ')} and ${targets.at(-1)}` : targets[0]}`;

/** How long something has waited: "waits for 3 min". */
export function waits(since: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - since) / 1000));
  const [unit, length] = ([['days', 86_400], ['h', 3_600], ['min', 60]] as const).find(([, length]) => seconds >= length) ?? ['s', 1];
  const number = Math.floor(seconds / length);
  return `waits for ${number} ${unit === 'days' && number === 1 ? 'day' : unit}`;
}

/** When something is tried again. */
export const again = (ms: number, now = Date.now()) => (ms <= now ? 'at any moment' : distance(ms, now));

/** Milliseconds: "2 s", "350 ms". */
export const milliseconds = (ms: number) => (ms % 1000 === 0 && ms > 0 ? `${ms / 1000} s` : `${ms} ms`);

/** What waiting for a target means to whoever registers. */
export function patience({ required, wait }: Pick<Target, 'required' | 'wait'>): string {
  if (required) {
    return `Nothing is registered that it does not take within ${milliseconds(wait)}.`;
  }
  return wait === 0 ? 'Nobody waits for it.' : `A registration waits up to ${milliseconds(wait)} for it, and is good without it.`;
}

/** A number of seconds as an interval: "Every hour". */
export const every = (seconds: number) => `Every ${span(seconds).replace(/^1 /, '')}`;

/** How often the target is looked at. */
export function sweeping({ sweepInterval, repair }: Pick<Target, 'sweepInterval' | 'repair'>): string {
  const then = repair ? 'what is found is put right' : 'what is found is only shown';
  return sweepInterval === 0 ? `Only on demand; ${then}.` : `${every(sweepInterval)}; ${then}.`;
}

export const drifts: Record<Delivery['drift'], string> = {
  none: 'As it shall be',
  different: 'It was changed at the target',
  missing: 'It is missing at the target',
  unknown: 'Not looked at since it was delivered',
  unsupported: 'The target cannot be looked at',
};

export const secrets: Record<Delivery['secret'], string> = {
  delivered: 'The target has it',
  none: 'None',
  due: 'It goes with the next delivery',
};

/** A number of things. */
export const many = (count: number, one: string, several = `${one}s`) => `${count.toLocaleString('en')} ${count === 1 ? one : several}`;

/** Which number of the client's states the target has. */
export function generations({ generation, deliveredGeneration }: Delivery): string {
  if (deliveredGeneration === generation) {
    return String(generation);
  }
  return deliveredGeneration === null ? `${generation}; the target has none yet` : `${generation}; the target has ${deliveredGeneration}`;
}

/** What a sweep found, in one line. */
export function found(sweep: Sweep): string {
  if (sweep.state === 'failed') {
    return sweep.reason ?? 'The target could not be read';
  }
  const parts = [
    [sweep.missing?.length ?? 0, 'missing'],
    [sweep.different?.length ?? 0, 'different'],
    [sweep.orphans?.length ?? 0, 'unknown here'],
    [sweep.unmarked?.length ?? 0, 'not ours'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count.toLocaleString('en')}${sweep.truncated && count >= 1000 ? ' or more' : ''} ${what}`);
  if (said.length > 0) {
    return said.join(', ');
  }
  return sweep.state === 'running' ? 'Under way' : 'All as it shall be';
}

/** What a sweep did. */
export function did({ state, reason, dryRun, filled, repaired, removed }: Sweep): string {
  if (state === 'running') {
    return 'Under way';
  }
  if (dryRun) {
    return 'Only looked';
  }
  const parts = [
    [filled, 'put again'],
    [repaired, 'put right'],
    [removed, 'removed'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count.toLocaleString('en')} ${what}`);
  return [...(state === 'stopped' ? [reason ?? 'Stopped'] : []), ...(said.length > 0 ? said : state === 'done' ? ['Nothing to do'] : [])].join(', ') || '–';
}

/** When it ended, or that it did not yet. */
export const ended = ({ state, started, finished }: Sweep) => moment(state === 'running' ? started : (finished ?? started));

/** What connectors cannot, where it matters to whoever uses them. */
export function cannot({ enumerates, disables, secretVisible }: Connector): string[] {
  return [
    ...(enumerates ? [] : ['It cannot look at its target: there are no sweeps, and changes there go unnoticed.']),
    ...(disables ? [] : ['Its target knows no disabled clients: they are removed there, and put again once they are enabled.']),
    ...(enumerates && !secretVisible ? ['Its target shows no secrets: another one there goes unnoticed.'] : []),
  ];
}
