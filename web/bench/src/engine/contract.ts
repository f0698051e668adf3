// The contract (wit/) in TypeScript, as jco makes it. Everything else takes its types from here.

export type { Attribute, Client, ProtocolMapper } from '../generated/contract/client.js';
export type { ConfigEntry, ConfigError, ConfigProperty } from '../generated/contract/config.js';
export type { Condition, Decision, Violation } from '../generated/contract/decision.js';
export type { CallerKind, Operation, RegistrationAuth } from '../generated/contract/request.js';
export type {
  Completed,
  Document,
  Effect,
  Issued,
  Registration,
  RegistrationProvider,
} from '../generated/contract/providers.js';
export type { ConfiguredPolicy } from '../generated/contract/policies.js';
export type {
  ConditionProvider,
  Configured,
  Event,
  ExecutorProvider,
  Offer,
  Outcome,
  Role,
  Verdict,
} from '../generated/contract/client-policies.js';

import type * as clientPolicies from '../generated/contract/client-policies.js';
import type * as policies from '../generated/contract/policies.js';
import type * as providers from '../generated/contract/providers.js';
import type * as request from '../generated/contract/request.js';
import type { Client } from '../generated/contract/client.js';
import type { Decision } from '../generated/contract/decision.js';

// What contract 0.2.0 adds (wit/next): components of 0.1 are never asked at its hook and do not see its field.

/** When a policy is asked. */
export type Hook = policies.Hook | 'before-install';
/** Who asks for what, where. */
export interface Context extends request.Context {
  decision: string;
}
/** What a component says of a kind of policy. */
export interface PolicyProvider extends Omit<policies.PolicyProvider, 'hooks'> {
  hooks: Hook[];
}
interface Policies extends Omit<typeof policies, 'describe' | 'evaluate'> {
  describe(): PolicyProvider[];
  evaluate(hook: Hook, context: Context, proposed: Client | undefined, stored: Client | undefined, policies: policies.ConfiguredPolicy[]): Decision[];
}

/** What a component may export, by name of the interface. */
export interface Interfaces {
  providers: typeof providers;
  policies: Policies;
  'client-policies': typeof clientPolicies;
}
export const INTERFACES = ['providers', 'policies', 'client-policies'] as const;
export type InterfaceName = (typeof INTERFACES)[number];
/** What a component exports, and the version of the contract that its policies are of. */
export interface Exported {
  interfaces: InterfaceName[];
  contract: '0.1.0' | '0.2.0';
}

/** The versions of the contract that the bench speaks, as interfaces name them. */
export const CONTRACTS = ['0.1.', '0.2.0'];
