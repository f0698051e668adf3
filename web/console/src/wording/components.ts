// Words about component files.

import type { ComponentFile, ComponentSource, ComponentVersion, ReplayVerdict } from '../api/types';
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
};

export const verdicts: Record<ReplayVerdict, string> = { accept: 'Let through', hold: 'Held', reject: 'Refused', error: 'No answer' };

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
