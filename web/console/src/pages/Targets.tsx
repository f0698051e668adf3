// What must know the clients of a realm, and how far each of it is.

import { Fragment } from 'react';
import { Button, Label, PageSection } from '@patternfly/react-core';
import CloudUploadAltIcon from '@patternfly/react-icons/dist/esm/icons/cloud-upload-alt-icon';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import { underWay, type Target } from '../api/targets';
import { Columns } from '../parts/Columns';
import { Empty } from '../parts/Empty';
import { Heading } from '../parts/Heading';
import { Show, useLoad } from '../parts/load';
import { Counts, TargetLabel } from '../parts/TargetLabels';
import { distance, moment } from '../parts/times';
import { useRefresh } from '../parts/useRefresh';
import { useSession } from '../session';
import { connectorName, found, waits, WHAT } from '../wording/targets';

export default function Targets() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const targets = useLoad((signal) => request<Target[]>(admin(realm, 'targets'), { signal }), [realm]);
  useRefresh(targets.data?.some((target) => underWay(target.deliveries) > 0 || target.state === 'leaving' || target.lastSweep?.state === 'running') === true, targets.refresh);
  const at = `#/${encodeURIComponent(realm)}/targets`;
  const add = may(realm, 'manage-realm') && may(realm, 'manage-clients') && (
    <Button component="a" href={`${at}/-/create`}>
      Add target
    </Button>
  );
  return (
    <>
      <Heading title="Targets" text="What is behind this realm and must know its clients." actions={targets.data && targets.data.length > 0 && add} />
      <PageSection hasBodyWrapper={false}>
        <Show from={targets} what="targets" role="view-realm">
          {(data) =>
            data.length === 0 ? (
              <Empty title="No targets" icon={CloudUploadAltIcon} actions={add}>
                {WHAT}
              </Empty>
            ) : (
              <List targets={data} at={at} />
            )
          }
        </Show>
      </PageSection>
    </>
  );
}

function List({ targets, at }: { targets: Target[]; at: string }) {
  return (
    <Table aria-label="Targets" variant="compact" gridBreakPoint="grid-lg">
      <Columns of={['Name', 'URL', 'State', 'Clients', 'Oldest', 'Last sweep']} />
      <Tbody>
        {targets.map((target) => {
          const here = `${at}/${encodeURIComponent(target.name)}`;
          return (
            <Fragment key={target.name}>
              <Tr className={target.message ? 'console-first-of-two' : ''}>
                <Td dataLabel="Name" className="console-break">
                  <a href={here}>{target.name}</a>{' '}
                  {target.required && (
                    <Label isCompact variant="outline">
                      Required
                    </Label>
                  )}
                  <div className="console-faint">{connectorName(target.connector)}</div>
                </Td>
                <Td dataLabel="URL" className="console-break">
                  {target.url}
                </Td>
                <Td dataLabel="State">
                  <TargetLabel target={target} />
                </Td>
                <Td dataLabel="Clients">
                  <Counts target={target} at={here} />
                </Td>
                <Td dataLabel="Oldest">{target.oldest === null ? '–' : <span title={moment(target.oldest)}>{waits(target.oldest)}</span>}</Td>
                <Td dataLabel="Last sweep" className="console-break">
                  {target.lastSweep ? (
                    <a href={`${here}/sweeps/${encodeURIComponent(target.lastSweep.id)}`}>
                      {found(target.lastSweep)}, {distance(target.lastSweep.finished ?? target.lastSweep.started)}
                    </a>
                  ) : (
                    '–'
                  )}
                </Td>
              </Tr>
              {target.message && (
                <Tr>
                  <Td dataLabel="What it says" colSpan={6} className="console-faint console-break">
                    {target.message}
                  </Td>
                </Tr>
              )}
            </Fragment>
          );
        })}
      </Tbody>
    </Table>
  );
}
