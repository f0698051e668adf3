// The realm in an address of the console: its first part, `/shop/clients`.

/** Empty where none is named; pages of the server begin with `-`. */
export function realmIn(path: string): string {
  const first = /^\/?([^/?]*)/.exec(path)?.[1] ?? '';
  try {
    return first === '-' ? '' : decodeURIComponent(first);
  } catch {
    // Somebody's typing error names no realm.
    return first;
  }
}
