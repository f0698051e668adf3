/**
 * Matricula was asked and the answer is neither a client nor that there is none: it is away, the service account may not
 * do what it has to, or a setting is wrong. To oidc-provider that is a `server_error`, not an unknown client, so that
 * nobody throws a good client away.
 */
export class MatriculaError extends Error {
  /** Status of the answer; absent: there was none. */
  readonly status: number | undefined;

  /** `cause` is what failed. Neither it nor the message holds a secret or a token. */
  constructor(message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = "MatriculaError";
    this.status = status;
  }

  /** Whether it may be over in a moment without anybody doing something. */
  get passes(): boolean {
    return this.status === undefined || this.status === 429 || this.status >= 500;
  }
}
