// Cases as data (tests/cases/README.md): one call of a component, and the answer that is expected. `matricula policy test`
// reads the same files (host/src/cli/policy/case.rs); tests/case-format holds both to the same form.

import { hidden } from './amendment.js';
import { type Component, ComponentFailure } from './component.js';
import type { ComponentSet } from './component-set.js';
import type { Client, InterfaceName } from './contract.js';
import { FUNCTIONS } from '../generated/contract-types.js';
import { type Facts, type LogLine, NO_FACTS } from './facts.js';
import { camel, checkJson, type Json, type JsonObject, Mistake, read, same, type Signature, type Type, within, write } from './values.js';

const CALLS = ['evaluate', 'check-config', 'allowed-origins', 'judge', 'execute', 'parse', 'complete', 'finish', 'render', 'document-name'] as const;
type Call = (typeof CALLS)[number];
type Subject = 'policy' | 'condition' | 'executor' | 'provider';

const TEXT: Type = { option: 'string' };
const ANY: Type = { option: 'json' };
const OBJECT: Type = { option: { map: 'json' } };
const TEXTS: Type = { list: 'string' };
const PART: Type = { option: { record: [['provider', TEXT], ['name', TEXT], ['config', OBJECT]] } };
const SCOPE: Type = { record: [['name', 'string'], ['assigned', { enum: ['none', 'default', 'optional'] }]] };
const RESPONSE: Type = { record: [['status', { option: 'u16' }], ['content-type', TEXT], ['body', 'string']] };
const FACTS: [string, Type][] = [
  ['client-scopes', { map: { list: SCOPE } }],
  ['protocol-mapper-types', TEXTS],
  ['acr-levels', { map: 's32' }],
  ['flows', TEXTS],
  ['base-url', 'string'],
  ['settings', { map: 'string' }],
  ['client-count', 'u64'],
  ['addresses-of', { map: TEXTS }],
  ['names-of', { map: TEXTS }],
  ['roles-of', { map: TEXTS }],
  ['fetch', { map: RESPONSE }],
];

/** The form of a case: its members, and what each holds. What the contract has types for is read by these. */
const CASE: [string, Type][] = [
  ['name', 'string'],
  ['call', { option: { enum: [...CALLS] } }],
  ['policy', PART],
  ['condition', PART],
  ['executor', PART],
  ['hook', TEXT],
  ['event', TEXT],
  ['context', OBJECT],
  ['proposed', ANY],
  ['stored', ANY],
  ['provider', TEXT],
  ['operation', TEXT],
  ['document', { option: { record: [['content-type', TEXT], ['body', 'json']] } }],
  ['issued', OBJECT],
  ['registration', OBJECT],
  ['field', TEXT],
  ['facts', { option: { record: FACTS.map(([name, type]) => [name, { option: type }]) } }],
  ['expected', ANY],
  ['$schema', ANY],
  ['comment', ANY],
];

/** A configured policy, condition or executor. */
interface Part {
  provider?: string;
  name?: string;
  config?: JsonObject;
}

/** One case, as it stands in a file. */
export interface Case {
  name: string;
  call?: Call;
  policy?: Part;
  condition?: Part;
  executor?: Part;
  hook?: string;
  event?: string;
  context?: JsonObject;
  proposed?: Json;
  stored?: Json;
  provider?: string;
  operation?: string;
  document?: { 'content-type'?: string; body: Json };
  issued?: JsonObject;
  registration?: JsonObject;
  field?: string;
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
  /** What the component wrote to the log. */
  log: LogLine[];
  millis: number;
}

/** The cases of a file: it holds one or a list of them. Throws with what is wrong. */
export function casesOf(path: string, content: unknown): Filed[] {
  const parts = path.split('/');
  const file = parts.at(-1) ?? path;
  const component = parts.at(-2) ?? '';
  return (Array.isArray(content) ? content : [content]).map((one, at) => {
    const wrong = (what: string) => new Mistake(`${file}: case ${at + 1} ${what}.`);
    if (!isObject(one)) throw wrong('is no object');
    const unknown = Object.keys(one).find((name) => !CASE.some(([member]) => member === name));
    if (unknown !== undefined) throw wrong(`has the unknown member "${unknown}"`);
    if (typeof one.name !== 'string' || one.name.trim() === '') throw wrong('has no name');
    if (!('expected' in one)) throw wrong(`("${one.name}") does not say what is expected`);
    const made = withoutNulls(one);
    within(`${file}: case ${at + 1}`, () => {
      checkJson(one);
      read(made, { record: CASE });
    });
    return { component, file, case: made as unknown as Case };
  });
}

