// The owned fields of a client as a target shows them, and their fingerprint.

/** A list whose order says nothing. */
export const unordered = (list) => [...new Set((list ?? []).map((entry) => JSON.stringify(sorted(entry))))].sort().map((entry) => JSON.parse(entry));

/** Fields by name, in a form in which equal ones look equal: what is empty is not there, what is no text is JSON. */
export const attributes = (fields) =>
  Object.keys(fields)
    .sort()
    .map((name) => ({ name, value: written(fields[name]) }))
    .filter(({ value }) => value !== "");

/** A short text that changes with every field: FNV-1a of 64 bits. */
export function fingerprint(fields) {
  let hash = 0xcbf29ce484222325n;
  for (const letter of JSON.stringify(attributes(fields))) {
    hash = ((hash ^ BigInt(letter.codePointAt(0))) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}

function written(value) {
  const isEmpty = value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
  if (isEmpty) {
    return "";
  }
  return typeof value === "string" ? value.toWellFormed() : JSON.stringify(sorted(value));
}

/** The same with members in the order of their names. */
function sorted(value) {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}
