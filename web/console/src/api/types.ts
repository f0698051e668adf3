// What the server's documents look like, as far as the console reads them.

import type { LifeCycle } from './life';

export interface Session {
  user: string;
  realm: string;
  realms: string[];
  administrator: boolean;
  roles: string[];
  csrf: string;
  expiresIn: number;
  endsIn: number;
}

export interface Client {
  id: string;
  clientId: string;
  name?: string;
  description?: string;
  protocol?: string;
  enabled?: boolean;
  secret?: string;
  publicClient?: boolean;
  bearerOnly?: boolean;
  baseUrl?: string;
  rootUrl?: string;
  redirectUris?: string[];
  webOrigins?: string[];
  consentRequired?: boolean;
  fullScopeAllowed?: boolean;
  standardFlowEnabled?: boolean;
  implicitFlowEnabled?: boolean;
  directAccessGrantsEnabled?: boolean;
  serviceAccountsEnabled?: boolean;
  defaultClientScopes?: string[];
  optionalClientScopes?: string[];
  attributes?: Record<string, string>;
  registrationAccessToken?: string;
  access?: { view?: boolean; configure?: boolean; manage?: boolean };
}

const OF_THE_SERVER = ['account', 'account-console', 'admin-cli', 'broker', 'realm-management', 'security-admin-console'];

/** Whether it is one of the server's own: nobody deletes it or puts it to sleep. */
export const isOfTheServer = ({ clientId, attributes }: Pick<Client, 'clientId' | 'attributes'>) => OF_THE_SERVER.includes(clientId) || attributes?.['realm_client'] === 'true';

/** The attribute of a client that waits for an administrator. */
export const HELD = 'registration.held';

/** The attribute of a client that is asleep: since when, in milliseconds. */
export const HIBERNATED = 'life.hibernated';

export interface ClientOrigin {
  created: number;
  held: boolean;
  registration?: { provider: string; kind: CallerKind; address: string; subject?: string; decision: string; tokenName?: string };
  initialAccessToken?: { id: string; name?: string; exists: boolean };
  approvedBy?: { user: string; realm: string; time: number };
  tokenPolicies: string[];
}

/** A registration whose caller waits for an approval. */
export interface ClientApproval {
  verificationCode: string;
  requested: number;
  expires: number;
  address: string;
  reason: string;
  decision: string;
  client: Client;
}

export interface InitialAccessToken {
  id: string;
  token?: string;
  timestamp: number;
  expiration: number;
  count: number;
  remainingCount: number;
  name?: string;
  policies?: Policy[];
}

export type Config = Record<string, string[]>;

export interface Policy {
  id?: string;
  name?: string;
  providerId?: string;
  providerType?: string;
  parentId?: string;
  subType?: string;
  config?: Config;
}

export const POLICY_TYPE = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

export interface Property {
  name: string;
  label: string;
  helpText: string;
  type: string;
  defaultValue?: unknown;
  options?: string[];
  secret: boolean;
  required: boolean;
}

export interface Provider {
  id: string;
  helpText: string;
  properties: Property[];
}

export type CallerKind = 'anonymous' | 'initial-access-token' | 'registration-access-token' | 'bearer';
export type Outcome = 'accept' | 'hold' | 'reject';
export type Verdict = 'accept' | 'amend' | 'hold' | 'reject' | 'fail';

export interface Violation {
  policy: string;
  provider: string;
  field?: string;
  value?: string;
  message: string;
  /** For administrators only; of what a policy said, not of what the caller was told. */
  hint?: string;
}

/** Why a component has no answer. */
export interface NoAnswer {
  kind: 'trap' | 'time' | 'memory' | 'instance' | 'nonsense' | 'error' | 'resting' | 'missing';
  message: string;
}

/** The component that failed, so that the request was refused. */
export interface Unanswered extends NoAnswer {
  /** A hook, an event of client policies, or a step of a provider. */
  step: string;
  /** Absent: it was the provider of the request. */
  policy?: string;
  provider: string;
  /** Absent: no component has it. */
  component?: string;
}

export interface Change {
  field: string;
  before: unknown;
  after: unknown;
}

export interface Evaluation {
  name: string;
  provider: string;
  /** Absent: there is none. */
  component?: string;
  version?: string;
  mode: 'enforce' | 'shadow';
  hook: string;
  verdict: Verdict;
  /** The initial access token that it came with. */
  token?: { id: string; name?: string };
  /** Why it holds the client. */
  reason?: string;
  failure?: NoAnswer;
  violations: Violation[];
  changes: Change[];
  micros: number;
}

/** One client policy at one event. */
export interface ClientPolicyEvaluation {
  name: string;
  event: string;
  /** A version that is only watched was asked. */
  mode?: 'shadow';
  applies: boolean;
  conditions: { condition: string; component?: string; version?: string; verdict: 'yes' | 'no' | 'abstain' | 'fail'; failure?: NoAnswer }[];
  executors: { executor: string; component?: string; version?: string; verdict: 'accept' | 'amend' | 'keep' | 'reject' | 'fail'; failure?: NoAnswer; violation?: Violation; changes: Change[]; micros: number }[];
}

