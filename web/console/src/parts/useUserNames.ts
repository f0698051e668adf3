// Names of users of whom only the id is known: administrators of this realm, or of realm master.

import { admin, request } from '../api/http';
import { useLoad } from './load';

/** What to call the user with an id; until the name is there, and where it may not be seen, the id. */
export function useUserNames(realm: string, ids: string[]): (id: string) => string {
  const wanted = [...new Set(ids)].sort();
  const names = useLoad(
    async (signal) => {
      const found = wanted.map(async (id) => {
        for (const of of new Set([realm, 'master'])) {
          try {
            const { username } = await request<{ username: string }>(admin(of, 'users', id), { signal, mayBeMissing: true });
            return [id, username] as const;
          } catch {
            // Not here, or not for everybody to see.
          }
        }
        return [id, id] as const;
      });
      return Object.fromEntries(await Promise.all(found));
    },
    [realm, wanted],
  );
  return (id) => names.data?.[id] ?? id;
}
