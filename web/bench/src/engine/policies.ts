// The registration policies at work (host/src/policies.rs): all of a set run, each run of neighbours that live in one
// component by one call; the first violation gives the text of the answer.

import { amend, type Change, hidden, revealed } from './amendment.js';
import { ComponentFailure } from './component.js';
import type { Offered } from './component-set.js';
import type { Client, ConfiguredPolicy, Decision, Hook, PolicyProvider, Violation } from './contract.js';
import { type Exchange, noted } from './exchange.js';
import { DECISION, type PolicyViolation, policyFailed, Refusal } from './refusal.js';

/** A policy as an administrator set it up (Keycloak: ComponentRepresentation). */
export interface Policy {
  name: string;
  providerId: string;
  config: Record<string, string[]>;
}

/** One policy at one hook, as dry runs and decision records show it. */
export interface Evaluation {
  name: string;
  provider: string;
  component: string;
  version: string;
  mode: 'enforce' | 'shadow';
  hook: Hook;
  verdict: 'accept' | 'amend' | 'hold' | 'reject';
  /** Why it holds the client. */
  reason?: string;
  violations: PolicyViolation[];
  changes: Change[];
  micros: number;
}

/** What {@link Evaluation} says, and what the operator's log would say beside it. */
export interface Noted extends Evaluation {
  hints: string[];
}

/** Keys of a configuration that belong to the host. */
export const HOST_KEYS = ['priority', 'mode'];
/** Longest offending value that is shown. */
const VALUE_LENGTH = 255;

/** A policy as components see it. */
export function configured(policy: Policy): ConfiguredPolicy {
  const config = Object.entries(policy.config).filter(([name, values]) => !HOST_KEYS.includes(name) && values.length > 0);
  return { provider: policy.providerId, name: policy.name, config: config.map(([name, values]) => ({ name, values })) };
}

/** Settings as the server stores them: what the provider does not know and what is blank is left out. */
export function stored(policy: Policy, provider: PolicyProvider | undefined): Policy {
  const known = new Set([...HOST_KEYS, ...(provider?.properties ?? []).map((property) => property.name)]);
  const config = Object.entries(policy.config)
    .filter(([name]) => !provider || known.has(name))
    .map(([name, values]) => [name, values.filter((value) => value.trim() !== '')] as const)
    .filter(([, values]) => values.length > 0);
  return { ...policy, config: Object.fromEntries(config) };
}

const isShadow = (policy: Policy) => policy.config.mode?.[0] === 'shadow';

const priority = (policy: Policy) => {
  const text = policy.config.priority?.[0] ?? '';
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0;
};

interface Run {
  provider: Offered<PolicyProvider> | undefined;
  policies: Policy[];
  shadow: boolean;
}

/** Error codes about the metadata of a client (RFC 7591 §3.2.2). */
const REGISTRATION_ERRORS = ['invalid_redirect_uri', 'invalid_client_metadata', 'invalid_software_statement', 'unapproved_software_statement'];

const isAboutFullClient = (hook: Hook) => hook === 'after-register' || hook === 'after-update';

/** The policies of one request, and what they have said so far. */
export class Policies {
  readonly evaluations: Noted[] = [];
  /** Why the client is to be held, if a policy wants that. */
  held: string | undefined;
  private readonly set: Policy[];

  constructor(
    private readonly exchange: Exchange,
    policies: Policy[],
  ) {
    const provider = (policy: Policy) => exchange.components.policies.get(policy.providerId)?.description;
    // Stable: those of equal priority stay in their order.
    this.set = policies.map((policy) => stored(policy, provider(policy))).toSorted((a, b) => priority(a) - priority(b));
  }

  /** Asks the policies that want this hook; gives the client as they leave it. Throws their refusal. */
  async run(hook: Hook, proposed: Client | undefined, storedClient: Client | undefined): Promise<Client | undefined> {
    const runs = this.runs(hook);
    if (runs.length === 0) return proposed;
    let client = proposed && hidden(proposed);
    const seen = storedClient && hidden(storedClient);
    const violations: Objection[] = [];
    for (const run of runs) client = await this.ask(hook, run, client, seen, violations);
    if (violations.length > 0) throw refused(violations, this.concernsMetadata(violations));
    return client && proposed && revealed(client, proposed);
  }

