// The contract (wit/) in TypeScript, as jco makes it. Everything else takes its types from here.

export type { Attribute, Client, ProtocolMapper } from '../generated/contract/client.js';
export type { ConfigEntry, ConfigError, ConfigProperty } from '../generated/contract/config.js';
export type { Condition, Decision, Violation } from '../generated/contract/decision.js';
export type { CallerKind, Context, Operation, RegistrationAuth } from '../generated/contract/request.js';
export type {
  Completed,
  Document,
  Effect,
  Issued,
  Registration,
  RegistrationProvider,
} from '../generated/contract/providers.js';
export type { ConfiguredPolicy, Hook, PolicyProvider } from '../generated/contract/policies.js';
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

/** What a component may export, by name of the interface. */
export interface Interfaces {
  providers: typeof providers;
  policies: typeof policies;
  'client-policies': typeof clientPolicies;
}
export const INTERFACES = ['providers', 'policies', 'client-policies'] as const;
export type InterfaceName = (typeof INTERFACES)[number];

/** The version of the contract that the bench speaks. */
export const CONTRACT = '0.1';
