// What a caller is told when a request is refused: status and error JSON (host/src/error.rs).

import { ComponentFailure } from './component.js';
import type { Violation } from './contract.js';

/** One objection of a policy, as the caller sees it. */
export interface PolicyViolation {
  policy: string;
  provider: string;
  field?: string;
  value?: string;
  message: string;
  /** For administrators, of what a policy said; never of what a caller is told. */
  hint?: string;
}

/** The JSON of an error, in the order of its members. */
export interface ErrorBody {
  error?: string;
  error_description?: string;
  violations?: PolicyViolation[];
  decision?: string;
}

/** A refusal. Thrown wherever it is found, caught where the answer is made. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    /** For whoever uses the bench: what the server would put into its log. */
    readonly detail?: string,
  ) {
    super(body.error_description ?? body.error ?? String(status));
  }
}

/** Id of the decision: the server makes another one for each request. */
export const DECISION = '00000000-0000-4000-8000-000000000002';

/** 400 `invalid_client_metadata`. */
export function invalidClientMetadata(description: string): Refusal {
  return new Refusal(400, { error: 'invalid_client_metadata', error_description: description });
}

/** 500: the details go to the log. */
export function serverError(failure: ComponentFailure): Refusal {
  const description = "The request could not be processed; the server's log says why.";
  return new Refusal(500, { error: 'server_error', error_description: description }, failure.message);
}

/** 500: a policy has no answer. */
export function policyFailed(policy: string, failure: ComponentFailure): Refusal {
  const error_description = `Policy '${policy}' could not decide about the request.`;
  return new Refusal(500, { error: 'server_error', error_description, decision: DECISION }, failure.message);
}

/** 400: what a provider found wrong with the metadata (see interface `providers` of the contract). */
export function metadata(violations: Violation[]): Refusal {
  const redirect = violations.some((violation) => violation.error === 'invalid_redirect_uri');
  const first = violations.find((violation) => violation.error !== undefined)?.error;
  const error = redirect ? 'invalid_redirect_uri' : (first ?? 'invalid_client_metadata');
  const messages = [...new Set(violations.map((violation) => violation.message).filter((message) => message !== ''))];
  const details = violations.flatMap((violation) => violation.hint ?? []).join('; ');
  const body = messages.length === 0 ? { error } : { error, error_description: messages.join('; ') };
  return new Refusal(400, body, details || undefined);
}
