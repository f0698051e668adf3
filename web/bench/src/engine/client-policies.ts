// Client policies at work, before the registration policies (host/src/client_policies.rs): conditions say which policies
// apply, their executors run in the order of the documents, and the first refusal ends the request.

import globalProfiles from '../../../../host/store/src/global_profiles.json' with { type: 'json' };
import { amend, type Change, hidden, revealed } from './amendment.js';
import { type Component, ComponentFailure } from './component.js';
import type { Offered } from './component-set.js';
import type { Client, ConditionProvider, Configured, Event, ExecutorProvider, Outcome, Verdict } from './contract.js';
import { type Exchange, noted } from './exchange.js';
import { shownViolation } from './policies.js';
import { DECISION, type PolicyViolation, policyFailed, Refusal } from './refusal.js';

/** Keycloak's ClientProfilesRepresentation, as far as it is used. */
export interface Profiles {
  profiles?: { name?: string; executors?: { executor?: string; configuration?: unknown }[] }[];
}

/** Keycloak's ClientPoliciesRepresentation, as far as it is used. */
export interface ClientPolicyDocument {
  policies?: {
    name?: string;
    enabled?: boolean | string | null;
    mode?: string;
    conditions?: { condition?: string; configuration?: unknown }[] | null;
    profiles?: string[] | null;
  }[];
}

/** One client policy at one event, as dry runs and decision records show it (host/src/client_policies/record.rs). */
export interface ClientPolicyEvaluation {
  name: string;
  event: Event;
  applies: boolean;
  conditions: { condition: string; component: string; version: string; verdict: Verdict }[];
  executors: ExecutorEvaluation[];
}

/** What an executor did. */
export interface ExecutorEvaluation {
  executor: string;
  component: string;
  version: string;
  verdict: 'accept' | 'amend' | 'keep' | 'reject';
  violation?: PolicyViolation;
  changes: Change[];
  micros: number;
}

interface EnabledPolicy {
  name: string;
  strict: boolean;
  conditions: Configured[];
  executors: Configured[];
}

interface Candidate {
  policy: EnabledPolicy;
  conditions: { part: Configured; offered: Offered<ConditionProvider> }[];
  executors: { part: Configured; offered: Offered<ExecutorProvider> }[];
}

/** The policies that two documents come to (host/store/src/client_policy_documents.rs). */
function enabled(profiles: Profiles, policies: ClientPolicyDocument): EnabledPolicy[] {
  const all = [...(globalProfiles as Required<Profiles>['profiles']), ...(profiles.profiles ?? [])];
  return (policies.policies ?? [])
    .filter((policy) => policy.enabled === true || policy.enabled === 'true')
    .map((policy) => {
      const name = policy.name ?? '';
      const executors = (policy.profiles ?? []).flatMap((wanted) => all.find((profile) => profile.name === wanted)?.executors ?? []);
      return {
        name,
        strict: policy.mode === 'STRICT',
        conditions: (policy.conditions ?? []).map((one) => configured(name, one.condition, one.configuration)),
        executors: executors.map((one) => configured(name, one.executor, one.configuration)),
      };
    })
    .filter((policy) => policy.conditions.length > 0 && policy.executors.length > 0);
}

/** A text or number as one value, a list as its values, an object as its text, and nothing for what is empty. */
function configured(policy: string, provider = '', configuration: unknown): Configured {
  const settings = typeof configuration === 'object' && configuration !== null ? Object.entries(configuration) : [];
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const config = settings.map(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return { name, values: values.filter((one) => one !== null && one !== undefined).map(text) };
  });
  return { provider, policy, config: config.filter(({ values }) => values.length > 0) };
}

const label = (component: Component) => `${component.name}@${component.digest}`;

/** The client policies of one request. */
export class ClientPolicies {
  /** Every policy that was asked, in order. */
  readonly evaluations: ClientPolicyEvaluation[] = [];
  private readonly enabled: EnabledPolicy[];

  constructor(
    private readonly exchange: Exchange,
    profiles: Profiles,
    policies: ClientPolicyDocument,
  ) {
    this.enabled = enabled(profiles, policies);
  }

  /** Runs what concerns an event; gives the client as executors leave it. Throws their refusal. */
  async run(event: Event, proposed: Client | undefined, stored: Client | undefined): Promise<Client | undefined> {
    const candidates = this.candidates(event);
    if (candidates.length === 0) return proposed;
    const said = candidates.map(({ policy: { name } }): ClientPolicyEvaluation => ({ name, event, applies: false, conditions: [], executors: [] }));
    this.evaluations.push(...said);
    const client = await this.all(event, candidates, proposed && hidden(proposed), stored && hidden(stored), said);
    return client && proposed && revealed(client, proposed);
  }