/** A case without the members that are null: they say as much as absent ones. */
function withoutNulls(one: JsonObject): JsonObject {
  const deep = ['policy', 'condition', 'executor', 'facts', 'context', 'issued', 'registration'];
  const present = Object.entries(one).filter(([name, value]) => value !== null || name === 'expected');
  return Object.fromEntries(present.map(([name, value]) => [name, name === 'document' || deep.includes(name) ? stripped(value, name !== 'document') : value]));
}

function stripped(json: Json, deep: boolean): Json {
  if (!isObject(json)) return json;
  const present = Object.entries(json).filter(([, value]) => value !== null);
  return Object.fromEntries(deep ? present.map(([name, value]) => [name, stripped(value, deep)]) : present);
}

const isObject = (json: unknown): json is JsonObject => typeof json === 'object' && json !== null && !Array.isArray(json);

/** Runs a case with a component of a set; without one, with whatever component has what the case names. */
export async function run(set: ComponentSet, { case: one }: Filed, of?: Component): Promise<Ended> {
  const began = performance.now();
  const log: LogLine[] = [];
  try {
    const got = await new Run(set, of, one, log).answer();
    const expected = within('`expected`', () => normal(one));
    return { passed: same(got, expected), got, log, millis: performance.now() - began };
  } catch (error) {
    if (!(error instanceof ComponentFailure || error instanceof Mistake)) throw error;
    return { passed: false, error: error.message, log, millis: performance.now() - began };
  }
}

/** Which function is called: what the case says, else what goes with the part that it configures. */
function callOf(one: Case): Call {
  return one.call ?? (one.condition ? 'judge' : one.executor ? 'execute' : 'evaluate');
}

/** What is called. */
function subjectOf(one: Case): Subject {
  switch (callOf(one)) {
    case 'evaluate':
    case 'allowed-origins':
      return 'policy';
    case 'judge':
      return 'condition';
    case 'execute':
      return 'executor';
    case 'check-config':
      return one.condition ? 'condition' : one.executor ? 'executor' : 'policy';
    default:
      return 'provider';
  }
}

const INTERFACE: Record<Subject, InterfaceName> = {
  policy: 'policies',
  condition: 'client-policies',
  executor: 'client-policies',
  provider: 'providers',
};

function signatureOf(one: Case): Signature {
  return FUNCTIONS[INTERFACE[subjectOf(one)]]?.[callOf(one)] as Signature;
}

/** Where the functions of a component's interface are, by id of what is called. */
type Offers = ReadonlyMap<string, { component: Component; description: object }>;

/** One case that is run. */
class Run {
  constructor(
    private readonly set: ComponentSet,
    private readonly of: Component | undefined,
    private readonly one: Case,
    private readonly log: LogLine[],
  ) {}

  async answer(): Promise<Json> {
    const { one, component } = this.named();
    if (!one.document || !['evaluate', 'judge', 'execute'].includes(callOf(one))) return this.call(component, one);
    if (one.proposed !== undefined) throw new Mistake('the client is given twice: `document` and `proposed`');
    const { document: _, ...rest } = one;
    return this.call(component, { ...rest, proposed: await this.read(one) });
  }

  /** Calls a function; the result as cases write it. */
  private async call(component: Component, one: Case): Promise<Json> {
    const { params, result } = signatureOf(one);
    const args = params.map(([name, type]) => within(`\`${name}\``, () => read(argument(one, name, type), type)));
    try {
      const answer = await component.call(INTERFACE[subjectOf(one)], camel(callOf(one)) as never, args as never, factsOf(this.one));
      this.log.push(...answer.log);
      return shown(callOf(one), write(returned(answer, result as Type), result as Type));
    } catch (error) {
      if (error instanceof ComponentFailure) this.log.push(...error.log);
      throw error;
    }
  }

  /** What a document says, as a policy sees it: as sent, or for after-hooks made full, without its secret and private key. */
  private async read({ name, hook, event, document, stored, issued, ...rest }: Case): Promise<Json> {
    const { provider, operation } = contextOf({ name, ...(hook ? { hook } : {}), ...(event ? { event } : {}), ...rest }) as Record<string, string>;
    const reader = this.offers('provider').get(provider ?? '') ?? this.set.providers.get(provider ?? '');
    if (!reader) throw new Mistake(`No component here offers the provider "${provider}". Add its component on the bench.`);
    const made = async (one: Partial<Case>): Promise<JsonObject> => {
      const { ok, err } = (await this.call(reader.component, { name, expected: null, provider, ...one } as Case)) as { ok?: JsonObject; err?: Json };
      if (!ok) throw new Mistake(`the document is refused before policies are asked: ${JSON.stringify(err)}`);
      return ok;
    };
    const sent = await made({ call: 'parse', operation, document } as Partial<Case>);
    const isFull = ['after-register', 'after-update'].includes(hook ?? '') || ['registered', 'updated'].includes(event ?? '');
    if (!isFull) return seen(sent);
    const completed = await made({ call: 'complete', proposed: sent, stored, issued } as Partial<Case>);
    return seen(completed.client as JsonObject);
  }

