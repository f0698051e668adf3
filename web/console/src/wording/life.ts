// Words about the life of clients. "Asleep" is what the server calls hibernating.

import type { BulkAction, ClientState, Evaluation, Job, JobState, Life, LifeCycle, OriginKind, Rule, Use } from '../api/life';
import type { Delivery } from '../api/targets';
import type { ClientOrigin, Event } from '../api/types';
import { distance, moment, span } from '../parts/times';
import { who } from './decisions';
import { deliveryHelp, many } from './targets';

/** What it means to be asleep, for whoever sees the word for the first time. */
export const ASLEEP = 'A client that is asleep is gone from all targets, and stays here as it is. As soon as it is used it wakes and is everywhere again.';

export const states: Record<ClientState, string> = { active: 'Enabled', disabled: 'Disabled', hibernating: 'Asleep', held: 'Waiting', leaving: 'Leaving' };

export const uses: Record<Use, string> = {
  gate: 'the gate let it pass',
  token: 'it got a token',
  management: 'it read or changed its own registration',
  metadata: 'somebody asked for its metadata',
  reported: 'an authorization server reported it',
};

/** Why a rule takes a client. */
export const rules: Record<Rule, string> = {
  neverUsedAfter: 'never used',
  idleAfter: 'not used for long',
  deleteAfter: 'asleep for long',
  perSoftware: 'too many of one software',
};

export const capital = (text: string) => text.replace(/^./, (letter) => letter.toUpperCase());

export const exempt: Record<NonNullable<Life['exempt']>, string> = {
  server: "It is one of the server's own clients.",
  administrator: 'Nobody registered it: an administrator made it, or it was imported.',
  'initial-access-token': 'It was registered with an initial access token whose clients are exempt.',
  attribute: 'Its attribute life.exempt is true.',
};

export const origins: Record<OriginKind, string> = {
  anonymous: 'Registered without a token',
  'initial-access-token': 'Registered with an initial access token',
  bearer: 'Registered by a user or service account',
  administrator: 'Made by an administrator, or imported',
};

/** What will become of a client. */
export function next({ next: due, exempt: why, state }: Life, now = Date.now()): string {
  if (due) {
    const what = due.action === 'delete' ? 'is deleted' : 'is put to sleep';
    const when = due.at <= now ? 'with the next run of the rules' : `${distance(due.at, now)} (${moment(due.at)})`;
    return `It ${what} ${when}, unless it is used before. The rule: ${rules[due.rule]}.`;
  }
  if (why) {
    return 'Nothing: no rule takes it.';
  }
  return state === 'disabled' || state === 'held' ? `Nothing: rules leave clients alone that ${state === 'held' ? 'wait' : 'are disabled'}.` : 'Nothing: this realm has no rule for it.';
}

export const actions: Record<BulkAction, { verb: string; done: string; so: string }> = {
  enable: { verb: 'Enable', done: 'enabled', so: 'They may be used again.' },
  disable: { verb: 'Disable', done: 'disabled', so: 'Nobody can use them until they are enabled again.' },
  hibernate: { verb: 'Put to sleep', done: 'put to sleep', so: 'They go from all targets and stay here. Each wakes when it is used.' },
  revive: { verb: 'Wake', done: 'woken', so: 'They are put to all targets again.' },
  delete: { verb: 'Delete', done: 'deleted', so: 'The clients, their roles and their tokens are gone for good. Who uses them can no longer sign in with them.' },
};

/** "Put 3 clients to sleep?" */
export function question(action: BulkAction, count: number): string {
  const clients = many(count, 'client');
  return action === 'hibernate' ? `Put ${clients} to sleep?` : `${actions[action].verb} ${clients}?`;
}

/** What a job is, in a list. */
export const jobName = ({ kind, action }: Pick<Job, 'kind' | 'action'>) => (kind === 'life-cycle' || action === null ? 'Run of the rules' : actions[action].verb);

