// Settings of a target that the server would refuse, told where they are typed.

import type { Credentials, TargetSettings } from '../api/targets';

type Problem = string | undefined;

/** What the server shows of a secret; sent back, the stored one stays. */
export const MASK = '**********';

export const LIMITS = { wait: 10_000, concurrency: 64, sweepLeast: 60, sweepMost: 604_800, secrets: 3 };

export function targetName(name: string): Problem {
  return name === '' || /^[a-z0-9][a-z0-9-]{0,62}$/.test(name) ? undefined : 'It must be 1 to 63 lower-case letters, digits and hyphens, and not begin with a hyphen.';
}

/** An address that calls go to. */
export function baseUrl(url: string): Problem {
  const text = url.trim();
  if (text === '') {
    return undefined;
  }
  const plain = /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/i.test(text) && URL.canParse(text);
  return plain ? undefined : 'It must be an http or https URL without user, query and fragment.';
}

const whole = (number: number, least: number, most: number) => Number.isInteger(number) && number >= least && number <= most;

export function wait(ms: number, required: boolean): Problem {
  if (!whole(ms, 0, LIMITS.wait)) {
    return `It must be 0 to ${LIMITS.wait}.`;
  }
  return required && ms === 0 ? 'It must be at least 1 for a required target.' : undefined;
}

export function concurrency(calls: number): Problem {
  return whole(calls, 1, LIMITS.concurrency) ? undefined : `It must be 1 to ${LIMITS.concurrency}.`;
}

export function sweepInterval(seconds: number): Problem {
  return seconds === 0 || whole(seconds, LIMITS.sweepLeast, LIMITS.sweepMost) ? undefined : `It must be 0 or ${LIMITS.sweepLeast} to ${LIMITS.sweepMost}.`;
}

/** A secret that events are signed with. */
export function signingSecret(secret: string): Problem {
  const text = secret.trim();
  if (text === '' || text === MASK) {
    return undefined;
  }
  const coded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const bytes = coded === undefined || coded.length % 4 !== 0 ? 0 : (coded.length / 4) * 3 - (coded.match(/=+$/)?.[0].length ?? 0);
  return bytes >= 24 && bytes <= 64 ? undefined : 'It must be whsec_ and 24 to 64 bytes in base64.';
}

const origin = (url: string | undefined) => (url !== undefined && URL.canParse(url) ? new URL(url).origin : url);

/** Whether secrets that are stored may stay: nobody sends a secret that he cannot read to a place of his own. */
export function secretsStay(now: Pick<TargetSettings, 'url' | 'credentials'>, stored: Pick<TargetSettings, 'url' | 'credentials'> | undefined): boolean {
  if (stored?.credentials.type !== now.credentials.type) {
    return false;
  }
  return now.credentials.type === 'standard-webhooks' || (origin(now.url.trim()) === origin(stored.url) && origin(now.credentials.tokenUrl?.trim()) === origin(stored.credentials.tokenUrl));
}

/** What is needed of each type. */
const needed: Record<string, (keyof Credentials)[]> = { bearer: ['token'], basic: ['user', 'password'], 'client-credentials': ['tokenUrl', 'clientId', 'clientSecret'] };

/** Members that are typed and never shown again. */
const HIDDEN: (keyof Credentials)[] = ['token', 'password', 'clientSecret'];

/** Whether a secret has to be typed again. */
export const isLost = (member: keyof Credentials, value: unknown, stay: boolean) => !stay && HIDDEN.includes(member) && value === MASK;

/** Whether nothing is missing, and nothing wrong. */
export function complete(credentials: Credentials, stay: boolean): boolean {
  const there = (needed[credentials.type] ?? []).every((member) => typeof credentials[member] === 'string' && credentials[member].trim() !== '' && !isLost(member, credentials[member], stay));
  const { tokenUrl = '', user = '', secrets = [] } = credentials;
  return there && baseUrl(tokenUrl) === undefined && !user.includes(':') && secrets.every((secret) => signingSecret(secret) === undefined && secret.trim() !== '');
}
