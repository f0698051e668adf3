// What the server would answer: the decisions of host/src/registration/{register,read,update,delete}.rs in their order,
// without its database, its tokens and its network. The caller is taken as given.

import { changedMembers } from './changed.js';
import { ClientPolicies, type ClientPolicyEvaluation } from './client-policies.js';
import type { ComponentSet, Offered } from './component-set.js';
import type { Attribute, CallerKind, Client, Completed, Context, Document, Effect, Issued, Operation, RegistrationAuth, RegistrationProvider } from './contract.js';
import { Exchange, type Trace } from './exchange.js';
import { type Noted, Policies } from './policies.js';
import { BUILT_IN_CLIENTS, type Realm } from './realm.js';
import { DECISION, type ErrorBody, invalidClientMetadata, type PolicyViolation, Refusal } from './refusal.js';
import { asSent, type Json } from './representation.js';

/** A document with its media type. */
export interface Sent {
  contentType: string;
  text: string;
}

/** Who asks. */
export interface Caller {
  kind: CallerKind;
  address: string;
  origin?: string;
  subject?: string;
  roles: string[];
  groups: string[];
}

/** A request to try. */
export interface Request {
  provider: string;
  operation: Operation;
  /** For register and update. */
  document: Sent;
  /** The client that is there already, by the document that registered it: for read, update and delete. */
  stored?: { provider: string; document: Sent };
  caller: Caller;
  /** How the client was registered; counts for callers with a registration access token. */
  registeredAs: RegistrationAuth;
  /** Unix time in seconds. */
  now: number;
}

/** The HTTP answer. */
export interface Answer {
  status: number;
  headers: [name: string, value: string][];
  body: string;
}

/** What would happen. */
export interface Outcome {
  decision: 'accept' | 'hold' | 'reject';
  answer: Answer;
  error: string | null;
  error_description: string | null;
  violations: PolicyViolation[];
  policies: Noted[];
  clientPolicies: ClientPolicyEvaluation[];
  /** The client as sent, or as it is stored. */
  before: Json;
  /** The client as it would be stored; null when nothing would be. */
  after: Json;
  /** The client as it is stored before an update; else null. */
  stored: Json;
  /** What the server would do beside storing the client. */
  effects: Effect[];
  /** Why, for the operator: what the server's log would say of a failure. */
  detail?: string;
  trace: Trace;
  /** Milliseconds. */
  took: number;
}

/** A request that the bench cannot try; the message says what to do. */
export class Untryable extends Error {}

/** Stands where the server shows something that only it can make. */
export const MADE_BY_SERVER = 'made-by-the-server';

const ISSUED_ID = '00000000-0000-4000-8000-000000000001';
const STORED_ID = '00000000-0000-4000-8000-000000000003';
const HELD = 'registration.held';
/** Longest document, in bytes (host/src/document.rs). */
const LENGTH = 1 << 20;

/** Tries a request in a realm. */
export async function evaluate(components: ComponentSet, realm: Realm, request: Request): Promise<Outcome> {
  const began = performance.now();
  const trace: Trace = { calls: [], log: [], unanswered: [] };
  const provider = components.providers.get(request.provider);
  if (!provider) throw new Untryable(`No component offers the provider "${request.provider}". Choose another one, or add its component.`);
  if (!provider.description.operations.includes(request.operation)) {
    throw new Untryable(`Provider "${request.provider}" does not offer "${request.operation}". Choose another operation.`);
  }
  const auth = registrationAuth(request);
  const exchange = new Exchange(components, provider, realm.facts, context(realm, request, auth), trace);
  const stored = request.operation === 'register' ? undefined : await existing(exchange, request, realm);
  const policies = new Policies(exchange, realm.policies[auth]);
  const clientPolicies = new ClientPolicies(exchange, realm.profiles, realm.clientPolicies);
  const attempt = new Attempt(exchange, realm, request, policies, clientPolicies, stored);
  let outcome: Decided;
  try {
    outcome = await attempt.answer();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    outcome = { decision: 'reject', answer: refusal(error), after: null, refused: error.body, ...(error.detail ? { detail: error.detail } : {}) };
  }
  const { refused, ...rest } = outcome;
  return {
    ...rest,
    error: refused?.error ?? null,
    error_description: refused?.error_description ?? null,
    violations: refused?.violations ?? [],
    policies: policies.evaluations,
    clientPolicies: clientPolicies.evaluations,
    before: attempt.before,
    stored: stored ? asSent(stored) : null,
    effects: attempt.effects,
    trace,
    took: performance.now() - began,
  };
}

