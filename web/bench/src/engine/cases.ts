// Cases as data (tests/cases/README.md): one call of a component, and the answer that is expected.

import { hidden, kebab } from './amendment.js';
import { type Answer, type Component, ComponentFailure } from './component.js';
import type { ComponentSet } from './component-set.js';
import type { Attribute, Client, ConfiguredPolicy, Context, Document, Hook, Issued, Operation, ProtocolMapper } from './contract.js';
import { type Facts, NO_FACTS } from './facts.js';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

/** Members of a case; others are a mistake. */
const MEMBERS = ['name', 'call', 'policy', 'hook', 'context', 'proposed', 'stored', 'provider', 'operation', 'document', 'issued', 'facts', 'expected', '$schema', 'comment'];

/** One case, as it stands in a file. */
export interface Case {
  name: string;
  call?: 'evaluate' | 'check-config' | 'allowed-origins' | 'parse' | 'complete';
  policy?: { provider?: string; name?: string; config?: Record<string, string[]> };
  hook?: Hook;
  context?: JsonObject;
  proposed?: JsonObject;
  stored?: JsonObject;
  provider?: string;
  operation?: Operation;
  document?: { 'content-type'?: string; body?: Json };
  issued?: JsonObject;
  facts?: Partial<Facts>;
  expected: Json;
}

/** A case of a file of the suite. */
export interface Filed {
  /** Name of the component: the folder of the file. */
  component: string;
  file: string;
  case: Case;
}

/** How a case ended. */
export interface Ended {
  passed: boolean;
  /** What was answered, written as in cases; absent when there is no answer. */
  got?: Json;
  /** Why there is no answer, and what to do. */
  error?: string;
  millis: number;
}

/** The cases of a file: it holds one or a list of them. Throws with what is wrong. */
export function casesOf(path: string, content: unknown): Filed[] {
  const parts = path.split('/');
  const file = parts.at(-1) ?? path;
  const component = parts.at(-2) ?? '';
  return (Array.isArray(content) ? content : [content]).map((one, at) => {
    if (typeof one !== 'object' || one === null) throw new Error(`${file}: case ${at + 1} is no object.`);
    const unknown = Object.keys(one).find((name) => !MEMBERS.includes(name));
    if (unknown !== undefined) throw new Error(`${file}: case ${at + 1} has the unknown member "${unknown}".`);
    if (typeof one.name !== 'string') throw new Error(`${file}: case ${at + 1} has no name.`);
    if (!('expected' in one)) throw new Error(`${file}: "${one.name}" does not say what is expected.`);
    return { component, file, case: one as Case };
  });
}

/** Runs a case with the components of a set. */
export async function run(set: ComponentSet, { component, case: one }: Filed): Promise<Ended> {
  const began = performance.now();
  const took = () => performance.now() - began;
  try {
    const got = normal(await answer(set, component, one));
    return { passed: same(got, normal(one.expected)), got, millis: took() };
  } catch (error) {
    if (error instanceof ComponentFailure || error instanceof Mistake) return { passed: false, error: error.message, millis: took() };
    throw error;
  }
}

/** Something that makes a case impossible to run. */
class Mistake extends Error {}

const ISSUED = { id: '00000000-0000-4000-8000-000000000001', secret: 'secret', salt: 'salt', now: 1_700_000_000 };

