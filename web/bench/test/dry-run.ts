// What the server says about a request of the bench: a dry run, and what of its answer both can know.

import type { Request } from '../src/engine/evaluate.js';
import type { Policy } from '../src/engine/policies.js';
import { admin, serverUrl } from './server.js';

/** The answer of a dry run, as far as it is compared. */
export interface DryAnswer extends Record<string, unknown> {
  decision: string;
  status: number;
  error_description: string | null;
  violations: { message: string }[];
  policies: { name: string; hook: string; verdict: string }[];
  before: Record<string, never>;
  after: Record<string, never> | null;
}

/** Members that the bench can know too. */
const SAME = ['decision', 'status', 'error', 'error_description', 'violations', 'clientPolicies', 'policies', 'before', 'after'];

/** Tries the request in a realm, with its policies or with these. The stored client, if there is one, is registered before. */
export async function dryRun(realm: string, request: Omit<Request, 'now' | 'registeredAs'>, policies?: Policy[]): Promise<DryAnswer> {
  const { provider, operation, document, caller, stored } = request;
  const clientId = stored && (await register(realm, stored));
  return (await admin('POST', `/${realm}/client-registration-policy/evaluate`, {
    provider,
    operation,
    contentType: document.contentType,
    document: document.text,
    ...(clientId ? { clientId } : {}),
    caller: {
      kind: caller.kind,
      address: caller.address,
      ...(caller.kind === 'bearer' ? { roles: caller.roles, groups: caller.groups } : {}),
    },
    ...(policies ? { policies } : {}),
  })) as DryAnswer;
}

let realms = 0;

/** A new realm that offers every provider; its name. */
export async function newRealmOnServer(): Promise<string> {
  realms += 1;
  const realm = `bench-${process.pid}-${realms}-${Date.now()}`;
  await admin('POST', '', { realm, enabled: true });
  await admin('PUT', `/${realm}`, { clientIdMetadataDocuments: { enabled: true } });
  return realm;
}

/** Registers what a request finds; the client's id in the protocol. */
async function register(realm: string, { provider, document }: NonNullable<Request['stored']>): Promise<string> {
  const { token } = (await admin('POST', `/${realm}/clients-initial-access`, { count: 1 })) as { token: string };
  const response = await fetch(`${serverUrl()}/realms/${realm}/clients-registrations/${provider}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': document.contentType },
    body: document.text,
  });
  const answer = (await response.json()) as { clientId?: string; client_id?: string };
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
  return answer.clientId ?? answer.client_id ?? '';
}

const PAIRWISE = 'oidc-sha256-pairwise-sub-mapper';
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** An answer without what differs from one request to the next: ids, times, durations. */
export function comparable<T extends object>(answer: T): T {
  // Without client policies the server leaves the list out.
  const whole: Record<string, unknown> = { clientPolicies: [], ...answer };
  const chosen = Object.fromEntries(SAME.map((name) => [name, whole[name]]));
  return JSON.parse(
    JSON.stringify(chosen, (name, value) => {
      if (name === 'micros' || name === 'hints') return undefined;
      // A dry run leaves the mapper that no policy sees without an id; a registration gives it one.
      if (value?.protocolMapper === PAIRWISE) return { ...value, id: 'uuid' };
      if (name === 'component') return String(value).split('@')[0];
      if (name === 'client.secret.creation.time') return 'time';
      if (name === 'salt' || name.endsWith('.salt') || name === 'pairwiseSubAlgorithmSalt') return 'salt';
      return typeof value === 'string' ? withoutIds(value) : value;
    }),
  );
}

/** A text with the ids that only the server makes taken out. */
export function withoutIds(text: string): string {
  return text.replace(UUID, 'uuid').replaceAll('made-by-the-server', 'uuid');
}