/** Which of the realm's two sets of policies applies. */
export function registrationAuth(request: Pick<Request, 'caller' | 'registeredAs'>): RegistrationAuth {
  switch (request.caller.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'registration-access-token':
      return request.registeredAs;
    default:
      return 'authenticated';
  }
}

function context(realm: Realm, request: Request, registrationAuth: RegistrationAuth): Context {
  const { caller } = request;
  const isBearer = caller.kind === 'bearer';
  return {
    realm: realm.name,
    provider: request.provider,
    operation: request.operation,
    caller: {
      kind: caller.kind,
      ...(isBearer && caller.subject ? { subject: caller.subject } : {}),
      roles: isBearer ? caller.roles : [],
      groups: isBearer ? caller.groups : [],
      address: caller.address,
      ...(caller.origin ? { origin: caller.origin } : {}),
    },
    registrationAuth,
    now: BigInt(request.now),
    decision: DECISION,
    attributes: ofClientId(request),
  };
}

/** What policies are told of a client that publishes its metadata: the host of the address that its identifier is. */
function ofClientId({ provider, document, stored, caller }: Request): Attribute[] {
  if (provider !== 'client-id-metadata-document') return [];
  try {
    const { client_id: address } = JSON.parse((stored?.document ?? document).text) as { client_id?: unknown };
    return [
      { name: 'client-id-host', value: new URL(String(address)).hostname },
      { name: 'asked-by', value: caller.address },
    ];
  } catch {
    return []; // The provider says what is wrong with it.
  }
}

/** The client that is there already: as if its document had been registered without any policy. */
async function existing(exchange: Exchange, request: Request, realm: Realm): Promise<Client> {
  if (!request.stored) throw new Untryable('There is no client yet. Give the document that it was registered with.');
  const { provider, document } = request.stored;
  const offered = exchange.components.providers.get(provider);
  if (!offered) throw new Untryable(`No component offers the provider "${provider}" of the stored client.`);
  // What is asked here is not part of the request.
  const apart = new Exchange(exchange.components, offered, realm.facts, exchange.context, { calls: [], log: [], unanswered: [] });
  try {
    const proposed = await apart.parse('register', bytes(document));
    const completed = await apart.complete(proposed, undefined, issued(STORED_ID, request.now));
    return withAddedMappers(completed).client;
  } catch (error) {
    if (error instanceof Refusal) throw new Untryable(`The stored client could not have been registered: ${error.message}. Correct its document.`);
    throw error;
  }
}

/** What an XML declaration says of bytes does not count for characters, which the mark tells (host/src/document.rs). */
function bytes({ contentType, text }: Sent): Document {
  const [type = ''] = contentType.split(';');
  const mark = type.trim().toLowerCase().endsWith('xml') ? '\uFEFF' : '';
  return { contentType, body: new TextEncoder().encode(mark + text) };
}

const issued = (id: string, now: number): Issued => ({
  id,
  secret: MADE_BY_SERVER,
  salt: MADE_BY_SERVER,
  now: BigInt(now),
  attributes: [],
});

/** The mappers that policies don't judge. */
function withAddedMappers({ client, effects }: Completed): { client: Client; effects: Effect[] } {
  const added = effects.flatMap((effect) => (effect.tag === 'add-protocol-mapper' ? [{ ...effect.val, id: effect.val.id ?? MADE_BY_SERVER }] : []));
  if (added.length === 0) return { client, effects };
  return { client: { ...client, protocolMappers: [...(client.protocolMappers ?? []), ...added] }, effects };
}

interface Decided {
  decision: Outcome['decision'];
  answer: Answer;
  after: Json;
  refused?: ErrorBody;
  detail?: string;
}