async function answer(set: ComponentSet, component: string, one: Case): Promise<Json> {
  const facts: Facts = { ...NO_FACTS, ...one.facts };
  switch (one.call ?? 'evaluate') {
    case 'evaluate': {
      if (!one.hook) throw new Mistake('The case names no hook.');
      const { target, policy } = policyOf(set, component, one);
      const context = contextOf(one);
      const proposed = one.document ? await read(set, one, context, facts) : one.proposed && toClient(one.proposed);
      const stored = one.stored && toClient(one.stored);
      const decisions = ok(await target.call('policies', 'evaluate', [one.hook, context, proposed, stored, [policy]], facts));
      if (decisions.length !== 1) throw new Mistake(`The component made ${decisions.length} decisions of one policy.`);
      return fromVariant(decisions[0] as { tag: string; val?: unknown });
    }
    case 'check-config': {
      const { target, policy } = policyOf(set, component, one);
      const answer = await target.call('policies', 'checkConfig', [policy], facts);
      return 'err' in answer ? fromValue(answer.err) : [];
    }
    case 'allowed-origins': {
      const { target, policy } = policyOf(set, component, one);
      return ok(await target.call('policies', 'allowedOrigins', [contextOf(one), [policy]], facts));
    }
    case 'parse': {
      const { target, provider } = providerOf(set, one.provider);
      return fromResult(await target.call('providers', 'parse', [provider, one.operation ?? 'register', documentOf(one)], facts));
    }
    case 'complete': {
      const { target, provider } = providerOf(set, one.provider);
      if (!one.proposed) throw new Mistake('The case has no proposed client.');
      const args = [provider, toClient(one.proposed), one.stored && toClient(one.stored), issuedOf(one)] as const;
      return fromResult(await target.call('providers', 'complete', [...args], facts));
    }
    default:
      throw new Mistake(`There is no call "${one.call}".`);
  }
}

/** What a document says, as a policy sees it: as sent, or for after-hooks made full, without its secret. */
async function read(set: ComponentSet, one: Case, context: Context, facts: Facts): Promise<Client> {
  const { target, provider } = providerOf(set, context.provider);
  const refused = (violations: unknown) => new Mistake(`The document is refused before policies are asked: ${JSON.stringify(fromValue(violations))}`);
  const parsed = await target.call('providers', 'parse', [provider, context.operation, documentOf(one)], facts);
  if ('err' in parsed) throw refused(parsed.err);
  if (!one.hook?.startsWith('after-')) return hidden(parsed.ok);
  const stored = one.stored && toClient(one.stored);
  const completed = await target.call('providers', 'complete', [provider, parsed.ok, stored, issuedOf(one)], facts);
  if ('err' in completed) throw refused(completed.err);
  return hidden(completed.ok.client);
}

function ok<T>(answer: Answer<T>): T {
  if ('err' in answer) throw new Mistake(`The component answers with an error: ${JSON.stringify(answer.err)}`);
  return answer.ok;
}

/** The configured policy, and the component that has its kind: absent, that of the folder's name. */
function policyOf(set: ComponentSet, component: string, one: Case): { target: Component; policy: ConfiguredPolicy } {
  const provider = one.policy?.provider ?? component;
  const offered = set.policies.get(provider);
  if (!offered) throw new Mistake(`No component here offers the policy "${provider}". Add its component on the bench.`);
  const config = Object.entries(one.policy?.config ?? {}).map(([name, values]) => ({ name, values }));
  return { target: offered.component, policy: { provider, name: one.policy?.name ?? provider, config } };
}

function providerOf(set: ComponentSet, provider: string | undefined): { target: Component; provider: string } {
  if (provider === undefined) throw new Mistake('The case names no provider.');
  const offered = set.providers.get(provider);
  if (!offered) throw new Mistake(`No component here offers the provider "${provider}". Add its component on the bench.`);
  return { target: offered.component, provider };
}

const OPERATIONS: Record<Hook, Operation> = {
  'before-register': 'register',
  'after-register': 'register',
  'before-update': 'update',
  'after-update': 'update',
  'before-view': 'read',
  'before-delete': 'delete',
  'before-install': 'read',
};

function contextOf(one: Case): Context {
  const given = camel(one.context ?? {}) as Partial<Context> & JsonObject;
  const caller = { kind: 'anonymous' as const, roles: [], groups: [], address: '127.0.0.1', ...(given.caller as object | undefined) };
  return {
    realm: 'cases',
    provider: 'openid-connect',
    operation: one.operation ?? (one.hook ? OPERATIONS[one.hook] : 'register'),
    registrationAuth: 'anonymous',
    decision: '',
    ...given,
    caller,
    now: BigInt((given.now as unknown as number | undefined) ?? ISSUED.now),
    attributes: toAttributes(one.context?.attributes),
  };
}