/** What a version that is only watched would have decided. */
export interface Watched {
  component: string;
  verdict: ReplayVerdict;
  differs: boolean;
  policies?: string[];
  violations?: Violation[];
  reason?: string;
  failure?: Unanswered;
}

export interface Caller {
  /** `unknown`: the token was not looked at. */
  kind: CallerKind | 'unknown';
  address: string;
  subject?: string;
  origin?: string;
}

export interface Decision {
  id: string;
  time: number;
  provider: string;
  operation: 'register' | 'read' | 'update' | 'delete';
  caller: Caller;
  clientId?: string;
  outcome: Outcome;
  failed?: boolean;
  failure?: Unanswered;
  violations: Violation[];
  watched?: Watched[];
  clientPolicies?: ClientPolicyEvaluation[];
  policies: Evaluation[];
}

export interface DryRun {
  decision: Outcome;
  status: number;
  error: string | null;
  error_description: string | null;
  failure?: Unanswered;
  violations: Violation[];
  watched?: Watched[];
  clientPolicies?: ClientPolicyEvaluation[];
  policies: Evaluation[];
  before: unknown;
  after: unknown;
}

export interface Event {
  id: string;
  time: number;
  type: string;
  clientId?: string;
  ipAddress: string;
  error?: string;
  details?: Record<string, string>;
}

export interface Figures {
  clients: number;
  held: number;
  since: number;
  step: number;
  points: { time: number; accepted: number; held: number; refused: number }[];
  policies: { name: string; provider: string; refused: number; held: number; amended: number; failed: number; shadow: number }[];
}

/** How often clients may be registered without a token: `20/hour`. */
export interface Limits {
  anonymousPerAddress: string | null;
  anonymousPerRealm: string | null;
}

export interface Realm {
  id: string;
  realm: string;
  displayName?: string;
  enabled?: boolean;
  sslRequired?: 'none' | 'external' | 'all';
  accessTokenLifespan?: number;
  ssoSessionIdleTimeout?: number;
  ssoSessionMaxLifespan?: number;
  eventsEnabled?: boolean;
  enabledEventTypes?: string[];
  authorizationServer?: AuthorizationServer | null;
  lifeCycle?: Partial<LifeCycle>;
  attributes?: Record<string, string>;
}

/** The server that a realm stands before. */
export interface AuthorizationServer {
  issuer: string;
  metadataUrl?: string | null;
  trustTokens?: boolean;
  audience?: string | null;
  rolesClaim?: string;
}

export interface Executor {
  executor: string;
  configuration?: Record<string, unknown>;
}

export interface Profile {
  name: string;
  description?: string;
  executors?: Executor[];
}

export interface Condition {
  condition: string;
  configuration?: Record<string, unknown>;
}

export interface ClientPolicy {
  name: string;
  description?: string;
  enabled?: boolean;
  conditions?: Condition[];
  profiles?: string[];
}

/** Where a version of a component comes from. */
export type ComponentSource = 'built-in' | 'folder' | 'database';

export interface ComponentVersion {
  digest: string;
  size: number;
  /** Unix seconds; 0: it came with the program. */
  uploaded: number;
  contract: string;
  source: ComponentSource;
}

export interface ComponentFile {
  name: string;
  kind?: 'policy' | 'provider' | 'client-policy' | 'connector';
  /** Digest of the version that decides. */
  active?: string;
  /** Digest of the version that decided before. */
  previous?: string;
  /** Digest of the version that is watched. */
  shadow?: string;
  watch?: WatchReport;
  source?: ComponentSource;
  providers: string[];
  state: 'active' | 'failing' | 'refused';
  reason?: string;
  /** Unix seconds. */
  since?: number;
  usedBy: { realm: string; policy: string }[];
  calls: number;
  refusals: number;
  failures: number;
  lastFailure?: Unanswered & { time: number; realm: string; decision: string };
  medianMicros: number;
  p99Micros: number;
  memoryPeak: number;
  versions: ComponentVersion[];
}

/** A request that another version decides otherwise. */
export interface Difference {
  decision: string;
  realm: string;
  before: ReplayVerdict;
  after: ReplayVerdict;
  violations: Violation[];
  reason?: string;
  failure?: Unanswered;
  /** Why it is decided so now. */
  was: { violations?: Violation[]; reason?: string; failure?: Unanswered };
  policies: string[];
}

/** What came of watching a version. */
export interface WatchReport {
  digest: string;
  /** Unix seconds. */
  since: number;
  asked: number;
  differs: number;
  failed: number;
  how: { before: ReplayVerdict; after: ReplayVerdict; requests: number }[];
  latest: Difference[];
}

/** What another version would decide about recorded registrations. */
export interface Comparison {
  replayed: number;
  same: number;
  different: Difference[];
}

export type ReplayVerdict = Outcome | 'error';
