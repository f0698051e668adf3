// What the server would answer, and why.

import { Alert, Card, CardBody, CardTitle, Content, EmptyState, EmptyStateBody, ExpandableSection, Label, Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { useState } from 'react';
import type { Effect } from '../engine/contract.js';
import { MADE_BY_SERVER, type Outcome } from '../engine/evaluate.js';
import { ClientDiff } from './client-diff.js';
import { Decisions } from './decisions.js';
import type { State } from './state.js';
import { Unanswered } from './unanswered.js';
import type { Tried } from './use-outcome.js';

interface Properties {
  tried: Tried;
  state: State;
  set: (changed: Partial<State>) => void;
}

/** See above. */
export function AnswerView({ tried, state, set }: Properties) {
  const { outcome, untryable, running, took } = tried;
  return (
    <Card component="section" aria-labelledby="answer-title" className="answer" aria-busy={running}>
      <CardTitle component="h2" id="answer-title" tabIndex={-1}>
        Answer <span className="hint took">{running ? 'running…' : outcome ? `in ${took < 1 ? '<1' : Math.round(took)} ms` : ''}</span>
      </CardTitle>
      <CardBody>
        <div aria-live="polite" className="verdict" data-testid="verdict">
          {untryable !== undefined && <Alert component="h3" variant="warning" isInline title="Not tried">{untryable}</Alert>}
          {outcome && <Verdict outcome={outcome} />}
        </div>
        {outcome && <Parts outcome={outcome} state={state} set={set} />}
        {!outcome && !untryable && (
          <EmptyState headingLevel="h3" titleText="No answer yet">
            <EmptyStateBody>Choose an example or paste a document: the answer appears here.</EmptyStateBody>
          </EmptyState>
        )}
      </CardBody>
    </Card>
  );
}

const REASONS: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  400: 'Bad Request',
  403: 'Forbidden',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
};

const DECISIONS = {
  accept: { status: 'success', title: 'The server lets it through' },
  hold: { status: 'warning', title: 'The client waits for an administrator' },
  reject: { status: 'danger', title: 'The server refuses it' },
} as const;

function Verdict({ outcome }: { outcome: Outcome }) {
  const { status } = outcome.answer;
  const shown = DECISIONS[outcome.decision];
  return (
    <Alert component="h3" variant={shown.status} isInline title={`${status} ${REASONS[status] ?? ''}: ${shown.title}`}>
      {outcome.error_description ?? (outcome.decision === 'hold' ? heldBecause(outcome) : null)}
      {outcome.detail !== undefined && (
        <p className="hint">
          <strong>The server's log would say:</strong> {outcome.detail}
        </p>
      )}
    </Alert>
  );
}

function heldBecause({ answer }: Outcome) {
  return answer.headers.find(([name]) => name === 'Matricula-Held')?.[1];
}

