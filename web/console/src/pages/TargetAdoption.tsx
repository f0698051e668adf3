// Takes over clients that the target had before: one, its differences first, or all.

import { useRef, useState } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, Form, FormGroup, Progress, Spinner, TextInput } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Adoption, Sweep, Target } from '../api/targets';
import { Columns } from '../parts/Columns';
import { Confirm } from '../parts/Confirm';
import { Hint } from '../parts/Hint';
import { asApiError, Failure, useAction } from '../parts/load';
import { useNotice } from '../parts/notices';
import { FieldCells } from '../parts/SweepReport';
import { useSession } from '../session';
import { many } from '../wording/targets';

/** `reload` reads the target's figures. */
export function TargetAdoption({ target, reload }: { target: Target; reload(): void }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const manage = may(realm, 'manage-realm') && may(realm, 'manage-clients');
  return (
    <div className="console-cards">
      <p className="console-limited">The target may have clients of this realm that it had before. They are left alone until you adopt them: then they are ours, are made as they are here, secret included, and follow every change.</p>
      {manage ? (
        <>
          <One target={target} reload={reload} />
          <All target={target} reload={reload} />
        </>
      ) : (
        <Alert isInline variant="warning" title="Your account may not adopt clients." component="p">
          It needs the roles manage-realm and manage-clients of this realm. An administrator can give them to you.
        </Alert>
      )}
    </div>
  );
}

function One({ target, reload }: { target: Target; reload(): void }) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  const action = useAction();
  const [clientId, setClientId] = useState('');
  const [seen, setSeen] = useState<Adoption>();
  const path = `${admin(realm, 'targets', target.name)}/adopt`;
  const adopt = (id: string, dryRun: boolean) => request<Adoption>(path, { method: 'POST', body: { clientId: id, dryRun } });
  return (
    <Card>
      <CardTitle component="h2">One client</CardTitle>
      <CardBody>
        <Form
          isWidthLimited
          onSubmit={(event) => {
            event.preventDefault();
            setSeen(undefined);
            void action.run(async () => setSeen(await adopt(clientId.trim(), true)));
          }}
        >
          <FormGroup label="Client ID" fieldId="adopt-client">
            <TextInput id="adopt-client" value={clientId} maxLength={255} onChange={(_, value) => setClientId(value)} />
            <Hint id="adopt-client" text="Of a client of this realm that the target has too." />
          </FormGroup>
          <div>
            <Button type="submit" variant="secondary" isLoading={action.busy} isDisabled={action.busy || clientId.trim() === ''}>
              Show differences
            </Button>
          </div>
        </Form>
        {action.error && <Failure error={action.error} role="manage-realm and manage-clients" />}
        {seen && (
          <div className="console-gap">
            {seen.fields.length === 0 ? <p>{seen.clientId} is at the target as it is here.</p> : <Differences of={seen} />}
            <Button
              className="console-gap"
              isDisabled={action.busy}
              onClick={() =>
                void action.run(async () => {
                  await adopt(seen.clientId, false);
                  notice(`${seen.clientId} is adopted`);
                  setSeen(undefined);
                  setClientId('');
                  reload();
                })
              }
            >
              Adopt {seen.clientId}
            </Button>
          </div>
        )}
      </CardBody>
    </Card>
  );
}