  /** The policies that concern this event. Of a kind that is not loaded nobody knows what it would do. */
  private candidates(event: Event): Candidate[] {
    const { conditions, executors } = this.exchange.components;
    const find = <T>(map: ReadonlyMap<string, Offered<T>>, part: Configured) => {
      const offered = map.get(part.provider);
      if (offered) return { part, offered };
      const failure = new ComponentFailure(part.provider, 'not loaded', `client policy "${part.policy}" needs it`);
      throw policyFailed(part.policy, failure);
    };
    return this.enabled.flatMap((policy) => {
      const acting = policy.executors
        .map((part) => find(executors, part))
        .filter(({ offered }) => offered.description.events.includes(event));
      if (acting.length === 0) return [];
      return [{ policy, executors: acting, conditions: policy.conditions.map((part) => find(conditions, part)) }];
    });
  }

  private async all(
    event: Event,
    candidates: Candidate[],
    proposed: Client | undefined,
    stored: Client | undefined,
    said: ClientPolicyEvaluation[],
  ): Promise<Client | undefined> {
    let client = proposed;
    let first = 0;
    await this.judge(event, candidates, client, stored, said);
    // Begins anew behind a policy whose changes decide whether a later one applies.
    again: while (first < candidates.length) {
      const steps = candidates.flatMap((candidate, index) =>
        index >= first && said[index]?.applies ? candidate.executors.map((executor) => ({ index, ...executor })) : [],
      );
      // What was changed since the conditions of later policies were asked.
      let changed: string[] = [];
      let at = 0;
      while (at < steps.length) {
        const run = sameComponent(steps.slice(at), (step) => step.offered.component);
        const asked = steps.slice(at, at + run);
        const { outcomes, micros } = await this.execute(event, asked, client, stored);
        for (const [number, outcome] of outcomes.entries()) {
          const { index, part, offered } = asked[number] as (typeof steps)[number];
          const nonsense = (detail: string) => policyFailed(part.policy, new ComponentFailure(offered.component.name, 'nonsense', detail));
          if (outcome.tag === 'err') throw nonsense(outcome.val);
          const evaluation: ExecutorEvaluation = {
            executor: part.provider,
            component: label(offered.component),
            version: offered.description.version,
            verdict: 'accept',
            changes: [],
            micros: Math.floor(micros / outcomes.length),
          };
          const heard = said[index]?.executors ?? [];
          switch (outcome.val.tag) {
            case 'pass':
              break;
            case 'keep-registration-access-token':
              evaluation.verdict = 'keep';
              break;
            case 'refuse': {
              const refusal = await this.refused(event, part, outcome.val.val);
              const [violation] = refusal.body.violations ?? [];
              const { hint } = outcome.val.val;
              heard.push({ ...evaluation, verdict: 'reject', ...(violation ? { violation: hint === undefined ? violation : { ...violation, hint } } : {}) });
              throw refusal;
            }
            case 'amend': {
              if (!client) throw nonsense('it amends a client that is only shown or deleted');
              const amended = amend(client, outcome.val.val);
              if ('refused' in amended) throw nonsense(`it amends ${amended.refused}`);
              client = amended.client;
              changed.push(...amended.changes.map(({ field }) => field));
              evaluation.verdict = 'amend';
              for (const change of amended.changes) {
                evaluation.changes.push({ ...change, field: (await this.exchange.documentName(change.field)) ?? change.field });
              }
            }
          }
          heard.push(evaluation);
          const endsPolicy = steps[at + number + 1]?.index !== index;
          const later = candidates.slice(index + 1);
          if (endsPolicy && reads(later, changed)) {
            changed = [];
            const ofLater = said.slice(index + 1);
            const applied = ofLater.map(({ applies }) => applies);
            await this.judge(event, later, client, stored, ofLater);
            if (ofLater.some(({ applies }, number) => applies !== applied[number])) {
              first = index + 1;
              continue again;
            }
          }
        }
        at += run;
      }
      break;
    }
    return client;
  }

