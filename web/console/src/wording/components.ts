// Words about component files.

import type { ComponentFile, ComponentSource, ComponentVersion, Difference, ReplayVerdict, WatchReport } from '../api/types';
import { moment } from '../parts/times';

export const sources: Record<ComponentSource, string> = {
  'built-in': 'Built into the server',
  folder: 'From the folder of policies',
  database: 'Uploaded',
};

export const kinds: Record<NonNullable<ComponentFile['kind']>, string> = {
  policy: 'Registration policies',
  provider: 'Document formats',
  'client-policy': 'Conditions and executors of client policies',
  connector: 'Connectors of targets',
};

export const verdicts: Record<ReplayVerdict, string> = { accept: 'Let through', hold: 'Held', reject: 'Refused', error: 'No answer' };

/** Why a request would be held or refused with another version; else why it is now. */
export function why(difference: Pick<Difference, 'violations' | 'reason' | 'failure' | 'was'>): string {
  const of = ({ failure, reason, violations = [] }: Difference['was']) => failure?.message ?? reason ?? violations.map(({ message }) => message).join('; ');
  return of(difference) || (of(difference.was) && `Now: ${of(difference.was)}`) || 'It changes something else.';
}

/** What came of watching a version. */
export function watched({ asked, differs, how }: Pick<WatchReport, 'asked' | 'differs' | 'how'>): string {
  const requests = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'request' : 'requests'}`;
  if (asked === 0) {
    return 'No request has come yet that it would have had a say in.';
  }
  if (differs === 0) {
    return `It would have decided ${requests(asked)} as they were decided.`;
  }
  const ways = how.map(({ before, after, requests }) => (before === after ? `${requests.toLocaleString('en')} changed otherwise` : `${requests.toLocaleString('en')} ${verdicts[after].toLowerCase()} instead of ${verdicts[before].toLowerCase()}`));
  return `It would have decided ${differs.toLocaleString('en')} of ${requests(asked)} otherwise: ${ways.join(', ')}.`;
}

/** Whether the version that decides had no answer for a request since the server started. */
export const hasFailed = ({ name, active, lastFailure }: Pick<ComponentFile, 'name' | 'active' | 'lastFailure'>) => lastFailure?.component === `${name}@${active}`;

/** Enough of a digest to tell versions apart. */
export const short = (digest: string) => `${digest.slice(0, 12)}…`;

/** When a version came. */
export const arrived = (version: ComponentVersion) => (version.uploaded === 0 ? 'With the program' : moment(version.uploaded * 1000));

/** Microseconds as people read them. */
export function duration(micros: number): string {
  return micros >= 10_000 ? `${(micros / 1000).toFixed(0)} ms` : micros >= 1000 ? `${(micros / 1000).toFixed(1)} ms` : `${Math.round(micros)} µs`;
}

/** Bytes as people read them. */
export function size(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MiB` : `${Math.ceil(bytes / 1024)} KiB`;
}
