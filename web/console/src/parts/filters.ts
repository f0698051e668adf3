// What a list is narrowed to, and which page of it is shown: kept in the address, so that a reload, a bookmark and the
// back button find it again.

import { useSearchParams } from 'react-router';

export interface Filters {
  /** A filter's value; empty: it is not set. */
  of(name: string): string;
  /** How many entries come before this page. */
  first: number;
  /** Changes filters; an empty value takes one away. Whoever names neither `first` nor `after` begins with the first page. */
  show(changes: Record<string, string>): void;
  /** Takes all away. */
  clear(): void;
}

export function useFilters(): Filters {
  const [address, setAddress] = useSearchParams();
  return {
    of: (name) => address.get(name) ?? '',
    first: Number(address.get('first') ?? 0) || 0,
    show(changes) {
      const next = new URLSearchParams(address);
      for (const [name, value] of Object.entries({ first: '', after: '', ...changes })) {
        if (value === '') {
          next.delete(name);
        } else {
          next.set(name, value);
        }
      }
      setAddress(next);
    },
    clear: () => setAddress({}),
  };
}