  /** Whether the first violation has a code that policies of contract 0.2.0 are answered 400 for. */
  private concernsMetadata([first]: Objection[]): boolean {
    return first?.error !== undefined && REGISTRATION_ERRORS.includes(first.error) && this.isOfNextContract(first.shown.provider);
  }

  /** Whether a kind of policy is of contract 0.2.0, which lets it amend requests and refuse them with 400. */
  private isOfNextContract(providerId: string): boolean {
    return this.exchange.components.policies.get(providerId)?.contract === '0.2.0';
  }

  /** Whether a policy may amend at this hook: before the client is full it would change the request. */
  private mayAmend(hook: Hook, policy: Policy): boolean {
    return isAboutFullClient(hook) || ((hook === 'before-register' || hook === 'before-update') && this.isOfNextContract(policy.providerId));
  }

  /** Runs that are asked in one call each. A watched policy runs alone, so that its answer can be left out. */
  private runs(hook: Hook): Run[] {
    const runs: Run[] = [];
    for (const policy of this.set) {
      const provider = this.exchange.components.policies.get(policy.providerId);
      if (provider && !provider.description.hooks.includes(hook)) continue;
      const shadow = isShadow(policy);
      const last = runs.at(-1);
      if (last?.provider && provider && last.provider.component === provider.component && !last.shadow && !shadow) {
        last.policies.push(policy);
      } else {
        runs.push({ provider, policies: [policy], shadow });
      }
    }
    return runs;
  }

  private async ask(
    hook: Hook,
    run: Run,
    proposed: Client | undefined,
    stored: Client | undefined,
    violations: Objection[],
  ): Promise<Client | undefined> {
    let client = proposed;
    let answer: { decisions: Decision[]; micros: number };
    try {
      answer = await this.decisions(hook, run, proposed, stored);
    } catch (error) {
      // Of a watched policy that fails nothing is seen.
      if (error instanceof ComponentFailure && run.shadow) return client;
      throw error instanceof ComponentFailure ? policyFailed(run.policies[0]?.name ?? '', error) : error;
    }
    const component = run.provider ? `${run.provider.component.name}@${run.provider.component.digest}` : '';
    for (const [at, decision] of answer.decisions.entries()) {
      const policy = run.policies[at] as Policy;
      const evaluation: Noted = {
        name: policy.name,
        provider: policy.providerId,
        component,
        version: this.exchange.components.policies.get(policy.providerId)?.description.version ?? '',
        mode: run.shadow ? 'shadow' : 'enforce',
        hook,
        verdict: 'accept',
        violations: [],
        changes: [],
        micros: Math.floor(answer.micros / run.policies.length),
        hints: [],
      };
      const held = this.held;
      try {
        const left = await this.decided(hook, policy, decision, client, evaluation, run.shadow ? [] : violations);
        if (!run.shadow) client = left;
      } catch (error) {
        if (!(error instanceof ComponentFailure)) throw error;
        if (!run.shadow) throw policyFailed(policy.name, error);
      }
      if (run.shadow) this.held = held;
      this.evaluations.push(evaluation);
    }
    return client;
  }

  private async decisions(hook: Hook, run: Run, proposed: Client | undefined, stored: Client | undefined) {
    const first = run.policies[0] as Policy;
    if (!run.provider) {
      throw new ComponentFailure(first.providerId, 'not loaded', `policy "${first.name}" needs it`);
    }
    const { component } = run.provider;
    const args = [hook, this.exchange.context, proposed, stored, run.policies.map(configured)] as const;
    const answered = component.call('policies', 'evaluate', [...args], this.exchange.facts);
    const answer = await noted(this.exchange.trace, component.name, `evaluate ${hook}`, answered);
    if (!('ok' in answer) || answer.ok.length !== run.policies.length) {
      const decisions = 'ok' in answer ? answer.ok.length : 0;
      throw new ComponentFailure(component.name, 'nonsense', `${decisions} decisions of ${run.policies.length} policies`);
    }
    return { decisions: answer.ok, micros: answer.micros };
  }

