// The component files of the server: what they offer, how they do, and new ones by drop.

import { Fragment } from 'react';
import { Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { ComponentFile } from '../api/types';
import { request } from '../api/http';
import { ComponentDrop } from '../parts/ComponentDrop';
import { Empty } from '../parts/Empty';
import { Heading } from '../parts/Heading';
import { Show, useLoad } from '../parts/load';
import { duration, hasFailed, sources } from '../wording/components';

/** How a component is doing; one that decides and has failed lately is not shown as if nothing had happened. */
export function StateLabel({ state, failed = false }: { state: ComponentFile['state']; failed?: boolean }) {
  const active = failed ? (['Has failed', 'warning'] as const) : (['Active', 'success'] as const);
  const [text, status] = ({ active, failing: ['Failing', 'danger'], refused: ['Refused', 'warning'] } as const)[state];
  return (
    <Label isCompact status={status}>
      {text}
    </Label>
  );
}

export default function Components() {
  const components = useLoad((signal) => request<ComponentFile[]>('/admin/components', { signal }), []);
  return (
    <>
      <Heading title="Components" text="WebAssembly files that hold the policies and document formats of every realm. A new one is used at once, without a restart." />
      <PageSection hasBodyWrapper={false}>
        <ComponentDrop onDone={components.reload} />
        <Show from={components} what="components" role="admin (of realm master)">
          {(data) => (data.length === 0 ? <Empty title="No components">Drop a component file above.</Empty> : <List components={data} />)}
        </Show>
      </PageSection>
    </>
  );
}

function List({ components }: { components: ComponentFile[] }) {
  return (
    <Table aria-label="Components" variant="compact" gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          <Th width={25}>Name</Th>
          <Th>State</Th>
          <Th width={25}>Offers</Th>
          <Th modifier="nowrap">Used by</Th>
          <Th modifier="nowrap">Calls</Th>
          <Th modifier="nowrap">Refusals</Th>
          <Th modifier="nowrap">Failures</Th>
          <Th modifier="nowrap">Time of a call</Th>
        </Tr>
      </Thead>
      <Tbody>
        {components.map((one) => (
          <Fragment key={one.name}>
            <Tr className={one.reason ? 'console-first-of-two' : ''}>
              <Td dataLabel="Name">
                <a href={`#/-/components/${encodeURIComponent(one.name)}`}>{one.name}</a>
                {one.source && <div className="console-faint">{sources[one.source]}</div>}
              </Td>
              <Td dataLabel="State">
                <StateLabel state={one.state} failed={hasFailed(one)} />
                {one.shadow && (
                  <div className="console-gap-small">
                    <Label isCompact color="purple">
                      A version is watched
                    </Label>
                    {one.watch && one.watch.differs > 0 && <div className="console-faint">It would decide otherwise</div>}
                  </div>
                )}
              </Td>
              <Td dataLabel="Offers" className="console-break">
                {one.providers.slice(0, 4).join(', ') || '–'}
                {one.providers.length > 4 && ` and ${one.providers.length - 4} more`}
              </Td>
              <Td dataLabel="Used by" modifier="nowrap">{one.kind === 'provider' ? 'Every realm' : one.usedBy.length === 0 ? 'Nobody' : `${one.usedBy.length} ${one.usedBy.length === 1 ? 'policy' : 'policies'}`}</Td>
              <Td dataLabel="Calls">{one.calls.toLocaleString()}</Td>
              <Td dataLabel="Refusals">{one.refusals.toLocaleString()}</Td>
              <Td dataLabel="Failures">{one.failures.toLocaleString()}</Td>
              <Td dataLabel="Time of a call" modifier="nowrap">
                {one.calls === 0 ? '–' : duration(one.medianMicros)}
                {one.calls > 0 && <div className="console-faint">99 %: {duration(one.p99Micros)}</div>}
              </Td>
            </Tr>
            {one.reason && (
              <Tr>
                <Td dataLabel="Reason" colSpan={8} className="console-faint console-break">
                  {one.reason}
                </Td>
              </Tr>
            )}
          </Fragment>
        ))}
      </Tbody>
    </Table>
  );
}
