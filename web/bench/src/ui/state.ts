// What somebody set up on the page, and its form in a link (the fragment of the address).

import type { CallerKind, Operation, RegistrationAuth } from '../engine/contract.js';
import type { Caller, Request, Sent } from '../engine/evaluate.js';
import type { Facts } from '../engine/facts.js';
import type { Policy } from '../engine/policies.js';
import { newRealm, type Realm } from '../engine/realm.js';
import { EXAMPLES, type Example } from '../examples/examples.js';

/** Everything that can be chosen. Documents in JSON are kept as text: they may be wrong while somebody types. */
export interface State {
  provider: string;
  operation: Operation;
  document: Sent;
  stored: { provider: string; document: Sent };
  caller: Caller;
  registeredAs: RegistrationAuth;
  realmName: string;
  policies: Realm['policies'];
  facts: string;
  profiles: string;
  clientPolicies: string;
  /** Names of the components that were added; they are not part of a link. */
  added: { name: string; digest: string }[];
}

const realm = newRealm();

/** Trusts the hosts of the examples, so that the first answer is a client. */
function examplePolicies(): Realm['policies'] {
  const { anonymous, authenticated } = realm.policies;
  const trusting = (policy: Policy) => ({ ...policy, config: { ...policy.config, 'trusted-hosts': ['localhost', '*.example.com'] } });
  return { anonymous: anonymous.map((policy) => (policy.providerId === 'trusted-hosts' ? trusting(policy) : policy)), authenticated };
}

/** What the page shows first. */
export function initial(): State {
  const [first] = EXAMPLES;
  const empty: State = {
    provider: 'openid-connect',
    operation: 'register',
    document: { contentType: 'application/json', text: '{}' },
    stored: { provider: 'default', document: { contentType: 'application/json', text: '' } },
    caller: { kind: 'anonymous', address: '127.0.0.1', roles: ['realm-management/create-client'], groups: [] },
    registeredAs: 'anonymous',
    realmName: realm.name,
    policies: examplePolicies(),
    facts: JSON.stringify(realm.facts, null, 2),
    profiles: JSON.stringify(realm.profiles, null, 2),
    clientPolicies: JSON.stringify(realm.clientPolicies, null, 2),
    added: [],
  };
  return first ? withExample(empty, first) : empty;
}

/** The state with the request of an example; realm and policies stay. */
export function withExample(state: State, example: Example): State {
  return {
    ...state,
    provider: example.provider,
    operation: example.operation,
    document: example.document,
    stored: example.stored ?? state.stored,
    caller: { ...state.caller, kind: example.caller ?? 'anonymous' },
  };
}

/** The example whose request this still is. */
export function shownExample({ provider, operation, document, stored }: State): Example | undefined {
  return EXAMPLES.find(
    (example) =>
      example.provider === provider &&
      example.operation === operation &&
      example.document.text === document.text &&
      (!example.stored || example.stored.document.text === stored.document.text),
  );
}

/** What is wrong with a text that should be JSON, and where it stands on the page. */
export class InvalidJson extends Error {
  constructor(
    readonly field: 'facts' | 'profiles' | 'clientPolicies',
    detail: string,
  ) {
    super(detail);
  }
}

/** The realm that the state describes. Throws {@link InvalidJson}. */
export function realmOf(state: State): Realm {
  const parsed = <T>(field: InvalidJson['field']): T => {
    let value: unknown;
    try {
      value = JSON.parse(state[field]);
    } catch (error) {
      throw new InvalidJson(field, error instanceof Error ? error.message : String(error));
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidJson(field, 'It must be an object: { … }');
    return value as T;
  };
  const facts = { ...realm.facts, ...parsed<Partial<Facts>>('facts') };
  return {
    name: state.realmName,
    facts: { ...facts, settings: { ...facts.settings, realm: state.realmName } },
    policies: state.policies,
    profiles: parsed('profiles'),
    clientPolicies: parsed('clientPolicies'),
  };
}

/** The request that the state describes. */
export function requestOf(state: State, now: number): Request {
  const { provider, operation, document, stored, caller, registeredAs } = state;
  return { provider, operation, document, ...(stored.document.text.trim() === '' ? {} : { stored }), caller, registeredAs, now };
}

/** Kinds of callers with their names for people. */
export const CALLER_KINDS: Record<CallerKind, string> = {
  anonymous: 'Nobody in particular (no token)',
  'initial-access-token': 'Initial access token',
  'registration-access-token': "The client's registration access token",
  bearer: 'Bearer token of a user or service',
};

/** A state as text for a link: JSON, deflated, base64url. Only what differs from {@link initial} is in it. */
export async function encode(state: State): Promise<string> {
  const first = initial();
  const changed = Object.entries(state).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(first[name as keyof State]));
  const deflated = await piped(new TextEncoder().encode(JSON.stringify(Object.fromEntries(changed))), new CompressionStream('deflate-raw'));
  return btoa(String.fromCharCode(...deflated)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The state of a link; undefined when it cannot be read. */
export async function decode(text: string): Promise<State | undefined> {
  try {
    const deflated = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
    const changed = JSON.parse(new TextDecoder().decode(await piped(deflated, new DecompressionStream('deflate-raw')))) as object;
    return isState({ ...initial(), ...changed });
  } catch {
    return undefined;
  }
}

/** Links come from anywhere: what is not of the right shape is refused as a whole. */
function isState(value: Record<string, unknown> | State): State | undefined {
  const state = value as State;
  const texts = [state.provider, state.operation, state.document.text, state.document.contentType, state.stored.provider, state.stored.document.text, state.stored.document.contentType, state.caller.kind, state.caller.address, state.registeredAs, state.realmName, state.facts, state.profiles, state.clientPolicies];
  const lists = [state.policies.anonymous, state.policies.authenticated, state.added, state.caller.roles, state.caller.groups];
  const policies = [...state.policies.anonymous, ...state.policies.authenticated];
  const arePolicies = policies.every(
    ({ name, providerId, config }) => typeof name === 'string' && typeof providerId === 'string' && Object.values(config).every(Array.isArray),
  );
  const right = texts.every((text) => typeof text === 'string') && lists.every(Array.isArray) && arePolicies && state.caller.kind in CALLER_KINDS;
  return right ? state : undefined;
}

async function piped(bytes: Uint8Array<ArrayBuffer>, through: GenericTransformStream): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(through as ReadableWritablePair);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
