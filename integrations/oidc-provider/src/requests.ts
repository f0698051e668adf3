// Requests to Matricula: with a time limit, without redirects, and failures that say what was asked.

import { MatriculaError } from "./error.js";

/** An answer that was read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The JSON of the body; absent: it has none. */
  body: unknown;
}

/** Sends a request, which changes nothing. `timeout`: seconds until the whole answer is there. */
export async function send(url: string, init: RequestInit, timeout: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeout * 1000);
  const attempt = async (): Promise<Answer> => {
    const response = await fetch(url, { ...init, redirect: "error", signal });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  };
  try {
    // A connection that was kept may be closed at its other end by now: then another one is good.
    return await attempt().catch((cause) => (signal.aborted ? Promise.reject(cause) : attempt()));
  } catch (cause) {
    throw new MatriculaError(`Matricula gives no answer at ${url}`, { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A member of a JSON object that is a text. */
export function text(object: unknown, member: string): string | undefined {
  const value = typeof object === "object" && object !== null ? Reflect.get(object, member) : undefined;
  return typeof value === "string" ? value : undefined;
}

/** The failure that an answer tells of, in its own words. */
export function failure(what: string, { status, body }: Answer): MatriculaError {
  const words = [text(body, "error"), text(body, "error_description")].filter((word) => word !== undefined);
  return new MatriculaError(`${what}: Matricula answers ${[status, ...words].join(", ")}`, { status });
}
