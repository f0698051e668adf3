// Decisions as sentences: which policy, which value, what would help. The one place with this wording.

import type { Caller, Change, ClientPolicyEvaluation, Decision, Evaluation, NoAnswer, Unanswered, Violation, Watched } from '../api/types';

/** One thing that a policy said. */
export interface Sentence {
  /** Drives colour and icon. */
  kind: 'refused' | 'failed' | 'held' | 'changed' | 'shadow' | 'agreed';
  /** Which policy said it; absent: the server's own rules. */
  policy?: string;
  text: string;
  /** What would help, for the administrator. */
  help?: string;
}

/** Who asked, in the middle of a sentence. */
export function who(caller: Pick<Caller, 'kind' | 'address' | 'origin'>): string {
  const kinds: Record<string, string> = {
    anonymous: 'an anonymous caller',
    'initial-access-token': 'a caller with an initial access token',
    'registration-access-token': 'a client with its registration access token',
    bearer: 'a signed-in user or service account',
    unknown: 'a caller whose token was not verified',
  };
  const page = caller.origin ? ` on a page of ${caller.origin}` : '';
  return `${kinds[caller.kind] ?? caller.kind} at ${caller.address}${page}`;
}

const attempts: Record<string, [string, string]> = {
  register: ['The registration', 'to be registered'],
  read: ['The reading', 'to be read'],
  update: ['The update', 'to be updated'],
  delete: ['The deletion', 'to be deleted'],
};

const documents: Record<string, string> = {
  default: 'Keycloak JSON',
  'openid-connect': 'OpenID Connect metadata',
  'client-id-metadata-document': 'client ID metadata document',
  'saml2-entity-descriptor': 'SAML metadata',
  install: 'the installation file',
};

/** The whole decision in one sentence. */
export function summary(decision: Pick<Decision, 'operation' | 'outcome' | 'caller' | 'clientId' | 'provider' | 'violations' | 'failure'>): string {
  const [attempt] = attempts[decision.operation] ?? ['The request'];
  const client = decision.clientId ? ` of client “${decision.clientId}”` : '';
  const by = ` by ${who(decision.caller)} (${documents[decision.provider] ?? decision.provider})`;
  switch (decision.outcome) {
    case 'reject': {
      if (decision.failure) {
        return `${attempt}${client}${by} was refused, as ${silent(decision.failure)} has no answer.`;
      }
      const policies = [...new Set(decision.violations.map((violation) => violation.policy))];
      const from = policies.length === 0 ? '' : ` by ${list(policies.map((name) => `“${name}”`))}`;
      return `${attempt}${client}${by} was refused${from}.`;
    }
    case 'hold':
      return `${attempt}${client}${by} was let through, and the client waits for an administrator.`;
    default:
      return `${attempt}${client}${by} was let through.`;
  }
}

/** Who has no answer, in the middle of a sentence. */
function silent({ policy, provider }: Unanswered): string {
  return policy === undefined ? `document format “${provider}”` : `“${policy}”`;
}

/** What sentences are made of: a decision, or a dry run. */
type Told = Pick<Decision, 'caller' | 'violations' | 'failure' | 'watched' | 'clientPolicies' | 'policies'> & { id?: string };