  /** The kinds of what is called: those of the component that is tried, else all that are here. */
  private offers(subject: Subject): Offers {
    const all: Offers = { policy: this.set.policies, condition: this.set.conditions, executor: this.set.executors, provider: this.set.providers }[subject];
    return this.of ? new Map([...all].filter(([, { component }]) => component === this.of)) : all;
  }

  /** The case with the only kind of what is called filled in, and who has it. Refuses what the server would not ask. */
  private named(): { one: Case; component: Component } {
    const { one } = this;
    const subject = subjectOf(one);
    const offers = this.offers(subject);
    const known = [...offers.keys()];
    const given = subject === 'provider' ? one.provider : one[subject]?.provider;
    const member = subject === 'provider' ? '`provider`' : `\`${subject}.provider\``;
    const mistake = (): string | undefined => {
      if (!this.of) {
        if (given === undefined) return `${member} is missing. Add your component on the bench, and its only ${subject} is asked.`;
        return offers.has(given) ? undefined : `No component here offers the ${subject} "${given}". Add its component on the bench.`;
      }
      if (known.length === 0) return `the component has no ${subject}`;
      if (given !== undefined && !offers.has(given)) return `the component has no ${subject} of that kind, only ${known.join(', ')}`;
      return given === undefined && known.length > 1 ? `${member} is missing: the component has ${known.join(', ')}` : undefined;
    };
    const wrong = mistake();
    if (wrong !== undefined) throw new Mistake(wrong);
    const id = given ?? (known[0] as string);
    const { component, description } = offers.get(id) as { component: Component; description: { hooks?: string[]; events?: string[] } };
    if (callOf(one) === 'evaluate' && isOf('hook', one.hook) && !description.hooks?.includes(one.hook)) {
      throw new Mistake(`the policy is never asked at ${one.hook}: its \`describe\` does not name that hook`);
    }
    if (callOf(one) === 'execute' && isOf('event', one.event) && !description.events?.includes(one.event)) {
      throw new Mistake(`the executor is never run on ${one.event}: its \`describe\` does not name that event`);
    }
    return { one: subject === 'provider' ? { ...one, provider: id } : { ...one, [subject]: { ...one[subject], provider: id } }, component };
  }
}

/** Whether there is a hook or event of this name. */
function isOf(kind: 'hook' | 'event', name: string | undefined): name is string {
  const { params } = (kind === 'hook' ? FUNCTIONS.policies?.evaluate : FUNCTIONS['client-policies']?.judge) as Signature;
  return (params[0]?.[1] as { enum: string[] }).enum.includes(name ?? '');
}

/** The value for a parameter of a function, under its name in the contract. */
function argument(one: Case, parameter: string, type: Type): Json | undefined {
  const needed = <T>(value: T | undefined, member: string, what: string): T => {
    if (value === undefined) throw new Mistake(`\`${member}\` is missing: ${what}`);
    return value;
  };
  const subject = subjectOf(one);
  switch (parameter) {
    case 'hook':
      return needed(one.hook, 'hook', 'when the policy is asked');
    case 'event':
      return needed(one.event, 'event', 'what happens to the client');
    case 'context': {
      const { decision, ...context } = contextOf(one);
      // Components of 0.1.0 are not told the id of the decision record.
      const tells = (type as { record: [string, Type][] }).record.some(([name]) => name === 'decision');
      return tells ? { ...context, decision: decision ?? '' } : context;
    }
    case 'policy':
      return configured(one.policy, 'name');
    case 'policies':
      return [configured(one.policy, 'name')];
    case 'conditions':
      return [configured(one.condition, 'policy')];
    case 'executors':
      return [configured(one.executor, 'policy')];
    case 'role':
      return subject;
    case 'part':
      return configured(subject === 'condition' ? one.condition : one.executor, 'policy');
    case 'operation':
      return contextOf(one).operation;
    case 'document':
      return { 'content-type': 'application/json', ...needed(one.document, 'document', 'what is read') };
    case 'issued':
      return overlaid({ id: '00000000-0000-4000-8000-000000000001', secret: 'secret', salt: 'salt', now: 1_700_000_000, attributes: {} }, one.issued);
    case 'client':
      // Of `finish` and `render`.
      return callOf(one) === 'finish'
        ? needed(one.proposed, 'proposed', 'the client that is answered')
        : needed(one.stored, 'stored', 'the client that is shown');
    case 'registration':
      return overlaid({ 'client-uri': 'https://id.example/client', 'issued-at': 1_700_000_000 }, one.registration);
    case 'field':
      return needed(one.field, 'field', 'of the record `client`');
    default:
      return one[parameter as 'proposed' | 'stored' | 'provider'];
  }
}

