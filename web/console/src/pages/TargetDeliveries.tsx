// What is to be done for each client at a target, the oldest first.

import { Button, FormSelect, FormSelectOption, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useEffect, useRef } from 'react';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import { underWay, type Delivery, type DeliveryState, type Target } from '../api/targets';
import { Columns } from '../parts/Columns';
import { Empty } from '../parts/Empty';
import { useFilters } from '../parts/filters';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { Pages } from '../parts/Pages';
import { DeliveryLabel, deliveryName } from '../parts/TargetLabels';
import { distance, moment } from '../parts/times';
import { useRefresh } from '../parts/useRefresh';
import { useSession } from '../session';
import { again, deliveryHelp, deliveryStates, generations, many } from '../wording/targets';

const MAX = 50;

/** Read anew with each `turn`; `reload` reads the target's own figures. */
export function TargetDeliveries({ target, turn, reload }: { target: Target; turn: number; reload(): void }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const action = useAction();
  const filters = useFilters();
  const { first, show } = filters;
  const state = filters.of('state');
  const deliveries = useLoad((signal) => request<Delivery[]>(`${admin(realm, 'targets', target.name, 'deliveries')}${query({ state, first, max: MAX + 1 })}`, { signal }), [realm, target.name, state, first, turn]);
  const active = underWay(target.deliveries) > 0;
  useRefresh(active, deliveries.refresh);
  // What came last is read too.
  const was = useRef(active);
  useEffect(() => {
    if (was.current && !active) {
      deliveries.reload();
    }
    was.current = active;
  }, [active, deliveries.reload]);
  const manage = may(realm, 'manage-clients');
  const clients = `#/${encodeURIComponent(realm)}/clients`;
  const retry = ({ id = '', clientId = '' }: Delivery) =>
    void action.run(async () => {
      await request(admin(realm, 'clients', id, 'targets', target.name, 'retry'), { method: 'POST' });
      notice(`${clientId} is tried now`);
      deliveries.reload();
      reload();
    });
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <FormSelect aria-label="State" value={state} onChange={(_, value) => show({ state: value })}>
              <FormSelectOption value="" label="Every state" />
              {deliveryStates.map((one) => (
                <FormSelectOption key={one} value={one} label={`${deliveryName(one)} (${target.deliveries[one].toLocaleString('en')})`} />
              ))}
            </FormSelect>
          </ToolbarItem>
          <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
            <Pages of="deliveries" filters={filters} max={MAX} came={deliveries.busy ? undefined : deliveries.data?.length} total={target.deliveries[state as DeliveryState]} />
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      {deliveryHelp[state as DeliveryState] && <p className="console-faint">{deliveryHelp[state as DeliveryState]}</p>}
      {action.error && <Failure error={action.error} role="manage-clients" />}
      <Show from={deliveries} what="deliveries" role="view-clients">
        {(data) =>
          data.length === 0 ? (
            <Empty title={state === '' ? 'No client goes to it yet' : `None is ${state}`} icon={CheckCircleIcon}>
              {state === '' ? 'Clients appear here as soon as they are registered.' : 'Choose another state to see the others.'}
            </Empty>
          ) : (
            <Table aria-label="Deliveries" variant="compact" gridBreakPoint="grid-lg">
              <Columns of={['Client', 'State', 'What it says', 'Generation', 'Since', 'Next attempt']} actions={['Actions']} />
              <Tbody>
                {data.slice(0, MAX).map((delivery) => (
                  <Tr key={delivery.id}>
                    <Td dataLabel="Client" className="console-break">
                      <a href={`${clients}/${encodeURIComponent(delivery.id ?? '')}/targets`}>{delivery.clientId}</a>
                    </Td>
                    <Td dataLabel="State">
                      <DeliveryLabel state={delivery.state} />
                    </Td>
                    <Td dataLabel="What it says" className="console-break">
                      {delivery.message ?? (delivery.losses.length > 0 ? many(delivery.losses.length, 'loss', 'losses') : '–')}
                    </Td>
                    <Td dataLabel="Generation">{generations(delivery)}</Td>
                    <Td dataLabel="Since">
                      <span title={moment(delivery.since)}>{distance(delivery.since)}</span>
                    </Td>
                    <Td dataLabel="Next attempt">{delivery.nextAttempt === null ? '–' : <span title={moment(delivery.nextAttempt)}>{again(delivery.nextAttempt)}</span>}</Td>
                    <Td modifier="fitContent">
                      {manage && ['refused', 'failing', 'leaving'].includes(delivery.state) && (
                        <Button variant="link" isInline isDisabled={action.busy} aria-label={`Retry ${delivery.clientId}`} onClick={() => retry(delivery)}>
                          Retry
                        </Button>
                      )}
                    </Td>
                  </Tr>
                ))}
              </Tbody>
            </Table>
          )
        }
      </Show>
    </>
  );
}
