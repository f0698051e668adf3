// User events of client registration, newest first.

import { useState, type FormEvent } from 'react';
import { Button, FormSelect, FormSelectOption, Label, PageSection, TextInput, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import BellIcon from '@patternfly/react-icons/dist/esm/icons/bell-icon';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import type { Event, Realm } from '../api/types';
import { Columns } from '../parts/Columns';
import { Confirm } from '../parts/Confirm';
import { Empty } from '../parts/Empty';
import { useFilters } from '../parts/filters';
import { Heading } from '../parts/Heading';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { Pages } from '../parts/Pages';
import { moment } from '../parts/times';
import { useSession } from '../session';

const MAX = 20;

/** Types of events in words. */
export const eventTypes: Record<string, string> = {
  CLIENT_REGISTER: 'Client registered',
  CLIENT_REGISTER_ERROR: 'Registration refused',
  CLIENT_INFO: 'Client read',
  CLIENT_INFO_ERROR: 'Reading refused',
  CLIENT_UPDATE: 'Client updated',
  CLIENT_UPDATE_ERROR: 'Update refused',
  CLIENT_DELETE: 'Client deleted',
  CLIENT_DELETE_ERROR: 'Deletion refused',
  CLIENT_HIBERNATE: 'Client put to sleep',
  CLIENT_REVIVE: 'Client woken',
  COMPONENT_PUT_BACK: 'Component put back',
};

export default function Events() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const action = useAction();
  const filters = useFilters();
  const { first, show } = filters;
  const [type, client, from] = [filters.of('type'), filters.of('client'), filters.of('address')];
  const [typedClient, setTypedClient] = useState(client);
  const [typedAddress, setTypedAddress] = useState(from);
  const [clearing, setClearing] = useState(false);
  const events = useLoad(
    async (signal) => {
      const [list, settings] = await Promise.all([
        request<Event[]>(`${admin(realm, 'events')}${query({ type, client, ipAddress: from, first, max: MAX + 1 })}`, { signal }),
        request<Realm>(admin(realm), { signal }),
      ]);
      return { list, enabled: settings.eventsEnabled };
    },
    [realm, type, client, from, first],
  );
  const search = (event: FormEvent) => {
    event.preventDefault();
    show({ client: typedClient.trim(), address: typedAddress.trim() });
  };
  const enable = () =>
    action.run(async () => {
      await request(admin(realm, 'events', 'config'), { method: 'PUT', body: { eventsEnabled: true } });
      notice('Events are stored from now on');
      events.reload();
    });
  const filtered = type !== '' || client !== '' || from !== '';
  const at = `#/${encodeURIComponent(realm)}`;
  const manage = may(realm, 'manage-events');
  return (
    <>
      <Heading
        title="Events"
        text="Registrations, updates and deletions of clients, as Keycloak records them."
        actions={
          manage &&
          events.data &&
          events.data.list.length > 0 && (
            <Button variant="secondary" isDanger onClick={() => setClearing(true)}>
              Delete all events
            </Button>
          )
        }
      />
      <PageSection hasBodyWrapper={false}>
        <form onSubmit={search} role="search">
          <Toolbar className="console-filters">
            <ToolbarContent>
              <ToolbarItem>
                <FormSelect aria-label="Type of event" value={type} onChange={(_, value) => show({ type: value })}>
                  <FormSelectOption value="" label="Every type" />
                  {Object.entries(eventTypes).map(([value, caption]) => (
                    <FormSelectOption key={value} value={value} label={caption} />
                  ))}
                </FormSelect>
              </ToolbarItem>
              <ToolbarItem>
                <TextInput aria-label="Client ID" placeholder="Client ID" value={typedClient} onChange={(_, value) => setTypedClient(value)} />
              </ToolbarItem>
              <ToolbarItem>
                <TextInput aria-label="Address" placeholder="Address" value={typedAddress} onChange={(_, value) => setTypedAddress(value)} />
              </ToolbarItem>
              <ToolbarItem>
                <Button type="submit" variant="secondary">
                  Search
                </Button>
              </ToolbarItem>
              <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
                <Pages of="events" filters={filters} max={MAX} came={events.busy ? undefined : events.data?.list.length} />
              </ToolbarItem>
            </ToolbarContent>
          </Toolbar>
        </form>
        {action.error && <Failure error={action.error} role="manage-events" />}
        <Show from={events} what="events" role="view-events">
          {({ list, enabled }) =>
            list.length === 0 ? (
              enabled === false && !filtered ? (
                <Empty
                  title="Events are off"
                  icon={BellIcon}
                  actions={
                    manage && (
                      <Button onClick={() => void enable()} isLoading={action.busy} isDisabled={action.busy}>
                        Store events
                      </Button>
                    )
                  }
                >
                  This realm stores no events. What policies decide is kept all the same: see <a href={`${at}/decisions`}>Decisions</a>.
                </Empty>
              ) : (
                <Empty
                  title="No events"
                  icon={BellIcon}
                  actions={
                    filtered && (
                      <Button variant="link" onClick={filters.clear}>
                        Show all events
                      </Button>
                    )
                  }
                >
                  {filtered ? 'None fits. Client ID and address must be given in full.' : 'They appear here as soon as somebody registers, updates or deletes a client.'}
                </Empty>
              )
            ) : (
              <Table aria-label="Events" variant="compact" gridBreakPoint="grid-lg">
                <Columns of={['When', 'Event', 'Client', 'Address', 'Details']} />
                <Tbody>
                  {list.slice(0, MAX).map((event) => (
                    <Tr key={event.id}>
                      <Td dataLabel="When" modifier="nowrap">{moment(event.time)}</Td>
                      <Td dataLabel="Event">
                        <Label isCompact status={event.error ? 'danger' : 'success'}>
                          {eventTypes[event.type] ?? event.type}
                        </Label>
                      </Td>
                      <Td dataLabel="Client" className="console-break">
                        {event.clientId ?? '–'}
                      </Td>
                      <Td dataLabel="Address">{event.ipAddress}</Td>
                      <Td dataLabel="Details" className="console-break">
                        <Details event={event} at={at} />
                      </Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Show>
      </PageSection>
      {clearing && (
        <Confirm
          title="Delete all events?"
          verb="Delete"
          onClose={() => setClearing(false)}
          onConfirm={async () => {
            await request(admin(realm, 'events'), { method: 'DELETE' });
            notice('All events are deleted');
            events.reload();
          }}
        >
          Every event of realm “{realm}” is gone for good. Decisions and clients stay.
        </Confirm>
      )}
    </>
  );
}

function Details({ event, at }: { event: Event; at: string }) {
  const { decision, reason, ...others } = event.details ?? {};
  const rest = Object.entries(others).map(([name, value]) => `${name.replaceAll('_', ' ')}: ${value}`);
  return (
    <>
      {event.error && <code>{event.error}</code>} {reason ?? ''}
      {rest.length > 0 && <div className="console-faint">{rest.join('; ')}</div>}
      {decision && (
        <div>
          <a href={`${at}/decisions/${encodeURIComponent(decision)}`}>What the policies decided</a>
        </div>
      )}
      {!event.error && !reason && rest.length === 0 && !decision && '–'}
    </>
  );
}
