// What a sweep found and did.

import { Alert } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { Fragment, type ReactNode } from 'react';
import { useParams } from 'react-router';
import type { FieldDifference, Sweep } from '../api/targets';
import { did, found, many } from '../wording/targets';
import { Columns } from './Columns';
import { moment } from './times';

/** Lines of a list that are drawn; a report may hold a thousand. */
const DRAWN = 100;

const variants = { running: 'info', done: 'success', stopped: 'warning', failed: 'danger' } as const;

export function SweepReport({ sweep, target }: { sweep: Sweep; target: string }) {
  const { realm = '' } = useParams();
  const { state, reason, dryRun, missing, different, orphans, unmarked } = sweep;
  const amiss = missing.length + different.length + orphans.length + unmarked.length > 0;
  const client = ({ id, clientId }: { id: string; clientId: string }) => <a href={`#/${encodeURIComponent(realm)}/clients/${encodeURIComponent(id)}/targets`}>{clientId}</a>;
  const title = state === 'running' ? 'Under way' : state === 'failed' ? 'The target could not be read' : state === 'stopped' ? (reason ?? 'Stopped') : amiss ? found(sweep) : 'All as it shall be';
  return (
    <div className="console-gap">
      <Alert isInline variant={state === 'done' && amiss && dryRun ? 'warning' : variants[state]} title={title} component="h3">
        {state === 'failed' ? (
          <span className="console-break">{reason}. Nothing was changed.</span>
        ) : (
          <>
            {moment(sweep.started)}: {many(sweep.clients, 'client')} here, {sweep.marked.toLocaleString('en')} at the target that {sweep.marked === 1 ? 'is' : 'are'} ours, {sweep.same.toLocaleString('en')} as {sweep.same === 1 ? 'it' : 'they'} shall be. {did(sweep)}.
          </>
        )}
        {state === 'stopped' && !dryRun && ' None of these was removed; the rest is done.'}
      </Alert>
      <Part title="Missing at the target" text={dryRun ? 'They would be put again, with their secrets.' : 'They are put again, with their secrets.'} of={missing}>
        {(list) => <Lines lines={list.map((one) => [one.id, client(one)])} />}
      </Part>
      <Part title="Different at the target" text={dryRun ? 'They would be made as they are here.' : sweep.repair ? 'They are made as they are here.' : 'They are only shown: this target is not put right.'} of={different}>
        {(list) => (
          <Table aria-label="Different at the target" variant="compact" gridBreakPoint="grid-md">
            <Columns of={['Client', 'Field', 'At the target', 'Here']} />
            <Tbody>
              {list.map(({ fields, ...one }) => (
                <Fragment key={one.id}>
                  {(fields.length === 0 ? [undefined] : fields).map((field, index) => (
                    <Tr key={field?.field ?? ''}>
                      <Td dataLabel="Client" className="console-break">
                        {index === 0 && client(one)}
                      </Td>
                      <FieldCells field={field} />
                    </Tr>
                  ))}
                </Fragment>
              ))}
            </Tbody>
          </Table>
        )}
      </Part>
      <Part title="At the target, and unknown here" text={sweep.removed > 0 ? 'They bear our mark, and are removed.' : 'They bear our mark. Putting it right removes them.'} of={orphans}>
        {(list) => <Lines lines={list.map(({ key, clientId }) => [key, <>{clientId ?? key}</>])} />}
      </Part>
      <Part title="At the target, and not ours" text="The target has clients with these ids that do not bear our mark: they are left alone." of={unmarked}>
        {(list) => (
          <>
            <Lines lines={list.map((one) => [one.id, client(one)])} />
            <p className="console-gap-small">
              <a href={`#/${encodeURIComponent(realm)}/targets/${encodeURIComponent(target)}/adopt`}>Adopt them</a>, and they become ours.
            </p>
          </>
        )}
      </Part>
      {sweep.truncated && <p className="console-faint console-gap">Lists hold a thousand entries; there are more.</p>}
    </div>
  );
}

function Part<T>({ title, text, of, children }: { title: string; text: string; of: T[]; children(list: T[]): ReactNode }) {
  return of.length === 0 ? null : (
    <section className="console-gap">
      <h3 className="console-part">
        {title} ({of.length.toLocaleString('en')})
      </h3>
      <p className="console-faint">{text}</p>
      {children(of.slice(0, DRAWN))}
      {of.length > DRAWN && <p className="console-faint">And {many(of.length - DRAWN, 'more', 'more')}.</p>}
    </section>
  );
}

function Lines({ lines }: { lines: [string, ReactNode][] }) {
  return (
    <ul className="console-plain-list console-break">
      {lines.map(([key, line]) => (
        <li key={key}>{line}</li>
      ))}
    </ul>
  );
}

/** A value of a field as text. */
export function shown(value: unknown): string {
  return value === undefined || value === null || value === '' ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** The three cells of a field that differs. */
export function FieldCells({ field }: { field: FieldDifference | undefined }) {
  return (
    <>
      <Td dataLabel="Field">{field ? <code>{field.field}</code> : '–'}</Td>
      <Td dataLabel="At the target" className="console-break">
        {field ? shown(field.target) : '–'}
      </Td>
      <Td dataLabel="Here" className="console-break">
        {field ? shown(field.wanted) : '–'}
      </Td>
    </>
  );
}