export const jobStates: Record<JobState, string> = { queued: 'Queued', running: 'Under way', finished: 'Finished', stopped: 'Stopped', asks: 'Asks', failed: 'Failed' };

/** What a job has come to. */
export function progress(job: Pick<Job, 'kind' | 'action' | 'state' | 'matched' | 'done' | 'passed' | 'failed'>): string {
  if (job.state === 'queued') {
    return 'It begins once the job before it has ended.';
  }
  if (job.state === 'asks') {
    return `It did nothing: it would concern ${many(job.matched, 'client')}, which is suspiciously much.`;
  }
  if (job.matched === 0) {
    return job.state === 'running' ? 'It looks for clients.' : 'There was nothing to do.';
  }
  const did = job.kind === 'bulk' && job.action !== null ? actions[job.action].done : 'changed';
  const parts = [
    [job.done, did],
    [job.passed, job.kind === 'bulk' ? 'already so' : 'used or changed meanwhile'],
    [job.failed, 'could not be changed'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count.toLocaleString('en')} ${what}`);
  return `Of ${many(job.matched, 'client')}: ${said.join(', ') || 'none yet'}.`;
}

/** How many clients each rule took: "40 never used, 2 asleep for long". */
export function byRule(counts: Partial<Record<Rule, number>>): string {
  const said = Object.entries(counts).filter(([, count]) => count > 0);
  return said.map(([rule, count]) => `${count.toLocaleString('en')} ${rules[rule as Rule] ?? rule}`).join(', ');
}

/** What a run would do, in one line. */
export function would({ hibernate, delete: deleted, truncated }: Pick<Evaluation, 'hibernate' | 'delete' | 'truncated'>): string {
  const least = truncated ? 'at least ' : '';
  const parts = [hibernate > 0 && `puts ${least}${many(hibernate, 'client')} to sleep`, deleted > 0 && `deletes ${least}${many(deleted, 'client')}`].filter((part) => part !== false);
  return parts.length === 0 ? 'does nothing' : parts.join(' and ');
}

/** One thing that happened to a client. */
export interface Happened {
  time: number;
  /** Drives the colour. */
  kind: 'made' | 'changed' | 'asleep' | 'used' | 'delivered' | 'refused';
  text: string;
  decision?: string | undefined;
  job?: string | undefined;
  target?: string | undefined;
}

/** Events are written a moment after what they tell of. */
const isAbout = (one: number, other: number | null) => other !== null && Math.abs(one - other) < 5_000;

/** What is known of the life of a client, the latest first. */
export function happened({ life, origin, deliveries, events }: { life: Life; origin: ClientOrigin; deliveries: Delivery[]; events: Event[] }): Happened[] {
  const { registration, approvedBy } = origin;
  const told = events.flatMap((event) => ofEvent(event) ?? []);
  const all: Happened[] = [
    { time: life.created, kind: 'made', text: registration ? `Registered by ${who(registration)}` : 'Made by an administrator, or imported', decision: registration?.decision },
    ...(approvedBy ? [{ time: approvedBy.time, kind: 'made' as const, text: `Approved by ${approvedBy.user} of realm ${approvedBy.realm}` }] : []),
    ...told,
    ...(life.lastUsed === null || told.some(({ kind, time }) => kind === 'used' && isAbout(time, life.lastUsed)) ? [] : [{ time: life.lastUsed, kind: 'used' as const, text: `Last used${life.lastUseBy ? `: ${uses[life.lastUseBy]}` : ''}` }]),
    ...deliveries.map(({ target, state, since, message }): Happened => ({ time: since, kind: state === 'delivered' ? 'delivered' : state === 'failing' || state === 'refused' ? 'refused' : 'changed', text: `${target}: ${deliveryHelp[state]}${message ? ` ${message}` : ''}`, target })),
  ];
  // Without events it is known all the same that it sleeps.
  const since = life.hibernatedSince;
  if (since !== null && !told.some(({ kind, time }) => kind === 'asleep' && isAbout(time, since))) {
    all.push({ time: since, kind: 'asleep', text: life.rule ? `Put to sleep by a rule: ${rules[life.rule]}` : 'Put to sleep' });
  }
  return all.sort((one, other) => other.time - one.time);
}

function ofEvent({ type, time, ipAddress, error, details = {} }: Event): Happened | undefined {
  const { rule, use, job, decision } = details;
  const from = ipAddress === '' ? '' : ` at ${ipAddress}`;
  const caller = ` by a caller${from}`;
  const by = rule ? ` by a rule: ${rules[rule as Rule] ?? rule}` : job ? ' by a job' : ` by an administrator${from}`;
  if (error !== undefined) {
    const what = { CLIENT_UPDATE_ERROR: 'An update', CLIENT_DELETE_ERROR: 'A deletion', CLIENT_INFO_ERROR: 'A reading' }[type];
    return what === undefined ? undefined : { time, kind: 'refused', text: `${what}${caller} was refused (${error})`, decision };
  }
  switch (type) {
    case 'CLIENT_UPDATE':
      return { time, kind: 'changed', text: `Changed${job ? ' by a job' : caller}`, decision, job };
    case 'CLIENT_INFO':
      return { time, kind: 'used', text: `Read${caller}` };
    case 'CLIENT_HIBERNATE':
      return { time, kind: 'asleep', text: `Put to sleep${by}`, job };
    case 'CLIENT_REVIVE':
      return { time, kind: 'used', text: use ? `Woken, as it was used: ${uses[use as Use] ?? use}${from}` : `Woken${by}`, job };
    default:
      return undefined;
  }
}

/** What is said where no rule may do anything. */
export const BLIND = 'Nobody reports uses, so no rule does anything';
export const BLIND_HELP = 'In the last 7 days no use was recorded in this realm, or only clients that read their own registration. Clients that are in use would look as if nobody used them. Either the authorization server does not report uses, or the gate is not asked.';

type Problem = string | undefined;

/** A hundred years: the server takes more for a mistake. */
const LONGEST = 3_155_760_000;

const within = (seconds: number, least: number, most: number): Problem => {
  if (!Number.isInteger(seconds)) {
    return 'It must be a whole number.';
  }
  return seconds >= least && seconds <= most ? undefined : most === LONGEST && seconds >= least ? 'A hundred years are the most.' : most === LONGEST ? `${span(least)} is the least.` : `It must be ${span(least)} to ${span(most)}.`;
};

const number = (value: number, least: number, most: number): Problem => (Number.isInteger(value) && value >= least && value <= most ? undefined : `It must be ${least.toLocaleString('en')} to ${most.toLocaleString('en')}.`);

/** What the server would refuse of each member. */
export function problems(settings: LifeCycle) {
  const { perSoftware } = settings;
  const spanOf = (member: 'neverUsedAfter' | 'idleAfter' | 'deleteAfter' | 'secretLifetime' | 'secretGrace') => within(settings[member], 0, LONGEST);
  return {
    neverUsedAfter: spanOf('neverUsedAfter'),
    idleAfter: spanOf('idleAfter'),
    deleteAfter: spanOf('deleteAfter'),
    max: number(perSoftware.max, 0, 10_000),
    grace: within(perSoftware.grace, 0, LONGEST),
    maxPerRun: number(settings.maxPerRun, 1, 10_000),
    runEvery: within(settings.runEvery, 60, LONGEST),
    tombstones: within(settings.tombstones, 0, 31_536_000),
    secretLifetime: spanOf('secretLifetime'),
    secretGrace: spanOf('secretGrace'),
    approvalExpires: within(settings.approvalExpires, 1, 604_800),
    approvalInterval: within(settings.approvalInterval, 1, 60),
  };
}
