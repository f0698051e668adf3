// One request with all that decides it, and the calls of its provider (host/src/registration.rs, host/wasm/src/provider.rs).

import { type Answer, ComponentFailure } from './component.js';
import type { ComponentSet, Offered } from './component-set.js';
import type {
  Client,
  Completed,
  Context,
  Document,
  Issued,
  Operation,
  Registration,
  RegistrationProvider,
} from './contract.js';
import type { Facts, LogLine, Unanswered } from './facts.js';
import { metadata, serverError } from './refusal.js';
import { asReceived } from './server-attributes.js';

/** One call of a component, for the list of what took how long. */
export interface Call {
  component: string;
  call: string;
  micros: number;
}

/** What is learned on the way to an answer. */
export interface Trace {
  calls: Call[];
  log: (LogLine & { component: string })[];
  unanswered: Unanswered[];
}

/** Waits for a call of a component and keeps what it said beside its answer, also when there is none. */
export async function noted<T extends Answer<unknown>>(trace: Trace, component: string, call: string, answered: Promise<T>): Promise<T> {
  const said = (log: LogLine[]) => trace.log.push(...log.map((line) => ({ ...line, component })));
  let answer: T;
  try {
    answer = await answered;
  } catch (error) {
    if (error instanceof ComponentFailure) said(error.log);
    throw error;
  }
  trace.calls.push({ component, call, micros: answer.micros });
  said(answer.log);
  for (const one of answer.unanswered) {
    if (!trace.unanswered.some(({ question, about }) => question === one.question && about === one.about)) {
      trace.unanswered.push(one);
    }
  }
  return answer;
}

/** A request whose provider and operation are known to exist. */
export class Exchange {
  constructor(
    readonly components: ComponentSet,
    readonly provider: Offered<RegistrationProvider>,
    readonly facts: Facts,
    readonly context: Context,
    readonly trace: Trace,
    private readonly names: Map<string, string | undefined> = new Map(),
  ) {}

  /** The same realm with another provider. */
  with(provider: Offered<RegistrationProvider>): Exchange {
    return new Exchange(this.components, provider, this.facts, this.context, this.trace);
  }

  /** Document to client as sent. */
  async parse(operation: Operation, document: Document): Promise<Client> {
    return asReceived(await this.valid<Client>('parse', [this.id, operation, document]));
  }

  /** Client as sent to full client; mappers have ids. */
  async complete(proposed: Client, stored: Client | undefined, issued: Issued): Promise<Completed> {
    const completed = await this.valid<Completed>('complete', [this.id, proposed, stored, issued]);
    return { ...completed, client: withMapperIds(completed.client) };
  }

  /** Validates, then renders the answer of a register or update. */
  finish(operation: Operation, client: Client, registration: Registration): Promise<Document> {
    return this.valid('finish', [this.id, operation, client, registration]);
  }

  /** Renders a stored client. */
  render(client: Client, registration: Registration): Promise<Document> {
    return this.valid('render', [this.id, client, registration]);
  }

  /** A field of the record under its name in the provider's documents. */
  async documentName(field: string): Promise<string | undefined> {
    if (!this.names.has(field)) {
      const answer = await this.provider.component
        .call('providers', 'documentName', [this.id, field], this.facts)
        .catch(() => ({ ok: undefined }));
      this.names.set(field, 'ok' in answer ? answer.ok : undefined);
    }
    return this.names.get(field);
  }

  private get id(): string {
    return this.provider.description.id;
  }

  private async valid<T>(name: 'parse' | 'complete' | 'finish' | 'render', args: unknown[]): Promise<T> {
    const { component } = this.provider;
    let answer: Answer<unknown>;
    try {
      const answered: Promise<Answer<unknown>> = component.call('providers', name, args as never, this.facts);
      answer = await noted(this.trace, component.name, `${name} ${this.id}`, answered);
    } catch (error) {
      throw error instanceof ComponentFailure ? serverError(error) : error;
    }
    if ('err' in answer) throw metadata(answer.err as Parameters<typeof metadata>[0]);
    return answer.ok as T;
  }
}

/** Gives an id to each protocol mapper that has none. The server makes random ones; here an answer stays the same. */
function withMapperIds(client: Client): Client {
  if (!client.protocolMappers) return client;
  const id = (at: number) => `00000000-0000-4000-8000-1${String(at).padStart(11, '0')}`;
  return { ...client, protocolMappers: client.protocolMappers.map((mapper, at) => ({ ...mapper, id: mapper.id ?? id(at) })) };
}