function issuedOf(one: Case): Issued {
  const { now, attributes, ...given } = { ...ISSUED, ...one.issued } as JsonObject & typeof ISSUED;
  return { ...given, now: BigInt(now), attributes: toAttributes(attributes) };
}

function documentOf(one: Case): Document {
  if (!one.document) throw new Mistake('The case has no document.');
  const { body = '' } = one.document;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { contentType: one.document['content-type'] ?? 'application/json', body: new TextEncoder().encode(text) };
}

/** Fields of a client that are lists of attributes, written as objects. */
const ATTRIBUTE_LISTS = ['attributes', 'registeredNodes', 'authenticationFlowBindingOverrides'];

function toClient(json: JsonObject): Client {
  const client = camel(json);
  for (const field of ATTRIBUTE_LISTS) {
    if (field === 'attributes' || client[field] !== undefined) client[field] = toAttributes(client[field] as Json | undefined) as unknown as Json;
  }
  const mappers = client.protocolMappers as JsonObject[] | undefined;
  return { ...client, ...(mappers ? { protocolMappers: mappers.map(toMapper) } : {}) } as unknown as Client;
}

function toMapper(json: JsonObject): ProtocolMapper {
  const mapper = { mapperType: '', consentRequired: false, ...camel(json) };
  return { ...mapper, config: toAttributes(json.config) } as unknown as ProtocolMapper;
}

function toAttributes(json: Json | undefined): Attribute[] {
  return Object.entries((json ?? {}) as Record<string, string>).map(([name, value]) => ({ name, value }));
}

/** Names of members as in TypeScript; an absent option is left out. */
function camel(json: JsonObject): JsonObject {
  const entries = Object.entries(json).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      typeof value === 'object' && value !== null && !Array.isArray(value) && !ATTRIBUTE_LISTS.includes(name) ? camel(value) : value,
    ]),
  );
}

/** An answer that is a result. */
function fromResult(answer: Answer<unknown>): Json {
  return 'err' in answer ? { err: fromValue(answer.err) } : { ok: fromValue(answer.ok) };
}

/** A value of the contract, written as in cases. */
function fromValue(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(fromValue);
  if (typeof value !== 'object') return value as Json;
  if ('tag' in value) return fromVariant(value as { tag: string; val?: unknown });
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const isMap = (ATTRIBUTE_LISTS.includes(name) || name === 'config') && Array.isArray(member);
      return [kebab(name), isMap ? Object.fromEntries((member as Attribute[]).map((entry) => [entry.name, entry.value])) : fromValue(member)];
    }),
  );
}

/** A case without data is a text, one with data an object with one member. */
function fromVariant({ tag, val }: { tag: string; val?: unknown }): Json {
  return val === undefined ? tag : { [tag]: fromValue(val) };
}

/** Lists that are never absent in the contract: an absent one is empty. */
const LISTS = ['attributes', 'config', 'effects'];

/** A value without what says as much when it is left out (host/src/cli/policy/value.rs), so that equal answers are equal. */
function normal(json: Json): Json {
  if (Array.isArray(json)) return json.map(normal);
  if (typeof json !== 'object' || json === null) return json;
  const isMapper = 'mapper-type' in json;
  const nothing = (name: string, value: Json) =>
    value === null || (LISTS.includes(name) && Object.keys(value).length === 0) || (isMapper && name === 'consent-required' && value === false);
  const entries = Object.entries(json).filter(([name, value]) => !nothing(name, value));
  // A list of names with values is written as an object, an empty one as either.
  return entries.length === 0 ? [] : Object.fromEntries(entries.map(([name, value]) => [name, normal(value)]));
}

function same(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => {
    const [a, b] = [(one as JsonObject)[key], (other as JsonObject)[key]];
    return a !== undefined && b !== undefined && same(a, b);
  });
}
