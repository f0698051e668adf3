// What rules would do, before they are saved: how many clients, of which software and origin, and some of them by name.

import { useState } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, FormSelect, FormSelectOption, Split, SplitItem, TextInput } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Evaluation, LifeCycle } from '../api/life';
import { Columns } from '../parts/Columns';
import { Hint } from '../parts/Hint';
import { Failure, useAction } from '../parts/load';
import { distance, moment } from '../parts/times';
import { BLIND, BLIND_HELP, byRule, capital, origins, rules as reasons, would } from '../wording/life';
import { many } from '../wording/targets';

const DAY = 86_400_000;
const YEARS = 3_650 * DAY;

/** Moments to look at: caption, and milliseconds from now. */
const MOMENTS: [string, number][] = [
  ['Now', 0],
  ['In a week', 7 * DAY],
  ['In 30 days', 30 * DAY],
  ['In 90 days', 90 * DAY],
  ['In a year', 365 * DAY],
];

interface Props {
  /** As they are typed. */
  rules: Partial<LifeCycle>;
  /** The server takes them. */
  ready: boolean;
  /** One of them may do something. */
  any: boolean;
}

export function RulesDryRun({ rules, ready, any }: Props) {
  const { realm = '' } = useParams();
  const action = useAction();
  const [ahead, setAhead] = useState('0');
  const [day, setDay] = useState('');
  const [found, setFound] = useState<{ of: string; evaluation: Evaluation }>();
  const given = ahead === 'day' ? new Date(day).getTime() : undefined;
  const problem = given === undefined || Number.isNaN(given) ? undefined : given < Date.now() ? 'That is over.' : given > Date.now() + YEARS ? 'Ten years ahead are the most.' : undefined;
  const missing = ahead === 'day' && (given === undefined || Number.isNaN(given));
  const look = (tried: Partial<LifeCycle>) =>
    void action.run(async () => {
      const at = given ?? (ahead === '0' ? undefined : Date.now() + Number(ahead));
      const evaluation = await request<Evaluation>(admin(realm, 'client-life-cycle', 'evaluate'), { method: 'POST', body: { lifeCycle: tried, ...(at !== undefined && { at }) } });
      setFound({ of: JSON.stringify([rules, ahead, day]), evaluation });
    });
  return (
    <Card className="console-limited">
      <CardTitle component="h2">Dry run</CardTitle>
      <CardBody>
        <p>What the rules would do as they are typed above. Nothing is changed, nor saved.</p>
        <div className="console-gap-small">
          <Split hasGutter isWrappable>
            <SplitItem className="console-choice">
              <FormSelect aria-label="When" value={ahead} onChange={(_, value) => setAhead(value)}>
                {MOMENTS.map(([caption, ms]) => (
                  <FormSelectOption key={ms} value={String(ms)} label={caption} />
                ))}
                <FormSelectOption value="day" label="At …" />
              </FormSelect>
            </SplitItem>
            {ahead === 'day' && (
              <SplitItem>
                <TextInput id="moment" type="datetime-local" aria-label="Moment" value={day} {...(problem !== undefined && { validated: 'error' as const, 'aria-describedby': 'moment-problem' })} onChange={(_, value) => setDay(value)} onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()} />
                <Hint id="moment" problem={problem} />
              </SplitItem>
            )}
            <SplitItem>
              <Button variant="secondary" isLoading={action.busy} isDisabled={action.busy || !ready || missing || problem !== undefined} onClick={() => look(rules)}>
                Try them
              </Button>
            </SplitItem>
          </Split>
        </div>
        {action.error && <Failure error={action.error} role="view-realm and view-clients" />}
        {found && <Found evaluation={found.evaluation} stale={found.of !== JSON.stringify([rules, ahead, day])} any={any} lookAnyway={() => look({ ...rules, requireUse: false })} />}
      </CardBody>
    </Card>
  );
}

