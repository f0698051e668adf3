// What components may ask the host (wit/facts.wit), answered from data. The members are named as in tests/cases.

/** Answers to everything that components may ask. What is not there is answered empty, absent or 0. */
export interface Facts {
  'client-scopes': Record<string, { name: string; assigned: 'none' | 'default' | 'optional' }[]>;
  'protocol-mapper-types': string[];
  'acr-levels': Record<string, number>;
  /** Ids of authentication flows. */
  flows: string[];
  'base-url': string;
  /** Settings and attributes of the realm by name. */
  settings: Record<string, string>;
  /** Built-in clients included. */
  'client-count': number;
  /** DNS: host name to addresses. */
  'addresses-of': Record<string, string[]>;
  /** DNS: address to names. */
  'names-of': Record<string, string[]>;
  /** Internal id of a client to names of its roles. */
  'roles-of': Record<string, string[]>;
  /** Documents elsewhere, by address. */
  fetch: Record<string, { status: number; 'content-type'?: string; body: string }>;
}

/** No realm, as while a component is being loaded. */
export const NO_FACTS: Facts = {
  'client-scopes': {},
  'protocol-mapper-types': [],
  'acr-levels': {},
  flows: [],
  'base-url': '',
  settings: {},
  'client-count': 0,
  'addresses-of': {},
  'names-of': {},
  'roles-of': {},
  fetch: {},
};

/** A line that a component wrote to the server's log. */
export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
}

/** A question about the world outside that the data had no answer to. */
export interface Unanswered {
  question: 'addresses-of' | 'names-of' | 'fetch';
  about: string;
}

/** What one call asked and said. */
export interface Heard {
  unanswered: Unanswered[];
  log: LogLine[];
  /** The last line at level error: before a trap that is the reason. Kept also when there were too many lines already. */
  complaint?: string;
}

/** At most so many lines of a call go to the log, as in the server (host/wasm/src/engine.rs). */
const LOG_LINES = 16;
/** Bytes of a log line; the rest is cut off. */
const LOG_LINE = 4096;

function cut(message: string): string {
  const bytes = new TextEncoder().encode(message);
  if (bytes.length <= LOG_LINE) return message;
  // What is left of a character at the end is dropped.
  return `${new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, LOG_LINE), { stream: true })}…`;
}

/** An address in its canonical form, as the server writes it; absent: it is none. */
function addressOf(host: string): string | undefined {
  const bare = host.replace(/^\[+|\]+$/g, '');
  const four = /^(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/;
  if (bare.split('.').length === 4 && bare.split('.').every((part) => four.test(part))) return bare;
  if (!/^[\da-f:.]*:[\da-f:.]*$/i.test(bare) || !URL.canParse(`http://[${bare}]`)) return undefined;
  const six = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  // IPv4 in IPv6 keeps its dots.
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(six);
  const bytes = mapped?.slice(1).flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]);
  return bytes ? `::ffff:${bytes.join('.')}` : six;
}

/** The import object of a component; `now` gives the answers and takes what is heard during a call. */
export function imports(now: () => { facts: Facts; heard: Heard }): Record<string, Record<string, unknown>> {
  const found = <T>(list: T[] | undefined, question: Unanswered['question'], about: string): T[] => {
    if (list) return list;
    const { unanswered } = now().heard;
    if (!unanswered.some((one) => one.question === question && one.about === about)) unanswered.push({ question, about });
    return [];
  };
  const own = <T>(record: Record<string, T>, key: string): T | undefined =>
    Object.hasOwn(record, key) ? record[key] : undefined;
  const realm = {
    clientScopes: (protocol: string) => own(now().facts['client-scopes'], protocol) ?? [],
    protocolMapperTypes: () => now().facts['protocol-mapper-types'],
    acrLevels: () => Object.entries(now().facts['acr-levels']).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    hasFlow: (id: string) => now().facts.flows.includes(id),
    baseUrl: () => now().facts['base-url'],
    setting: (name: string) => own(now().facts.settings, name),
  };
  const facts = {
    clientCount: () => BigInt(now().facts['client-count']),
    addressesOf: (host: string) => {
      // An address is its own, as in the server (host/network/src/names.rs).
      const address = addressOf(host);
      if (address !== undefined) return [address];
      const wanted = host.toLowerCase();
      const entry = Object.entries(now().facts['addresses-of']).find(([name]) => name.toLowerCase() === wanted);
      return found(entry?.[1], 'addresses-of', wanted);
    },
    namesOf: (address: string) => found(own(now().facts['names-of'], address), 'names-of', address),
    log: (level: LogLine['level'], message: string) => {
      const { heard } = now();
      const line = cut(message);
      if (level === 'error') heard.complaint = line;
      if (heard.log.length < LOG_LINES) heard.log.push({ level, message: line });
    },
  };
  const clients = { rolesOf: (id: string) => own(now().facts['roles-of'], id) ?? [] };
  const fetch = {
    get: (url: string) => {
      const document = own(now().facts.fetch, url);
      if (!document) {
        found(undefined, 'fetch', url);
        // What is thrown is the error of the contract.
        throw `there is no document for ${url}`;
      }
      const body = new TextEncoder().encode(document.body);
      return { status: document.status, contentType: document['content-type'], body };
    },
  };
  return {
    'matricula:registration/realm': realm,
    'matricula:registration/facts': facts,
    'matricula:registration/clients': clients,
    'matricula:registration/fetch': fetch,
  };
}
