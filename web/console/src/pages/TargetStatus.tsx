// How far a target is, in its own words where it has any.

import { Alert, Card, CardBody, CardTitle, DescriptionList } from '@patternfly/react-core';
import { useParams } from 'react-router';
import type { Target } from '../api/targets';
import { Entry } from '../parts/Entry';
import { Counts, TargetLabel } from '../parts/TargetLabels';
import { TestConnection } from '../parts/TestConnection';
import { distance, moment } from '../parts/times';
import { useSession } from '../session';
import { found, patience, protocols, sweeping, waits } from '../wording/targets';

const titles = {
  ready: 'It works, but a sweep stopped and asks',
  paused: 'Nothing is delivered: it is paused',
  resting: 'It failed five times in a row: one call decides when it goes on',
  leaving: 'It is being removed, and gone once its clients are removed there',
  broken: 'Its component is missing or fails: nothing is delivered',
};

/** `sweeps`: its connector can look at it. */
export function TargetStatus({ target, sweeps, at }: { target: Target; sweeps: boolean; at: string }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const { state, message, lastSweep } = target;
  return (
    <div className="console-cards">
      {(state !== 'ready' || message) && (
        <Alert isInline variant={state === 'broken' ? 'danger' : state === 'resting' || state === 'ready' ? 'warning' : 'info'} title={state === 'paused' && !target.enabled ? 'Nothing is delivered: it is disabled' : titles[state]} component="h2">
          {message && <span className="console-break">{state === 'ready' ? message : `Its last words: ${message}`}</span>}
          {state === 'ready' && (
            <>
              . <a href={`${at}/sweeps`}>Look at its sweeps</a>
            </>
          )}
        </Alert>
      )}
      <Card>
        <CardTitle component="h2">Status</CardTitle>
        <CardBody>
          <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '12rem' }}>
            <Entry term="State">
              <TargetLabel target={target} />
            </Entry>
            <Entry term="Clients">
              <Counts target={target} at={at} />
            </Entry>
            {target.oldest !== null && (
              <Entry term="Oldest">
                <span title={moment(target.oldest)}>{waits(target.oldest)}</span>
              </Entry>
            )}
            <Entry term="Registrations">{patience(target)}</Entry>
            <Entry term="Gets">
              {target.clients === 'all' ? 'All clients' : 'Registered clients'} of {target.protocols.map((protocol) => protocols[protocol] ?? protocol).join(' and ')}
            </Entry>
            {lastSweep && (
              <Entry term="Last sweep">
                <a href={`${at}/sweeps/${encodeURIComponent(lastSweep.id)}`}>{found(lastSweep)}</a>, {distance(lastSweep.finished ?? lastSweep.started)}
              </Entry>
            )}
            {sweeps && <Entry term="Sweeps">{sweeping(target)}</Entry>}
            <Entry term="Component">{target.component ? <code>{target.component}</code> : 'None offers its connector'}</Entry>
            <Entry term="Added">
              {moment(target.created)} ({distance(target.created)})
            </Entry>
          </DescriptionList>
        </CardBody>
      </Card>
      {may(realm, 'manage-realm') && state !== 'leaving' && (
        <Card>
          <CardTitle component="h2">Connection</CardTitle>
          <CardBody>
            <TestConnection stored={target.name} />
          </CardBody>
        </Card>
      )}
    </div>
  );
}