function Found({ evaluation, stale, any, lookAnyway }: { evaluation: Evaluation; stale: boolean; any: boolean; lookAnyway(): void }) {
  const { realm = '' } = useParams();
  const { clients, hibernate, delete: deleted, exempt, blind, asks, truncated, usesRecordedSince } = evaluation;
  const concerned = hibernate + deleted;
  const by = byRule(evaluation.rules);
  const software = evaluation.bySoftware.filter((one) => one.hibernate + one.delete > 0);
  return (
    <div className="console-gap" role="status" aria-label="Result of the dry run">
      {stale && <p className="console-faint">That was with other rules or another moment: try again.</p>}
      {blind ? (
        <Alert
          isInline
          variant="warning"
          component="h3"
          title={BLIND}
          actionLinks={
            <Button variant="link" isInline onClick={lookAnyway}>
              Look as if somebody did
            </Button>
          }
        >
          {BLIND_HELP}
        </Alert>
      ) : (
        <Alert isInline variant={concerned > 0 ? 'info' : 'success'} component="h3" title={`${moment(evaluation.at)}: a run ${would(evaluation)}`}>
          Of {many(clients, 'client')}, {many(exempt, 'is exempt', 'are exempt')}.{by !== '' && ` By rule: ${by}.`}
          {concerned === 0 && (any ? ' The rules take nobody at that moment.' : ' No rule is turned on.')} Uses are recorded since {moment(usesRecordedSince)}.
        </Alert>
      )}
      {asks && (
        <Alert isInline variant="warning" component="h3" title="A run would ask first" className="console-gap-small">
          It concerns more than a tenth of the clients. Run by the clock it does nothing, until somebody agrees to it here.
        </Alert>
      )}
      {truncated && (
        <Alert isInline variant="info" component="h3" title="Only a part of the clients was looked at" className="console-gap-small">
          The figures are the least: there are more clients than a dry run reads.
        </Alert>
      )}
      {concerned > 0 && (
        <>
          <Figures title="By software" of={software.map((one) => [one.softwareId ?? one.name ?? '', one.name ?? one.softwareId ?? 'Without a name', one])} />
          <Figures title="By origin" of={evaluation.byOrigin.map((one) => [`${one.kind} ${one.initialAccessToken?.id ?? ''}`, one.initialAccessToken ? `${origins[one.kind]}, “${one.initialAccessToken.name ?? one.initialAccessToken.id}”` : origins[one.kind], one])} />
          <h3 className="console-part console-gap">{evaluation.sample.length < concerned ? `Some of them (${evaluation.sample.length} of ${concerned.toLocaleString('en')})` : 'All of them'}</h3>
          <Table aria-label="Some of them" variant="compact" gridBreakPoint="grid-md">
            <Columns of={['Client', 'What', 'Why', 'Made', 'Last used']} />
            <Tbody>
              {evaluation.sample.map((one) => (
                <Tr key={one.clientId}>
                  <Td dataLabel="Client" className="console-break">
                    <a href={`#/${encodeURIComponent(realm)}/clients?search=${encodeURIComponent(one.clientId)}`}>{one.clientId}</a>
                  </Td>
                  <Td dataLabel="What">{one.action === 'delete' ? 'Deleted' : 'Put to sleep'}</Td>
                  <Td dataLabel="Why">{capital(reasons[one.rule])}</Td>
                  <Td dataLabel="Made">
                    <span title={moment(one.created)}>{distance(one.created)}</span>
                  </Td>
                  <Td dataLabel="Last used">{one.lastUsed === null ? 'Never' : <span title={moment(one.lastUsed)}>{distance(one.lastUsed)}</span>}</Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        </>
      )}
    </div>
  );
}

function Figures({ title, of }: { title: 'By software' | 'By origin'; of: [string, string, { clients: number; hibernate: number; delete: number }][] }) {
  const what = title === 'By software' ? 'Software' : 'Origin';
  return of.length === 0 ? null : (
    <>
      <h3 className="console-part console-gap">{title}</h3>
      <Table aria-label={title} variant="compact" gridBreakPoint="grid-md">
        <Columns of={[what, 'Clients', 'Put to sleep', 'Deleted']} />
        <Tbody>
          {of.map(([key, name, counts]) => (
            <Tr key={key}>
              <Td dataLabel={what} className="console-break">
                {name}
              </Td>
              <Td dataLabel="Clients">{counts.clients.toLocaleString('en')}</Td>
              <Td dataLabel="Put to sleep">{counts.hibernate.toLocaleString('en')}</Td>
              <Td dataLabel="Deleted">{counts.delete.toLocaleString('en')}</Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  );
}
