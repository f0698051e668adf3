// What must know the clients of a realm, as far as the console reads the server's documents about it.

import type { Config, Provider } from './types';

export type TargetState = 'ready' | 'paused' | 'resting' | 'leaving' | 'broken';
export type DeliveryState = 'pending' | 'delivered' | 'refused' | 'failing' | 'leaving' | 'paused';

/** Who the server is at a target; secrets are masked. */
export interface Credentials {
  type: string;
  token?: string;
  user?: string;
  password?: string;
  tokenUrl?: string;
  clientId?: string;
  clientSecret?: string;
  scope?: string | null;
  secrets?: string[];
}

/** A kind of target. */
export interface Connector extends Provider {
  version: string;
  protocols: string[];
  /** Types of credentials that it takes. */
  credentials: string[];
  issues: boolean;
  /** It can look at its targets: sweeps and adoptions. */
  enumerates: boolean;
  disables: boolean;
  secretVisible: boolean;
  component: string;
}

/** What administrators say of a target. */
export interface TargetSettings {
  name: string;
  connector: string;
  enabled: boolean;
  url: string;
  config: Config;
  credentials: Credentials;
  required: boolean;
  /** Milliseconds. */
  wait: number;
  concurrency: number;
  clients: 'all' | 'registered';
  protocols: string[];
  repair: boolean;
  /** Seconds; 0: only on demand. */
  sweepInterval: number;
}

export interface Target extends TargetSettings {
  state: TargetState;
  component: string | null;
  deliveries: Record<DeliveryState, number>;
  oldest: number | null;
  message: string | null;
  lastSweep: Sweep | null;
  created: number;
}

/** What came of trying a target. */
export interface Probed {
  ok: boolean;
  message: string | null;
  micros: number;
}

/** What a target dropped or changed of a client. */
export interface Loss {
  field: string;
  value?: string | null;
  message: string;
}

/** What is to be done for a client at a target, and what is known of it there. */
export interface Delivery {
  /** Of the client; absent where the client is in the address. */
  id?: string;
  clientId?: string;
  target: string;
  state: DeliveryState;
  generation: number;
  deliveredGeneration: number | null;
  attempts: number;
  since: number;
  nextAttempt: number | null;
  message: string | null;
  losses: Loss[];
  drift: 'none' | 'different' | 'missing' | 'unknown' | 'unsupported';
  checked: number | null;
  key: string | null;
  secret: 'delivered' | 'none' | 'due';
}

/** A field that is otherwise at the target. */
export interface FieldDifference {
  field: string;
  target: unknown;
  wanted: unknown;
}

/** What a look at all of a target's clients found. */
export interface Sweep {
  id: string;
  state: 'running' | 'done' | 'stopped' | 'failed';
  reason: string | null;
  started: number;
  finished: number | null;
  dryRun: boolean;
  repair: boolean;
  clients: number;
  marked: number;
  same: number;
  missing: { id: string; clientId: string }[];
  different: { id: string; clientId: string; fields: FieldDifference[] }[];
  orphans: { key: string; clientId: string | null }[];
  unmarked: { id: string; clientId: string }[];
  filled: number;
  repaired: number;
  removed: number;
  truncated: boolean;
}

/** A client that the target had before. */
export interface Adoption {
  clientId: string;
  id: string;
  /** The target's id of it, which stays. */
  key: string | null;
  fields: FieldDifference[];
  adopted: boolean;
}

/** Clients that a target still lacks, or still has. */
export const underWay = ({ pending, failing, leaving }: Target['deliveries']) => pending + failing + leaving;
