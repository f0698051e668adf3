// Requests to the server: the CSRF header, errors that say what to do, and a session that ended in between.

/** What the server or the network answered instead of the thing that was asked for. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0: no answer at all. */
    readonly status: number,
    /** What happened. */
    message: string,
    /** What would help. */
    readonly advice: string,
  ) {
    super(message);
  }
}

let csrf = '';
let onEnded: () => Promise<void> = () => Promise.resolve();
let onUsed: () => void = () => undefined;
let onMissing: () => void = () => undefined;
let onPending: (targets: string[]) => void = () => undefined;

/** The session tells its CSRF token here. */
export function setCsrf(value: string): void {
  csrf = value;
}

/**
 * Whom to tell that the session has ended; the promise is kept when there is a new one. `used` is called after each
 * answer to a request that prolongs the session, `missing` when a realm does not have what was asked for.
 */
export function watchSession(ended: () => Promise<void>, used: () => void, missing: () => void): void {
  onEnded = ended;
  onUsed = used;
  onMissing = missing;
}

/** Whom to tell that a change has not reached these targets yet; returns what ends it. */
export function watchPending(pending: (targets: string[]) => void): () => void {
  onPending = pending;
  return () => {
    onPending = () => undefined;
  };
}

interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  bytes?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** That it is not there is an answer like any other. */
  mayBeMissing?: boolean;
}

/** A request whose answer is JSON, or nothing. */
export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  if (response.status === 401 && !path.startsWith('/console/')) {
    // Nothing was done yet: it can be repeated when the administrator is back.
    await onEnded();
    return request(path, options);
  }
  if (response.status === 404 && path.startsWith('/admin/realms/') && !options.mayBeMissing) {
    onMissing();
  }
  if (!response.ok) {
    throw await failure(response);
  }
  if (!path.startsWith('/console/')) {
    onUsed();
  }
  const pending = response.headers.get('Matricula-Pending');
  if (pending) {
    onPending(pending.split(',').map((name) => name.trim()));
  }
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

declare global {
  /** The answer to the first question of all, asked by public/begin.js. */
  var matriculaSession: Promise<Response> | undefined;
}

/** Answers that were asked for before the page was there that reads them. */
const ahead = new Map<string, Promise<Response>>();

/** How long such an answer is good for, in milliseconds. */
const AHEAD = 5_000;

/** Asks already for what a page is about to read. */
export function askAhead(path: string): void {
  const answer = fetch(path, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
  // Whoever awaits it tells.
  answer.catch(() => undefined);
  ahead.set(path, answer);
  setTimeout(() => ahead.delete(path), AHEAD);
}

/** The answer that was asked for already, once. */
function begun(path: string, method: string): Promise<Response> | undefined {
  if (method !== 'GET') {
    return undefined;
  }
  if (path === '/console/session') {
    const answer = globalThis.matriculaSession;
    globalThis.matriculaSession = undefined;
    return answer;
  }
  const answer = ahead.get(path);
  ahead.delete(path);
  return answer;
}

async function send(path: string, { method = 'GET', body, bytes, headers = {}, signal }: Options): Promise<Response> {
  const all: Record<string, string> = { Accept: 'application/json', ...headers };
  if (method !== 'GET') {
    all['Matricula-Csrf'] = csrf;
  }
  if (body !== undefined) {
    all['Content-Type'] = 'application/json';
  }
  try {
    const payload = body === undefined ? bytes : JSON.stringify(body);
    return await (begun(path, method) ?? fetch(path, { method, headers: all, credentials: 'same-origin', ...(payload !== undefined && { body: payload }), ...(signal && { signal }) }));
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new ApiError(0, 'The server cannot be reached.', 'Check that it is running and that your network works, then try again.');
  }
}

interface ErrorBody {
  error?: string;
  error_description?: string;
  errorMessage?: string;
}

async function failure(response: Response): Promise<ApiError> {
  let body: ErrorBody = {};
  try {
    body = (await response.json()) as ErrorBody;
  } catch {
    // Something before the server answered: the status has to do.
  }
  const text = body.error_description ?? body.errorMessage ?? body.error ?? `The server answered ${response.status}.`;
  return new ApiError(response.status, readable(text), advice(response.status));
}

/** Framework texts such as "HTTP 403 Forbidden" tell nobody anything. */
function readable(text: string): string {
  return { 'HTTP 403 Forbidden': 'Your account may not do this.', 'HTTP 404 Not Found': 'There is no such thing.' }[text] ?? text;
}

function advice(status: number): string {
  switch (status) {
    case 400:
      return 'Change what is named and try again.';
    case 401:
      return 'Check name, password and realm, then try again.';
    case 403:
      return 'Ask an administrator of the realm for the role that is missing.';
    case 404:
      return 'It may have been deleted meanwhile. Go back to the list.';
    case 409:
      return 'Choose another name if it is taken. If somebody else made a change meanwhile, reload to see it, then make yours.';
    case 413:
      return 'Send less at once.';
    case 429:
    case 503:
      return 'Wait a moment and try again.';
    default:
      return status >= 500 ? "The server's log says what happened. Try again, and look there if it stays." : '';
  }
}

/** A path of the Admin API; each part is escaped. */
export function admin(...parts: string[]): string {
  return `/admin/realms${parts.map((part) => `/${encodeURIComponent(part)}`).join('')}`;
}

/** A query string of what is given. */
export function query(values: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
