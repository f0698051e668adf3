// What a target answered.

import { violation } from "./client.js";
import { Stop } from "./stop.js";

export class Response {
  #headers;
  #body;

  constructor({ status, headers, body }) {
    this.status = status;
    this.#headers = headers;
    this.#body = body;
  }

  /** Any 2xx. */
  get isSuccess() {
    return this.status >= 200 && this.status < 300;
  }

  /** A header, by its name in lower case; null: there is none. */
  header(name) {
    return this.#headers.find((header) => header.name === name)?.value ?? null;
  }

  /** The body as JSON, whatever the status. If it is none, that ends the task: a page in HTML is never a success. */
  json() {
    try {
      return JSON.parse(text(this.#body));
    } catch {
      throw new Stop(UNREADABLE);
    }
  }

  /** The body of a successful answer as JSON. Anything else ends the task. */
  success() {
    if (!this.isSuccess) {
      throw new Stop({ tag: "failed", val: this.told() });
    }
    return this.json();
  }

  /** What the target says of an error, in its words; null: nothing. */
  words() {
    let body = null;
    try {
      body = JSON.parse(text(this.#body));
    } catch {
      return null;
    }
    const told = [body?.error_description, body?.errorMessage, body?.message, body?.error, body?.error?.message];
    return told.find((words) => typeof words === "string" && words !== "") ?? null;
  }

  /** The status, and what the target says of it. */
  told() {
    const words = this.words();
    return `The target answered ${this.status}${words === null ? "" : `: ${words}`}`;
  }

  /** A step for a change that was not done: 400, 409, 413 and 422 are about the client and refuse it, the rest about the target. */
  notDone() {
    if ([400, 409, 413, 422].includes(this.status)) {
      return { tag: "refused", val: violation(this.words() ?? this.told()) };
    }
    return this.status < 400 ? UNREADABLE : { tag: "failed", val: this.told() };
  }

  /** Seconds that a target which is busy asks for; null: none. */
  retryAfter(now) {
    const header = this.status === 429 || this.status === 503 ? this.header("retry-after")?.trim() : null;
    if (!header) {
      return null;
    }
    const seconds = /^\d+$/.test(header) ? Number(header) : Date.parse(header) / 1000 - Number(now);
    return Number.isNaN(seconds) ? null : Math.min(Math.max(Math.ceil(seconds), 1), LONGEST);
  }
}

/** Seconds that are waited at most. */
const LONGEST = 3600;
const UNREADABLE = { tag: "failed", val: "The target's answer can't be read" };

/** Bytes as text; the language has no decoder of its own. Throws if they are no UTF-8. */
export function text(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.slice(at, at + 8192));
  }
  return decodeURIComponent(escape(text));
}

/** Text as bytes. */
export const bytes = (text) => Uint8Array.from(unescape(encodeURIComponent(text.toWellFormed())), (letter) => letter.charCodeAt(0));