/** What the policies said, the objections first. What they all agreed to is one sentence. */
export function sentences(decision: Told): Sentence[] {
  const said: Sentence[] = [];
  const [clientPolicies, watched] = [decision.clientPolicies ?? [], decision.watched ?? []];
  const deciding = clientPolicies.filter(({ mode }) => mode !== 'shadow');
  said.push(...failures(decision, deciding));
  for (const violation of decision.violations) {
    const ofClientPolicy = deciding.some((policy) => policy.executors.some((executor) => executor.violation?.policy === violation.policy && executor.violation.message === violation.message));
    said.push(refusal(violation, decision, 'refused', ofClientPolicy));
  }
  for (const policy of deciding) {
    for (const executor of policy.executors) {
      said.push(...executor.changes.map((change): Sentence => ({ kind: 'changed', policy: policy.name, text: `Client policy “${policy.name}” (${executor.executor}) changed ${changed(change)}.` })));
    }
  }
  for (const policy of decision.policies) {
    if (policy.mode === 'shadow' && policy.verdict !== 'accept') {
      said.push(...shadow(policy, decision, isWatched(policy, decision)));
    } else if (policy.verdict === 'hold') {
      const why = policy.reason === undefined ? '.' : `: ${stop(policy.reason)}`;
      said.push({ kind: 'held', policy: policy.name, text: `“${policy.name}” wants an administrator to look at the client first${why}`, help: 'Approve or refuse the client under Clients → Waiting.' });
    }
    if (policy.mode === 'enforce') {
      said.push(...policy.changes.map((change): Sentence => ({ kind: 'changed', policy: policy.name, text: `“${policy.name}” changed ${changed(change)}.` })));
    }
  }
  said.push(...watched.filter(({ differs }) => differs).map(otherwise));
  const asked = decision.policies.filter((policy) => !isWatched(policy, decision));
  const objected = new Set(asked.filter((policy) => policy.verdict !== 'accept').map((policy) => policy.name));
  const agreed = [...new Set(asked.map((policy) => policy.name))].filter((name) => !objected.has(name));
  const met = [...new Set(deciding.filter((policy) => policy.applies && policy.executors.every(({ verdict }) => verdict !== 'reject' && verdict !== 'fail')).map((policy) => policy.name))];
  if (met.length > 0) {
    said.push({ kind: 'agreed', text: `What ${met.length === 1 ? 'client policy' : 'client policies'} ${list(met.map((name) => `“${name}”`))} ${met.length === 1 ? 'demands' : 'demand'} is met.` });
  }
  if (agreed.length > 0) {
    said.push({ kind: 'agreed', text: `${list(agreed.map((name) => `“${name}”`))} had no objection.` });
  }
  return said;
}

/** What has no answer, so that the request was refused. */
function failures(decision: Told, clientPolicies: ClientPolicyEvaluation[]): Sentence[] {
  const help = decision.id === undefined ? "The server's log says more." : `The server's log says more: look for decision ${decision.id}.`;
  const failed = (text: string, failure: NoAnswer, component?: string, policy?: string): Sentence => ({
    kind: 'failed',
    ...(policy !== undefined && { policy }),
    text: `${text}${component ? ` (${shortly(component)})` : ''}: ${failure.message}`,
    help,
  });
  const said = clientPolicies.flatMap((policy) => {
    const parts = [...policy.conditions.map(({ condition, ...part }) => ({ what: `condition ${condition}`, ...part })), ...policy.executors.map(({ executor, ...part }) => ({ what: `executor ${executor}`, ...part }))];
    return parts.flatMap(({ what, failure, component }) => (failure ? [failed(`Client policy “${policy.name}”, ${what}, could not decide`, failure, component, policy.name)] : []));
  });
  for (const policy of decision.policies) {
    if (policy.mode === 'enforce' && policy.failure) {
      said.push(failed(`“${policy.name}” could not decide`, policy.failure, policy.component, policy.name));
    }
  }
  if (said.length === 0 && decision.failure) {
    const { failure } = decision;
    const who = failure.policy === undefined ? `Document format “${failure.provider}”` : `“${failure.policy}”`;
    said.push(failed(`${who} could not handle the request (${failure.step})`, failure, failure.component, failure.policy));
  }
  return said;
}

const verdicts = { accept: 'let it through', hold: 'held the client', reject: 'refused it', error: 'had no answer' };

/** What a watched version would have decided instead. */
function otherwise({ component, verdict, reason, failure, violations = [] }: Watched): Sentence {
  const why = failure?.message ?? reason ?? violations.map(({ message }) => message).join('; ');
  return { kind: 'shadow', text: `Version ${shortly(component)}, which is only watched, would have ${verdicts[verdict]}${why ? `: ${stop(why)}` : '.'}` };
}

/** A component's name and the beginning of its digest. */
export function shortly(component: string): string {
  return component.replace(/@(.{8}).+/, '@$1…');
}

/** Whether it is the watched version of a component that spoke, beside the one that decides. */
function isWatched(policy: Evaluation, { policies, watched = [] }: Pick<Decision, 'policies' | 'watched'>): boolean {
  const beside = (other: Evaluation) => other.mode === 'enforce' && other.name === policy.name && other.hook === policy.hook;
  return policy.mode === 'shadow' && (watched.some(({ component }) => component === policy.component) || policies.some(beside));
}

