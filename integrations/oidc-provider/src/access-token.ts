// The access token of the service account: got with its credentials, kept until shortly before it expires.

import { failure, send, text } from "./requests.js";

/** Seconds before its end at which a token is not used any more; of a short-lived one a fifth of its life. */
const MARGIN = 30;

export interface Credentials {
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  /** Seconds that a request may take. */
  timeout: number;
}

/** Access tokens of one service account. */
export class AccessTokens {
  readonly #credentials: Credentials;
  #kept: { token: string; until: number } | undefined;
  #asked: Promise<string> | undefined;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** A token that is good as far as is known. Who asks while one is being got waits for that one. */
  async get(): Promise<string> {
    if (this.#kept && Date.now() < this.#kept.until) {
      return this.#kept.token;
    }
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  /** Forgets a token that was refused, unless another one has taken its place. */
  forget(token: string): void {
    if (this.#kept?.token === token) {
      this.#kept = undefined;
    }
  }

  async #ask(): Promise<string> {
    const { tokenUrl, clientId, clientSecret, timeout } = this.#credentials;
    const began = Date.now();
    const answer = await send(
      tokenUrl,
      {
        method: "POST",
        headers: { authorization: basic(clientId, clientSecret), accept: "application/json" },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      },
      timeout,
    );
    const token = text(answer.body, "access_token");
    if (answer.status !== 200 || token === undefined) {
      throw failure(`No access token for the service account '${clientId}'`, answer);
    }
    const life = lifeOf(answer.body);
    this.#kept = { token, until: began + (life - Math.min(MARGIN, life / 5)) * 1000 };
    return token;
  }
}

/** Seconds that the token of an answer is good for; unknown: it is used once. */
function lifeOf(body: unknown): number {
  const life: unknown = (body as { expires_in?: unknown }).expires_in;
  return typeof life === "number" && life > 0 ? life : 0;
}

/** HTTP Basic with both parts encoded (RFC 6749 §2.3.1). */
function basic(id: string, secret: string): string {
  const encoded = (part: string) => new URLSearchParams([["", part]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString("base64")}`;
}