  /** Carries out one decision; gives the client as it is then. */
  private async decided(
    hook: Hook,
    policy: Policy,
    decision: Decision,
    client: Client | undefined,
    evaluation: Noted,
    violations: Objection[],
  ): Promise<Client | undefined> {
    const nonsense = (detail: string) => new ComponentFailure(policy.providerId, 'nonsense', detail);
    const object = async (violation: Violation) => {
      const shown = await this.shown(policy, violation);
      evaluation.verdict = 'reject';
      // Who decides is told more than the caller.
      evaluation.violations.push(violation.hint === undefined ? shown : { ...shown, hint: violation.hint });
      if (violation.hint !== undefined) evaluation.hints.push(violation.hint);
      violations.push({ shown, error: violation.error });
    };
    switch (decision.tag) {
      case 'accept':
        for (const condition of decision.val) {
          const holds = this.exchange.facts['client-count'] < condition.kind.val;
          if (!holds) await object(condition.otherwise);
        }
        return client;
      case 'amend': {
        if (!client || !this.mayAmend(hook, policy)) throw nonsense('it amends in a hook that does not allow it');
        // In a full client it is looked at later.
        const protocol = decision.val.protocol;
        if (!isAboutFullClient(hook) && protocol !== undefined && protocol !== client.protocol && this.exchange.provider.description.protocol !== undefined) {
          throw nonsense('it amends protocol');
        }
        evaluation.verdict = 'amend';
        const amended = amend(client, decision.val);
        if ('refused' in amended) throw nonsense(`it amends ${amended.refused}`);
        for (const change of amended.changes) {
          evaluation.changes.push({ ...change, field: (await this.exchange.documentName(change.field)) ?? change.field });
        }
        return amended.client;
      }
      case 'hold':
        if (hook !== 'after-register') throw nonsense('it holds in a hook that does not allow it');
        evaluation.verdict = 'hold';
        evaluation.reason = decision.val;
        this.held ??= decision.val;
        return client;
      case 'reject':
        if (decision.val.length === 0) throw nonsense('it rejects without a violation');
        for (const violation of decision.val) await object(violation);
        return client;
    }
  }

  /** A violation as the caller sees it. */
  private async shown(policy: Policy, violation: Violation): Promise<PolicyViolation> {
    return shownViolation(this.exchange, policy.name, policy.providerId, violation);
  }
}

/** A violation with the field under its name in the caller's document; a value is shown of a field only. */
export async function shownViolation(exchange: Exchange, policy: string, provider: string, violation: Violation): Promise<PolicyViolation> {
  const field = violation.field === undefined ? undefined : await exchange.documentName(violation.field);
  const shown: PolicyViolation = { policy, provider, message: violation.message };
  if (field === undefined) return shown;
  const value = violation.value === undefined ? {} : { value: [...violation.value].slice(0, VALUE_LENGTH).join('') };
  return { policy, provider, field, ...value, message: violation.message };
}

interface Objection {
  shown: PolicyViolation;
  error: string | undefined;
}

/** 403, as Keycloak words it; 400 where the first of them is one of 0.2.0 about the metadata. */
function refused(objections: Objection[], concernsMetadata: boolean): Refusal {
  const violations = objections.map(({ shown }) => shown);
  const [first] = objections;
  const error = first?.error ?? 'insufficient_scope';
  const message = first?.shown.message ?? '';
  const description = `Policy '${first?.shown.policy}' rejected request to client-registration service. Details: ${message}`;
  return new Refusal(concernsMetadata ? 400 : 403, {
    error,
    ...(message === '' ? {} : { error_description: description }),
    violations,
    decision: DECISION,
  });
}