function Differences({ of }: { of: Adoption }) {
  return (
    <Table aria-label={`Differences of ${of.clientId}`} variant="compact" gridBreakPoint="grid-md">
      <Columns of={['Field', 'At the target', 'Here']} />
      <Tbody>
        {of.fields.map((field) => (
          <Tr key={field.field}>
            <FieldCells field={field} />
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

/** How far it is with all of them. */
interface Progressing {
  done: number;
  adopted: number;
  failed: { clientId: string; message: string }[];
  ended: boolean;
}

/** Milliseconds between two looks at a sweep that takes longer. */
const PACE = 1_000;

function All({ target, reload }: { target: Target; reload(): void }) {
  const { realm = '' } = useParams();
  const action = useAction();
  const [found, setFound] = useState<Sweep>();
  const [asked, setAsked] = useState(false);
  const [progress, setProgress] = useState<Progressing>();
  const stopped = useRef(false);
  const path = admin(realm, 'targets', target.name);

  const look = () =>
    void action.run(async () => {
      setProgress(undefined);
      setFound(undefined);
      let sweep = await request<Sweep>(`${path}/sweep`, { method: 'POST', body: { dryRun: true, repair: null, force: false } });
      while (sweep.state === 'running') {
        await new Promise((resolve) => setTimeout(resolve, PACE));
        sweep = await request<Sweep>(`${path}/sweeps/${encodeURIComponent(sweep.id)}`);
      }
      setFound(sweep);
    });
  const adoptAll = async (clients: Sweep['unmarked']) => {
    stopped.current = false;
    let so: Progressing = { done: 0, adopted: 0, failed: [], ended: false };
    setProgress(so);
    for (const { clientId } of clients) {
      if (stopped.current) {
        break;
      }
      try {
        await request<Adoption>(`${path}/adopt`, { method: 'POST', body: { clientId, dryRun: false } });
        so = { ...so, done: so.done + 1, adopted: so.adopted + 1 };
      } catch (error) {
        so = { ...so, done: so.done + 1, failed: [...so.failed, { clientId, message: asApiError(error).message }] };
      }
      setProgress(so);
    }
    setProgress({ ...so, ended: true });
    reload();
  };
  const unmarked = found?.unmarked ?? [];
  return (
    <Card>
      <CardTitle component="h2">All clients that are not ours yet</CardTitle>
      <CardBody>
        <div className="console-row console-middle">
          <Button variant="secondary" isDisabled={action.busy || progress?.ended === false} onClick={look}>
            Look for them
          </Button>
          {unmarked.length > 0 && !progress && <Button onClick={() => setAsked(true)}>Adopt {many(unmarked.length, 'client')}</Button>}
          {progress && !progress.ended && (
            <Button variant="secondary" onClick={() => (stopped.current = true)}>
              Stop
            </Button>
          )}
        </div>
        {action.busy && (
          <p role="status" className="console-gap">
            <Spinner size="md" aria-label="Looking" /> The target is being looked at. Nothing is changed.
          </p>
        )}
        {action.error && <Failure error={action.error} role="manage-realm" />}
        {found?.state === 'failed' && (
          <Alert isInline variant="danger" title="The target could not be read" component="p" className="console-gap">
            {found.reason}
          </Alert>
        )}
        {found && found.state !== 'failed' && unmarked.length === 0 && <p className="console-gap">There is none: what the target has of this realm's clients is ours.</p>}
        {unmarked.length > 0 && !progress && (
          <p className="console-gap console-break">
            {unmarked
              .slice(0, 20)
              .map(({ clientId }) => clientId)
              .join(', ')}
            {unmarked.length > 20 && ` and ${unmarked.length - 20} more`}
            {found?.truncated && '. There may be more: look again afterwards'}
          </p>
        )}
        {progress && (
          <div className="console-gap">
            <Progress aria-label="Adopted" value={(progress.done / Math.max(1, unmarked.length)) * 100} title={`${progress.done.toLocaleString('en')} of ${unmarked.length.toLocaleString('en')}`} {...(progress.ended && { variant: progress.failed.length > 0 ? ('warning' as const) : ('success' as const) })} />
            <p role="status" className="console-gap-small">
              {progress.ended ? `${unmarked.length.toLocaleString('en')} unmarked, ${progress.adopted.toLocaleString('en')} adopted.` : 'They are adopted one after the other. Leave this page open.'}
            </p>
            {progress.failed.length > 0 && (
              <Table aria-label="Not adopted" variant="compact" gridBreakPoint="grid-md">
                <Columns of={['Not adopted', 'Why']} />
                <Tbody>
                  {progress.failed.map(({ clientId, message }) => (
                    <Tr key={clientId}>
                      <Td dataLabel="Not adopted" className="console-break">
                        {clientId}
                      </Td>
                      <Td dataLabel="Why" className="console-break">
                        {message}
                      </Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            )}
          </div>
        )}
      </CardBody>
      {asked && (
        <Confirm
          title={`Adopt ${many(unmarked.length, 'client')}?`}
          verb="Adopt"
          variant="primary"
          onClose={() => setAsked(false)}
          onConfirm={() => {
            void adoptAll(unmarked);
            return Promise.resolve();
          }}
        >
          Each is marked as ours at “{target.name}” and made as it is here, secret included. What was set otherwise there is overwritten: look at one first.
        </Confirm>
      )}
    </Card>
  );
}