/** A configured part as the contract has it; its name is called otherwise in each interface. */
function configured(part: Part | undefined, name: 'name' | 'policy'): JsonObject {
  const provider = part?.provider ?? '';
  return { [name]: part?.name ?? provider, provider, config: part?.config ?? {} };
}

const OPERATIONS: Record<string, string> = {
  'before-update': 'update',
  'after-update': 'update',
  'before-view': 'read',
  'before-install': 'read',
  'before-delete': 'delete',
  update: 'update',
  updated: 'update',
  view: 'read',
  unregister: 'delete',
};

function contextOf(one: Case): JsonObject {
  const asked = one.hook ?? one.event ?? '';
  const below = {
    realm: 'cases',
    provider: 'openid-connect',
    operation: one.operation ?? OPERATIONS[asked] ?? 'register',
    caller: { kind: 'anonymous', roles: [], groups: [], address: '127.0.0.1' },
    'registration-auth': 'anonymous',
    now: 1_700_000_000,
    decision: '',
    attributes: {},
  };
  return overlaid(below, one.context);
}

/** Puts members over those that are there; in objects (`caller`) one by one. */
function overlaid(below: JsonObject, above: JsonObject | undefined): JsonObject {
  const entries = Object.entries(above ?? {}).map(([name, value]) => {
    const inner = Object.hasOwn(below, name) ? below[name] : undefined;
    return [name, isObject(inner) && isObject(value) ? overlaid(inner, value) : value];
  });
  return { ...below, ...Object.fromEntries(entries) };
}

function factsOf(one: Case): Facts {
  const { fetch, ...facts } = one.facts ?? {};
  const documents = Object.entries(fetch ?? {}).map(([url, response]) => [url, { ...response, status: response.status ?? 200 }]);
  return { ...NO_FACTS, ...facts, fetch: Object.fromEntries(documents) };
}

/** A client as policies see it (engine/amendment.ts), written as in cases. */
function seen(client: JsonObject): Json {
  const { params } = FUNCTIONS.policies?.evaluate as Signature;
  const type = params.find(([name]) => name === 'proposed')?.[1] as Type;
  return write(hidden(read(client, type) as Client), type);
}

/** What a function returned, as a value of its type. */
function returned(answer: { ok: unknown } | { err: unknown }, type: Type): unknown {
  if (typeof type === 'object' && 'result' in type) return 'err' in answer ? { tag: 'err', val: answer.err } : { tag: 'ok', val: answer.ok };
  if ('err' in answer) throw new Mistake(`the component answers with an error: ${JSON.stringify(answer.err)}`);
  return answer.ok;
}

/** The expected answer in the form in which answers are compared. */
function normal(one: Case): Json {
  const call = callOf(one);
  const { expected } = one;
  const isError = isObject(expected) && 'err' in expected;
  const wrapped = () => {
    if (call === 'evaluate') return [expected];
    if (call === 'judge' || call === 'execute') return [isError ? expected : { ok: expected }];
    if (call === 'check-config') return Array.isArray(expected) && expected.length === 0 ? 'ok' : { err: expected };
    return expected;
  };
  const type = signatureOf(one).result as Type;
  return shown(call, write(read(wrapped(), type), type));
}

/** The result of a function as cases write it. */
function shown(call: Call, result: Json): Json {
  switch (call) {
    case 'evaluate':
    case 'judge':
    case 'execute': {
      const answers = result as Json[];
      const what = {
        evaluate: 'decisions of 1 policy: a decision for each',
        judge: 'verdicts of 1 condition: a verdict for each',
        execute: 'outcomes of 1 executor: an outcome for each',
      }[call];
      const [answer] = answers;
      if (answers.length !== 1 || answer === undefined) throw new Mistake(`${answers.length} ${what} is expected`);
      // An error stays marked as one.
      return call !== 'evaluate' && isObject(answer) && 'ok' in answer ? (answer.ok as Json) : answer;
    }
    case 'check-config':
      return (result as { err?: Json }).err ?? [];
    default:
      return result;
  }
}
