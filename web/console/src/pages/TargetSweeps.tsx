// Sweeps of a target: all of its clients are compared with those here. First only looked, then put right.

import { useState } from 'react';
import { Button, Card, CardBody, CardTitle, Spinner } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Sweep, Target } from '../api/targets';
import { Columns } from '../parts/Columns';
import { Confirm } from '../parts/Confirm';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { SweepReport } from '../parts/SweepReport';
import { SweepLabel } from '../parts/TargetLabels';
import { distance, moment } from '../parts/times';
import { useRefresh } from '../parts/useRefresh';
import { useSession } from '../session';
import { did, found, many, sweeping } from '../wording/targets';

export function TargetSweeps({ target, reload }: { target: Target; reload(): void }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const action = useAction();
  const [last, setLast] = useState<Sweep>();
  const [asked, setAsked] = useState<'run' | 'force'>();
  const path = admin(realm, 'targets', target.name);
  const sweeps = useLoad((signal) => request<Sweep[]>(`${path}/sweeps`, { signal }), [path]);
  // One that takes longer is answered before it ends.
  const under = sweeps.data?.some(({ state }) => state === 'running') === true;
  useRefresh(under, sweeps.refresh);
  const shown = last && (sweeps.data?.find(({ id }) => id === last.id) ?? last);
  const running = action.busy || shown?.state === 'running';
  const manage = may(realm, 'manage-realm') && target.state !== 'leaving';

  const sweep = async (body: { dryRun: boolean; repair: boolean | null; force: boolean }) => {
    setLast(await request<Sweep>(`${path}/sweep`, { method: 'POST', body }));
    sweeps.reload();
    reload();
  };
  const look = () => void action.run(() => sweep({ dryRun: true, repair: null, force: false }));
  const toDo = shown && shown.dryRun && shown.missing.length + shown.different.length + shown.orphans.length > 0;
  return (
    <div className="console-cards">
      <Card>
        <CardTitle component="h2">Compare with the target</CardTitle>
        <CardBody>
          <p>All clients at the target are compared with those here. {sweeping(target)}</p>
          {manage && (
            <div className="console-row console-gap">
              <Button isDisabled={running || under} onClick={look}>
                Look now
              </Button>
              {toDo && shown.state !== 'running' && shown.state !== 'failed' && (
                <Button variant="secondary" isDisabled={running} onClick={() => setAsked('run')}>
                  Put it right
                </Button>
              )}
              {shown && !shown.dryRun && shown.state === 'stopped' && (
                <Button variant="secondary" isDanger isDisabled={running} onClick={() => setAsked('force')}>
                  Remove them (force)
                </Button>
              )}
            </div>
          )}
          {running && (
            <p role="status" className="console-gap">
              <Spinner size="md" aria-label="Looking" /> The target is being looked at{shown?.state === 'running' ? `: ${many(shown.clients, 'client')} so far` : ''}.
            </p>
          )}
          {action.error && <Failure error={action.error} role="manage-realm" />}
          {shown && shown.state !== 'running' && !action.busy && <SweepReport sweep={shown} target={target.name} />}
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">Sweeps before</CardTitle>
        <CardBody>
          <Show from={sweeps} what="sweeps" role="view-realm">
            {(data) => (data.length === 0 ? <p>There was none yet.</p> : <Before sweeps={data} at={`#/${encodeURIComponent(realm)}/targets/${encodeURIComponent(target.name)}/sweeps`} />)}
          </Show>
        </CardBody>
      </Card>
      {asked && shown && (
        <Confirm
          title={asked === 'run' ? 'Put right what was found?' : `Remove ${many(shown.orphans.length, 'client')} at the target?`}
          verb={asked === 'run' ? 'Put it right' : 'Remove them'}
          variant={asked === 'run' ? 'primary' : 'danger'}
          onClose={() => setAsked(undefined)}
          onConfirm={() => sweep({ dryRun: false, repair: true, force: asked === 'force' })}
        >
          {asked === 'run'
            ? 'The target is looked at once more. What is missing there is put again with its secret, what is different is made as it is here, and what this realm does not know any more is removed. If that would remove many, it stops and asks.'
            : 'They bear the mark of this realm, which does not know them any more. Users can no longer sign in with them. If this realm was restored from an older backup, restore a newer one instead.'}
        </Confirm>
      )}
    </div>
  );
}

function Before({ sweeps, at }: { sweeps: Sweep[]; at: string }) {
  return (
    <Table aria-label="Sweeps" variant="compact" gridBreakPoint="grid-md">
      <Columns of={['Started', 'State', 'Found', 'Did']} />
      <Tbody>
        {sweeps.map((sweep) => (
          <Tr key={sweep.id}>
            <Td dataLabel="Started">
              <a href={`${at}/${encodeURIComponent(sweep.id)}`} title={moment(sweep.started)}>
                {distance(sweep.started)}
              </a>
            </Td>
            <Td dataLabel="State">
              <SweepLabel state={sweep.state} />
            </Td>
            <Td dataLabel="Found" className="console-break">
              {found(sweep)}
            </Td>
            <Td dataLabel="Did" className="console-break">
              {did(sweep)}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