class Attempt {
  before: Json = null;
  effects: Effect[] = [];

  constructor(
    private readonly exchange: Exchange,
    private readonly realm: Realm,
    private readonly request: Request,
    private readonly policies: Policies,
    private readonly clientPolicies: ClientPolicies,
    private readonly stored: Client | undefined,
  ) {
    if (stored) this.before = asSent(stored);
  }

  async answer(): Promise<Decided> {
    if (this.stored) this.checkProtocol(this.stored);
    switch (this.request.operation) {
      case 'register':
        return this.register();
      case 'read':
        return this.read(this.stored as Client);
      case 'update':
        return this.update(this.stored as Client);
      case 'delete':
        return this.delete(this.stored as Client);
    }
  }

  private async register(): Promise<Decided> {
    const document = this.document();
    const sent = await this.exchange.parse('register', document);
    this.before = asSent(sent);
    let requested = present(await this.clientPolicies.run('register', sent, undefined));
    requested = present(await this.policies.run('before-register', requested, undefined));
    const completed = await this.exchange.complete(requested, undefined, issued(ISSUED_ID, this.request.now));
    let { client } = completed;
    if (BUILT_IN_CLIENTS.includes(client.clientId ?? '')) throw invalidClientMetadata('Client Identifier in use');
    client = present(await this.clientPolicies.run('registered', client, undefined));
    client = present(await this.policies.run('after-register', client, undefined));
    const { held } = this.policies;
    if (held !== undefined) {
      client = { ...client, enabled: false, attributes: [...client.attributes, { name: HELD, value: held }] };
    }
    client = this.carriedOut({ ...completed, client });
    const uri = this.clientUri(client);
    const rendered = await this.exchange.finish('register', client, this.registration(client, MADE_BY_SERVER));
    const answer = documentAnswer(201, rendered);
    answer.headers.push(['Location', uri]);
    if (held !== undefined) answer.headers.push(['Matricula-Held', held]);
    this.markChanged(answer, document);
    return { decision: held === undefined ? 'accept' : 'hold', answer, after: await this.shown(client) };
  }

  private async update(stored: Client): Promise<Decided> {
    const document = this.document();
    const sent = await this.exchange.parse('update', document);
    let requested = present(await this.clientPolicies.run('update', sent, stored));
    requested = present(await this.policies.run('before-update', requested, stored));
    if (requested.clientId !== stored.clientId) throw invalidClientMetadata('Client Identifier modified');
    const { protocol } = requested;
    if (this.request.caller.kind === 'registration-access-token' && protocol !== undefined && protocol !== stored.protocol) {
      throw invalidClientMetadata('Protocol cannot be changed via registration access token');
    }
    const completed = await this.exchange.complete(requested, stored, issued(ISSUED_ID, this.request.now));
    let client = present(await this.clientPolicies.run('updated', completed.client, stored));
    client = present(await this.policies.run('after-update', client, stored));
    client = this.carriedOut({ ...completed, client });
    const rendered = await this.exchange.finish('update', client, this.registration(client, this.shownToken()));
    const answer = documentAnswer(200, rendered);
    this.markChanged(answer, document);
    return { decision: 'accept', answer, after: await this.shown(client) };
  }

  /** Says in an answer what policies changed of the document. */
  private markChanged(answer: Answer, document: Document) {
    const changed = changedMembers(document, this.policies.evaluations);
    if (changed.length > 0) answer.headers.push(['Matricula-Changed', changed.join(', ')]);
  }

  private async read(stored: Client): Promise<Decided> {
    await this.clientPolicies.run('view', undefined, stored);
    await this.policies.run('before-view', undefined, stored);
    if (this.exchange.provider.description.clientAuthentication) await this.policies.run('before-install', undefined, stored);
    const token = this.exchange.provider.description.clientAuthentication ? undefined : this.shownToken();
    const rendered = await this.exchange.render(stored, this.registration(stored, token));
    return { decision: 'accept', answer: documentAnswer(200, rendered), after: await this.shown(stored) };
  }