function shadow(policy: Evaluation, decision: Told, watched: boolean): Sentence[] {
  const why = watched ? 'That is the version which is only watched, so nothing came of it.' : 'It is in shadow mode, so nothing came of it.';
  const mark = (text: string): Sentence => ({ kind: 'shadow', policy: policy.name, text });
  if (policy.failure) {
    return [mark(`“${policy.name}” would have had no answer: ${policy.failure.message} ${why}`)];
  }
  if (policy.verdict === 'reject') {
    return policy.violations.map((violation) => {
      const { text, help } = refusal(violation, decision, 'would have refused');
      return { ...mark(`${text} ${why}`), ...(help && { help }) };
    });
  }
  if (policy.verdict === 'hold') {
    return [mark(`“${policy.name}” would have held the client${policy.reason === undefined ? '.' : `: ${stop(policy.reason)}`} ${why}`)];
  }
  return policy.changes.map((change) => mark(`“${policy.name}” would have changed ${changed(change)}. ${why}`));
}

function refusal(violation: Violation, { caller, policies, clientPolicies = [] }: Told, did: string, ofClientPolicy = false): Sentence {
  const same = (said: Violation) => said.message === violation.message && said.value === violation.value && said.policy === violation.policy;
  const by = policies.find((policy) => policy.violations.some(same));
  // What the caller was told is without the hint.
  const executors = clientPolicies.flatMap((policy) => policy.executors.flatMap((executor) => executor.violation ?? []));
  const hint = [...(by?.violations ?? []), ...executors].find(same)?.hint;
  const what = violation.value === undefined ? (violation.field ? ` because of ${violation.field}` : '') : ` ${violation.field ? `${violation.field} ` : ''}“${violation.value}”`;
  const came = by?.token ? `, which came with initial access token ${by.token.name === undefined ? by.token.id : `“${by.token.name}” (${by.token.id})`},` : '';
  const text = `“${violation.policy}”${came} ${did}${what || ' it'}: ${stop(violation.message)}`;
  const help = by?.token
    ? `The policy is none of the realm's: it came with the token, and binds every client that is registered with it. ${advice({ ...violation, ...(hint !== undefined && { hint }) }, caller)}`
    : ofClientPolicy
      ? `${hint === undefined ? '' : `${stop(hint)} `}Change ${violation.field ?? 'what is named'} in the request, or the conditions and profiles of the client policy “${violation.policy}”.`
      : advice({ ...violation, ...(hint !== undefined && { hint }) }, caller);
  return { kind: 'refused', policy: violation.policy, text: ofClientPolicy ? `Client policy ${text}` : text, ...(help && { help }) };
}

/** What would make the objection go away. */
export function advice(violation: Violation, caller: Pick<Caller, 'address' | 'kind' | 'origin'>): string {
  const policy = `“${violation.policy}”`;
  const token = caller.kind === 'anonymous' ? ' Or give the caller an initial access token: other policies apply then.' : '';
  switch (violation.provider) {
    case 'trusted-hosts': {
      if (violation.field === undefined) {
        return `Add ${caller.address}, its host name or its network to the trusted hosts of ${policy}.${token}`;
      }
      const host = hostOf(violation.value);
      return host ? `Add ${host} to the trusted hosts of ${policy}, or register with addresses of a trusted host.` : `Use an address of a host that ${policy} trusts.`;
    }
    case 'max-clients':
      return `Raise the limit of ${policy}, or delete clients that nobody needs any more.${token}`;
    case 'allowed-client-templates':
      return violation.value ? `Allow the client scope ${violation.value} in ${policy}, or leave it out of the request.` : `Allow the client scope in ${policy}, or leave it out of the request.`;
    case 'allowed-protocol-mappers':
      return violation.value ? `Allow the mapper type ${violation.value} in ${policy}, or leave the mapper out of the request.` : `Allow the mapper's type in ${policy}, or leave the mapper out of the request.`;
    case 'scope':
      return 'Leave fullScopeAllowed out of the request, or send false.';
    case 'consent-required':
      return 'Leave consentRequired out of the request, or send true.';
    case 'client-disabled':
      return 'Let an administrator enable the client; it cannot enable itself.';
    case 'registration-web-origins':
      return caller.origin ? `Add ${caller.origin} to the web origins of ${policy}.` : `Add the page's origin to the web origins of ${policy}.`;
    default:
      if (violation.hint) {
        return stop(violation.hint);
      }
      return violation.field ? `Change ${violation.field} in the request, or the settings of ${policy}.` : `Look at the settings of ${policy}.`;
  }
}

function hostOf(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : new URL(value).hostname || undefined;
  } catch {
    return undefined;
  }
}

function changed(change: Change): string {
  const shown = (value: unknown): string => (value === null || value === undefined ? 'nothing' : typeof value === 'string' ? `“${value}”` : JSON.stringify(value));
  return `${change.field} from ${shown(change.before)} to ${shown(change.after)}`;
}

function list(names: string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

function stop(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
