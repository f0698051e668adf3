// The life of clients: rules about it, what they would do, and jobs that change many clients, as the server tells of them.

/** What a realm does about clients that nobody uses. Spans are seconds, 0: never. */
export interface LifeCycle {
  neverUsedAfter: number;
  idleAfter: number;
  deleteAfter: number;
  perSoftware: { max: number; grace: number };
  exempt: { administrators: boolean; initialAccessTokens: string[] };
  requireUse: boolean;
  maxPerRun: number;
  runEvery: number;
  tombstones: number;
  secretLifetime: number;
  secretGrace: number;
  registrationTokenGrace: boolean;
  approvalExpires: number;
  approvalInterval: number;
}

/** What the server takes a member for that is not given. */
const DEFAULTS: LifeCycle = {
  neverUsedAfter: 0,
  idleAfter: 0,
  deleteAfter: 0,
  perSoftware: { max: 0, grace: 600 },
  exempt: { administrators: true, initialAccessTokens: [] },
  requireUse: true,
  maxPerRun: 1000,
  runEvery: 3600,
  tombstones: 2_592_000,
  secretLifetime: 0,
  secretGrace: 0,
  registrationTokenGrace: false,
  approvalExpires: 3600,
  approvalInterval: 5,
};

/** Every member of what a realm shows. */
export const whole = (shown: Partial<LifeCycle> | undefined): LifeCycle => ({ ...DEFAULTS, ...shown });

/** Without what is as it would be anyway; members that have no field here stay. */
export function sent(settings: LifeCycle): Partial<LifeCycle> {
  const usual = DEFAULTS as unknown as Record<string, unknown>;
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(usual[name])));
}

export type Rule = 'neverUsedAfter' | 'idleAfter' | 'deleteAfter' | 'perSoftware';
export type ClientState = 'active' | 'disabled' | 'held' | 'hibernating' | 'leaving';
export type OriginKind = 'anonymous' | 'initial-access-token' | 'bearer' | 'administrator';
export type Use = 'gate' | 'token' | 'management' | 'metadata' | 'reported';

/** How a client lives. */
export interface Life {
  created: number;
  lastUsed: number | null;
  lastUseBy: Use | null;
  state: ClientState;
  hibernatedSince: number | null;
  rule: Rule | null;
  next: { action: 'hibernate' | 'delete'; rule: Rule; at: number } | null;
  exempt: 'server' | 'administrator' | 'initial-access-token' | 'attribute' | null;
}

interface Counts {
  clients: number;
  hibernate: number;
  delete: number;
}

/** What rules would do. */
export interface Evaluation extends Counts {
  at: number;
  usesRecordedSince: number;
  exempt: number;
  blind: boolean;
  asks: boolean;
  truncated: boolean;
  rules: Partial<Record<Rule, number>>;
  bySoftware: (Counts & { softwareId: string | null; name: string | null })[];
  byOrigin: (Counts & { kind: OriginKind; initialAccessToken: { id: string; name: string | null } | null })[];
  sample: { clientId: string; action: 'hibernate' | 'delete'; rule: Rule; created: number; lastUsed: number | null }[];
}

export type BulkAction = 'disable' | 'enable' | 'hibernate' | 'revive' | 'delete';
export type JobState = 'queued' | 'running' | 'finished' | 'stopped' | 'asks' | 'failed';

/** What is done with many clients, beside the requests. */
export interface Job {
  id: string;
  kind: 'bulk' | 'life-cycle';
  action: BulkAction | null;
  /** Id of a user, or `schedule`. */
  by: string;
  state: JobState;
  created: number;
  ended: number | null;
  matched: number;
  done: number;
  passed: number;
  failed: number;
  failures: { clientId: string; reason: string }[];
  rules: Partial<Record<Rule, number>>;
}

/** What clients have in common; all that is given must hold. */
export interface ClientSearch {
  clientId?: string;
  name?: string;
  softwareId?: string;
  state?: ClientState;
  origin?: OriginKind;
  initialAccessToken?: string;
  redirectHost?: string;
  createdBefore?: number;
  createdAfter?: number;
  lastUsedBefore?: number;
  neverUsed?: boolean;
}

/** Which clients an action is for. */
export type Chosen = { clients: string[] } | { search: ClientSearch };

/** How many clients that are, and some of their ids. */
export interface Matched {
  matched: number;
  sample: string[];
}

export const isUnderWay = ({ state }: Pick<Job, 'state'>) => state === 'queued' || state === 'running';
