// The clients of a realm: asked for one at a time, kept for a moment, and asked for again with their ETag.

import { AccessTokens } from "./access-token.js";
import { MatriculaError } from "./error.js";
import { type ClientDocument, type Metadata, metadataOf, type MetadataOptions } from "./metadata.js";
import { type Answer, failure, send, text } from "./requests.js";

/** Bytes of a client id that are asked for at most; a longer one is nobody's. */
const LONGEST_ID = 2048;

/** Seconds after a failure in which what is kept is good without a question. */
const PAUSE = 1;

/** How long answers count. */
export interface CacheOptions {
  /** Seconds in which an answer counts without a question; 0: each use asks. Default: 5. */
  maxAge?: number;
  /** Seconds in which an unknown client is unknown without a question. Default: 1. */
  unknownMaxAge?: number;
  /** Seconds since Matricula last confirmed a client in which it is served though Matricula is away. Default: 300. */
  staleIfError?: number;
  /** Clients that are kept at most; those that were used last stay. Default: 1000. */
  size?: number;
}

/** Where the clients are. */
export interface Source {
  /** Address of the realm, without a slash at the end. */
  realm: string;
  tokens: AccessTokens;
  /** Seconds that a request may take. */
  timeout: number;
  /** Told of what is survived: the failure because of which a client was served that may be out of date. */
  onError: (error: MatriculaError) => void;
}

/** What was answered for a client id. */
interface Entry {
  /** Absent: there is no such client, or none that may be used. */
  metadata: Metadata | undefined;
  /** What the question is to name next time. */
  etag: string | undefined;
  /** When the question was sent that was answered so, in milliseconds. */
  confirmed: number;
}

export class Clients {
  readonly #source: Source;
  readonly #options: MetadataOptions;
  readonly #cache: Required<CacheOptions>;
  /** In the order of their last use. */
  readonly #kept = new Map<string, Entry>();
  readonly #asked = new Map<string, Promise<Entry>>();
  /** Until when Matricula is taken to be away, in milliseconds. */
  #awayUntil = 0;

  constructor(source: Source, options: MetadataOptions, cache: CacheOptions = {}) {
    this.#source = source;
    this.#options = options;
    this.#cache = { maxAge: 5, unknownMaxAge: 1, staleIfError: 300, size: 1000, ...cache };
  }

  /** The client of this id, as its metadata for oidc-provider. */
  async find(id: string): Promise<Metadata | undefined> {
    if (!canBeAskedFor(id)) {
      return undefined;
    }
    const entry = (await this.#current(id)).metadata;
    // oidc-provider writes into key sets: what is kept stays as it was answered.
    return structuredClone(entry);
  }

  async #current(id: string): Promise<Entry> {
    const kept = this.#kept.get(id);
    if (kept && this.#isFresh(kept)) {
      this.#keep(id, kept);
      return kept;
    }
    if (kept && Date.now() < this.#awayUntil && this.#isGoodWhileAway(kept)) {
      return kept;
    }
    try {
      return await this.#joined(id, kept);
    } catch (error) {
      if (!(error instanceof MatriculaError) || !error.passes) {
        throw error;
      }
      this.#awayUntil = Date.now() + PAUSE * 1000;
      if (!kept || !this.#isGoodWhileAway(kept)) {
        throw error;
      }
      this.#source.onError(error);
      return kept;
    }
  }

  #isFresh({ metadata, confirmed }: Entry): boolean {
    const { maxAge, unknownMaxAge } = this.#cache;
    return age(confirmed) < (metadata ? maxAge : unknownMaxAge);
  }

  /** An unknown client is never assumed to be unknown still: it may have been registered meanwhile. */
  #isGoodWhileAway({ metadata, confirmed }: Entry): boolean {
    return metadata !== undefined && age(confirmed) < this.#cache.staleIfError;
  }

  /** Asks, or waits for the answer to the same question. */
  #joined(id: string, kept: Entry | undefined): Promise<Entry> {
    const asked = this.#asked.get(id);
    if (asked) {
      return asked;
    }
    const asking = this.#ask(id, kept)
      .then((entry) => {
        this.#keep(id, entry);
        return entry;
      })
      .finally(() => this.#asked.delete(id));
    this.#asked.set(id, asking);
    return asking;
  }

  async #ask(id: string, kept: Entry | undefined): Promise<Entry> {
    const confirmed = Date.now();
    const answer = await this.#read(id, kept?.etag);
    if (answer.status === 304 && kept) {
      return { ...kept, confirmed };
    }
    if (answer.status === 404 && text(answer.body, "error_description") === "Client not found") {
      return { metadata: undefined, etag: undefined, confirmed };
    }
    if (answer.status !== 200 || text(answer.body, "client_id") !== id) {
      throw failure(`Client '${id}' could not be read`, answer);
    }
    const etag = answer.headers.get("etag") ?? undefined;
    // Disabled, held, or none that logs people in: to whoever asks for it it is not there.
    const metadata = answer.headers.has("matricula-inactive")
      ? undefined
      : metadataOf(answer.body as ClientDocument, this.#options);
    return { metadata, etag, confirmed };
  }

  /** Reads a client; a token that is not good any more, although it should be, is replaced once. */
  async #read(id: string, etag: string | undefined): Promise<Answer> {
    const { realm, tokens, timeout } = this.#source;
    const url = `${realm}/clients-registrations/openid-connect/${encodeURIComponent(id)}`;
    const condition: Record<string, string> = etag === undefined ? {} : { "if-none-match": etag };
    for (let attempt = 0; ; attempt += 1) {
      const token = await tokens.get();
      const headers = { ...condition, authorization: `Bearer ${token}`, accept: "application/json" };
      const answer = await send(url, { headers }, timeout);
      if (answer.status !== 401 || attempt > 0) {
        return answer;
      }
      tokens.forget(token);
    }
  }

  /** Puts an entry at the end of the order, and drops the first one when there are too many. */
  #keep(id: string, entry: Entry): void {
    this.#kept.delete(id);
    this.#kept.set(id, entry);
    if (this.#kept.size > this.#cache.size) {
      const [first] = this.#kept.keys();
      this.#kept.delete(first as string);
    }
  }
}

/** Seconds since a moment. */
function age(moment: number): number {
  return (Date.now() - moment) / 1000;
}

/** Whether an id can be a segment of an address: dots alone would lead elsewhere. */
function canBeAskedFor(id: string): boolean {
  return id !== "" && id !== "." && id !== ".." && id.length <= LONGEST_ID && id.isWellFormed();
}
