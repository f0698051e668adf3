// `Matricula-Changed`: members of the caller's document that policies gave another value (host/src/registration/changed.rs).

import type { Document } from './contract.js';
import type { Evaluation } from './policies.js';

/** Names of the changed members that the caller sent, in alphabetical order; the rest was not changed but set. */
export function changedMembers(document: Document, evaluations: Evaluation[]): string[] {
  const fields = evaluations.filter((one) => one.mode === 'enforce' && one.verdict === 'amend').flatMap((one) => one.changes.map((change) => change.field));
  if (fields.length === 0) return [];
  const sent = members(document);
  return [...new Set(fields.flatMap((field) => member(sent, field) ?? []))].sort();
}

/** The member that a changed field was sent in. */
function member(sent: Record<string, unknown>, field: string): string | undefined {
  if (isSent(sent, field)) return field;
  const name = /^attributes\.(.+)$/s.exec(field)?.[1];
  const attributes = sent.attributes;
  return name !== undefined && isObject(attributes) && isSent(attributes, name) ? 'attributes' : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const isSent = (object: Record<string, unknown>, name: string) => Object.hasOwn(object, name) && object[name] !== null;

/** Documents in XML have none. */
function members(document: Document): Record<string, unknown> {
  try {
    const sent: unknown = JSON.parse(new TextDecoder().decode(document.body));
    return isObject(sent) ? sent : {};
  } catch {
    return {};
  }
}
