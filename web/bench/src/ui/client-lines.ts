// Two versions of a client as lines to compare, and values as text. Used by the page and by its tests.

import type { Json } from '../engine/representation.js';

/** A member whose value is there before, after, or both. */
export interface Line {
  name: string;
  before: Json | undefined;
  after: Json | undefined;
}

/** Members of both, those of `before` first; of nested objects each member is a line of its own. */
export function lines(before: Json, after: Json, prefix = ''): Line[] {
  const of = (value: Json) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {});
  const [old, young] = [of(before), of(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(young)])].flatMap((key) => {
    const name = `${prefix}${key}`;
    const [one, other] = [old[key], young[key]];
    const nested = (value: Json | undefined) => value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value));
    if (nested(one) && nested(other)) return lines(one ?? {}, other ?? {}, `${name}.`);
    return [{ name, before: one, after: other }];
  });
}

/** A value as the table shows it. */
export function text(value: Json | undefined): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value === '' ? '""' : value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.length === 0 ? '[]' : value.join('\n');
  return JSON.stringify(value, null, 1);
}