  /** Finds out which of the policies apply: no condition says no, and at least one says yes. */
  private async judge(
    event: Event,
    candidates: Candidate[],
    proposed: Client | undefined,
    stored: Client | undefined,
    said: ClientPolicyEvaluation[],
  ): Promise<void> {
    const questions = candidates.flatMap(({ conditions }, index) => conditions.map((condition) => ({ index, ...condition })));
    const answers = candidates.map(({ policy }) => ({ strict: policy.strict, yes: false, no: false }));
    for (const one of said) one.conditions = [];
    let at = 0;
    while (at < questions.length) {
      const run = sameComponent(questions.slice(at), (question) => question.offered.component);
      const asked = questions.slice(at, at + run);
      const { part, offered } = asked[0] as (typeof questions)[number];
      const args = [event, this.exchange.context, proposed, stored, asked.map((question) => question.part)] as const;
      const { ok } = await this.call(part, offered.component, 'judge', args, event);
      const verdicts = ok as ({ tag: 'ok'; val: Verdict } | { tag: 'err'; val: string })[];
      if (verdicts.length !== asked.length) {
        const detail = `${verdicts.length} verdicts of ${asked.length} conditions`;
        throw policyFailed(part.policy, new ComponentFailure(offered.component.name, 'nonsense', detail));
      }
      for (const [number, verdict] of verdicts.entries()) {
        const question = asked[number] as (typeof questions)[number];
        if (verdict.tag === 'err') {
          throw policyFailed(question.part.policy, new ComponentFailure(question.offered.component.name, 'nonsense', verdict.val));
        }
        const heard = answers[question.index];
        if (!heard) continue;
        if (verdict.val === 'yes') heard.yes = true;
        else heard.no ||= verdict.val === 'no' || heard.strict;
        const component = label(question.offered.component);
        const { version } = question.offered.description;
        said[question.index]?.conditions.push({ condition: question.part.provider, component, version, verdict: verdict.val });
      }
      at += run;
    }
    for (const [number, { yes, no }] of answers.entries()) {
      const one = said[number];
      if (one) one.applies = yes && !no;
    }
  }

  private async execute(event: Event, asked: Candidate['executors'], proposed: Client | undefined, stored: Client | undefined) {
    const { part, offered } = asked[0] as Candidate['executors'][number];
    const args = [event, this.exchange.context, proposed, stored, asked.map((step) => step.part)] as const;
    const { ok, micros } = await this.call(part, offered.component, 'execute', args, event);
    const outcomes = ok as ({ tag: 'ok'; val: Outcome } | { tag: 'err'; val: string })[];
    const ends = outcomes.some((outcome) => outcome.tag === 'err' || outcome.val.tag === 'refuse');
    if (outcomes.length !== asked.length && !(ends && outcomes.length < asked.length)) {
      const detail = `${outcomes.length} outcomes of ${asked.length} executors`;
      throw policyFailed(part.policy, new ComponentFailure(offered.component.name, 'nonsense', detail));
    }
    return { outcomes, micros };
  }

  private async call(part: Configured, component: Component, name: 'judge' | 'execute', args: readonly unknown[], event: Event) {
    try {
      const answered = component.call('client-policies', name, args as never, this.exchange.facts);
      const answer = await noted(this.exchange.trace, component.name, `${name} ${event}`, answered);
      if ('err' in answer) throw new ComponentFailure(component.name, 'nonsense', 'it answers with an error');
      return { ok: answer.ok as unknown[], micros: answer.micros };
    } catch (error) {
      throw error instanceof ComponentFailure ? policyFailed(part.policy, error) : error;
    }
  }

  /** What an executor finds in the request is answered 403 with Keycloak's code; what it finds in the result, 400. */
  private async refused(event: Event, part: Configured, violation: (Outcome & { tag: 'refuse' })['val']): Promise<Refusal> {
    const code = violation.error ?? 'invalid_request';
    const late = event === 'registered' || event === 'updated';
    const violations = [await shownViolation(this.exchange, part.policy, part.provider, violation)];
    const said = late
      ? { error: code, error_description: violation.message }
      : { error: 'insufficient_scope', error_description: `${code}: ${violation.message}` };
    return new Refusal(late ? 400 : 403, { ...said, violations, decision: DECISION }, violation.hint);
  }
}

/** Whether a condition of these policies looks at a field that executors have changed (`consent-required`, `attributes.…`). */
function reads(candidates: Candidate[], changed: string[]): boolean {
  const ofField = (change: string, field: string) => change === field || change.startsWith(`${field}.`);
  if (changed.length === 0) return false;
  return candidates.some(({ conditions }) =>
    conditions.some(({ offered: { description } }) => description.reads?.some((field) => changed.some((change) => ofField(change, field))) ?? true),
  );
}

/** How many parts at the beginning are of the same component. */
function sameComponent<T>(parts: T[], component: (part: T) => Component): number {
  const [first] = parts;
  if (first === undefined) return 0;
  const end = parts.findIndex((part) => component(part) !== component(first));
  return end < 0 ? parts.length : end;
}