function Parts({ outcome, state, set }: { outcome: Outcome } & Omit<Properties, 'tried'>) {
  const [tab, setTab] = useState<string | number>('policies');
  const { policies, clientPolicies, effects, trace, violations } = outcome;
  return (
    <>
      {violations.length > 0 && (
        <ul className="violations" aria-label="Violations">
          {violations.map((violation, at) => (
            <li key={at}>
              <strong>{violation.policy}</strong>: {violation.message}
              {violation.field !== undefined && (
                <span>
                  {' '}
                  (<code>{violation.field}</code>
                  {violation.value !== undefined && (
                    <>
                      {' '}
                      is <code>{violation.value}</code>
                    </>
                  )}
                  )
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      <Unanswered questions={trace.unanswered} state={state} set={set} />
      <Tabs activeKey={tab} onSelect={(_, key) => setTab(key)} aria-label="Parts of the answer" className="parts">
        <Tab eventKey="policies" title={<TabTitleText>Policies ({policies.length + clientPolicies.length})</TabTitleText>}>
          <Decisions policies={policies} clientPolicies={clientPolicies} />
        </Tab>
        <Tab eventKey="client" title={<TabTitleText>Client</TabTitleText>}>
          <ClientDiff outcome={outcome} operation={state.operation} />
          <Effects effects={effects} />
        </Tab>
        <Tab eventKey="http" title={<TabTitleText>HTTP answer</TabTitleText>}>
          <Http outcome={outcome} />
        </Tab>
        <Tab eventKey="calls" title={<TabTitleText>Calls and log</TabTitleText>}>
          <Calls outcome={outcome} />
        </Tab>
      </Tabs>
      <Limits />
    </>
  );
}

const EFFECTS: Record<Exclude<Effect['tag'], 'add-protocol-mapper'>, string> = {
  'create-signing-key': 'makes a signing key and a certificate for the client',
  'create-service-account': 'makes the user of the service account',
  'remove-service-account': 'deletes the user of the service account, if there is one',
  'create-resource-server': 'makes a resource server for authorization services',
  'set-default-roles': 'makes the roles of the client and gives them to every user',
};

function Effects({ effects }: { effects: Effect[] }) {
  const shown = effects.flatMap(({ tag }) => (tag === 'add-protocol-mapper' ? [] : [EFFECTS[tag]]));
  if (shown.length === 0) return null;
  return <Content component="p">Beside storing the client the server {shown.join(', ')}.</Content>;
}

function Http({ outcome: { answer } }: { outcome: Outcome }) {
  const head = [`HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? ''}`, ...answer.headers.map(([name, value]) => `${name}: ${value}`)].join('\n');
  return (
    <>
      <pre className="code-block" tabIndex={0} aria-label="Head of the answer" data-testid="head">
        {head}
      </pre>
      {answer.body === '' ? (
        <Content component="p">The answer has no body.</Content>
      ) : (
        <pre className="code-block" tabIndex={0} aria-label="Body of the answer" data-testid="body">
          {pretty(answer.body)}
        </pre>
      )}
      <Content component="p" className="hint">
        <code>{MADE_BY_SERVER}</code> and ids that begin with 00000000 stand for what only the server can make: identifiers, secrets, tokens. The body is indented here for reading.
      </Content>
    </>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function Calls({ outcome: { trace } }: { outcome: Outcome }) {
  const total = trace.calls.reduce((sum, { micros }) => sum + micros, 0);
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label="Calls of components">
        <table className="table">
          <caption className="hint">Calls of components, {(total / 1000).toFixed(1)} ms in all; in the server they are several times as fast</caption>
          <thead>
            <tr>
              <th scope="col">Component</th>
              <th scope="col">Call</th>
              <th scope="col" className="number">
                µs
              </th>
            </tr>
          </thead>
          <tbody>
            {trace.calls.map(({ component, call, micros }, at) => (
              <tr key={at}>
                <td>{component}</td>
                <td>{call}</td>
                <td className="number">{micros}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {trace.log.length === 0 ? (
        <Content component="p">No component wrote to the log.</Content>
      ) : (
        <ul className="log" aria-label="Log">
          {trace.log.map(({ component, level, message }, at) => (
            <li key={at}>
              <Label isCompact color={level === 'error' ? 'red' : level === 'warn' ? 'orange' : 'grey'}>
                {level}
              </Label>{' '}
              <strong>{component}</strong>: {message}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Limits() {
  return (
    <ExpandableSection toggleText="Where the server may answer otherwise" toggleId="limits-toggle" contentId="limits-content" className="limits">
      <Content component="ul">
        <li>The caller is taken as given. The server checks tokens, rights, remaining uses and CORS first, and whether the realm wants HTTPS.</li>
        <li>DNS and fetched documents are answered from “Realm and world outside”; the server asks the real ones.</li>
        <li>The only clients here are the stored one and those that every realm has. The server decides about ids in use, counts and concurrent changes in its database.</li>
        <li>Limits on how often clients are registered without a token (429) are not applied: here somebody may ask as often as they like.</li>
        <li>The time limit of a call is the server's default (1 s). Its memory limit (64 MiB) is not enforced here, and neither are limits that operators set for single components.</li>
      </Content>
    </ExpandableSection>
  );
}