  private async delete(stored: Client): Promise<Decided> {
    await this.clientPolicies.run('unregister', undefined, stored);
    await this.policies.run('before-delete', undefined, stored);
    return { decision: 'accept', answer: { status: 204, headers: [], body: '' }, after: null };
  }

  /** The document, if it is of a media type and a length that the server takes. */
  private document(): Document {
    const { contentType, text } = this.request.document;
    const [type = ''] = contentType.split(';');
    const accepted = this.exchange.provider.description.contentTypes;
    if (type.trim() !== '' && !accepted.some((one) => one.toLowerCase() === type.trim().toLowerCase())) {
      throw new Refusal(415, { error: 'The content-type header value did not match the value in @Consumes' });
    }
    if (new TextEncoder().encode(text).length > LENGTH) {
      throw new Refusal(413, { error: 'invalid_request', error_description: `The body is longer than ${LENGTH} bytes` });
    }
    return bytes({ contentType, text });
  }

  /** Some providers take clients of one protocol only. */
  private checkProtocol(stored: Client) {
    const { protocol } = this.exchange.provider.description;
    if (protocol !== undefined && stored.protocol !== protocol) {
      throw new Refusal(400, { error: 'invalid_client', error_description: 'Wrong client protocol.' });
    }
  }

  private carriedOut(completed: Completed): Client {
    const { client, effects } = withAddedMappers(completed);
    this.effects = effects;
    return client;
  }

  private clientUri(client: Client): string {
    const issuer = `${this.realm.facts['base-url']}/realms/${this.realm.name}`;
    return `${issuer}/clients-registrations/${this.request.provider}/${escaped(client.clientId ?? '')}`;
  }

  private registration(client: Client, accessToken: string | undefined) {
    return {
      clientUri: this.clientUri(client),
      ...(accessToken === undefined ? {} : { accessToken }),
      issuedAt: BigInt(this.request.now),
      roles: client.defaultRoles ?? [],
      resourceServer: this.effects.some(({ tag }) => tag === 'create-resource-server'),
    };
  }

  /** Only who comes with a registration access token is shown one. */
  private shownToken(): string | undefined {
    return this.request.caller.kind === 'registration-access-token' ? MADE_BY_SERVER : undefined;
  }

  /** The client as the Admin API would show it; no secret. */
  private async shown(client: Client): Promise<Json> {
    const offered = this.exchange.components.providers.get('default') as Offered<RegistrationProvider> | undefined;
    if (!offered) return asSent(client);
    const apart = new Exchange(this.exchange.components, offered, this.realm.facts, this.exchange.context, { calls: [], log: [], unanswered: [] });
    const access = { view: true, configure: true, manage: true };
    const registration = { ...this.registration(client, undefined), roles: [], resourceServer: false, access };
    const document = await apart.render(client, registration);
    const { secret: _, access: __, ...shown } = JSON.parse(new TextDecoder().decode(document.body)) as { [name: string]: Json };
    return shown;
  }
}

/** Policies never take a client away. */
function present(client: Client | undefined): Client {
  if (!client) throw new Error('a policy left no client');
  return client;
}

/** A client id as a segment of an address (host/src/registration/answer.rs). */
function escaped(clientId: string): string {
  return encodeURIComponent(clientId).replace(/%(21|24|26|27|28|29|2A|2B|2C|3A|3B|3D|40)/g, (escape) => decodeURIComponent(escape));
}

/** A document with secrets in it: nobody may keep it. */
function documentAnswer(status: number, document: Document): Answer {
  const headers: Answer['headers'] = [
    ['Content-Type', document.contentType],
    ['Cache-Control', 'no-store'],
    ['Pragma', 'no-cache'],
  ];
  return { status, headers, body: new TextDecoder().decode(document.body) };
}

function refusal(error: Refusal): Answer {
  const headers: Answer['headers'] = [['Content-Type', 'application/json']];
  if (error.body.decision) headers.push(['Matricula-Decision', error.body.decision]);
  const { error: code, error_description, violations, decision } = error.body;
  const body = { error: code, error_description, ...(violations?.length ? { violations } : {}), decision };
  return { status: error.status, headers, body: JSON.stringify(body) };
}
