// Every client of a realm: searched, paged, and those that wait for an administrator.

import { useEffect, useState, type FormEvent } from 'react';
import { Button, PageSection, Pagination, SearchInput, ToggleGroup, ToggleGroupItem, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useParams, useSearchParams } from 'react-router';
import { admin, query, request } from '../api/http';
import { HELD, type Client } from '../api/types';
import { Confirm } from '../parts/Confirm';
import { RowActions } from '../parts/RowActions';
import { Empty } from '../parts/Empty';
import { EnabledLabel } from '../parts/Labels';
import { Show, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { useSession } from '../session';
import { ClientTabs } from './ClientTabs';

export default function Clients() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const [address, setAddress] = useSearchParams();
  const part = address.get('search') ?? '';
  const held = address.get('show') === 'waiting';
  const first = Number(address.get('first') ?? 0) || 0;
  const max = Number(address.get('max') ?? 20) || 20;
  const [typed, setTyped] = useState(part);
  useEffect(() => setTyped(part), [part]);
  const [asked, setAsked] = useState<{ client: Client; what: 'delete' | 'refuse' }>();
  const manage = may(realm, 'manage-clients', 'manage-client');
  const at = `#/${encodeURIComponent(realm)}/clients`;

  const show = (changes: Record<string, string>) => {
    const next = new URLSearchParams(address);
    for (const [name, value] of Object.entries({ first: '', ...changes })) {
      if (value === '') {
        next.delete(name);
      } else {
        next.set(name, value);
      }
    }
    setAddress(next);
  };
  // One more than is shown tells whether there is a next page: nothing is counted.
  const clients = useLoad(
    (signal) => request<Client[]>(`${admin(realm, 'clients')}${query({ first, max: max + 1, ...(part !== '' && { clientId: part, search: true }), ...(held && { held: true }) })}`, { signal }),
    [realm, part, held, first, max],
  );

  const change = async (client: Client, action: () => Promise<unknown>, done: string) => {
    try {
      await action();
      notice(`${client.clientId}: ${done}`);
    } catch (error) {
      notice(`${client.clientId} was not changed`, (error as Error).message, 'danger');
    }
    clients.reload();
  };
  const approve = (client: Client) => change(client, () => request(admin(realm, 'clients', client.id, 'approve'), { method: 'POST' }), 'approved and enabled');
  const enable = (client: Client, enabled: boolean) =>
    change(client, () => request(admin(realm, 'clients', client.id), { method: 'PUT', body: { clientId: client.clientId, enabled } }), enabled ? 'enabled' : 'disabled');

  const search = (event: FormEvent) => {
    event.preventDefault();
    show({ search: typed.trim() });
  };
  const page = (
    <Pagination
      isCompact
      toggleTemplate={({ firstIndex, lastIndex }) => (
        <>
          {firstIndex} – {lastIndex}
        </>
      )}
      page={Math.floor(first / max) + 1}
      perPage={max}
      {...(clients.data && clients.data.length <= max && { itemCount: first + clients.data.length })}
      perPageOptions={[10, 20, 50, 100].map((value) => ({ title: String(value), value }))}
      onSetPage={(_, number) => show({ first: String((number - 1) * max) })}
      onPerPageSelect={(_, size) => show({ max: String(size) })}
      titles={{ paginationAriaLabel: 'Pages of clients' }}
      widgetId="clients-pages"
    />
  );
  return (
    <>
      <ClientTabs
        active="list"
        actions={
          manage && (
            <Button component="a" href={`${at}/create`}>
              Create client
            </Button>
          )
        }
      />
      <PageSection hasBodyWrapper={false}>
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem className="console-search">
              <form onSubmit={search} role="search">
                <SearchInput aria-label="Search by client ID" placeholder="Search by client ID" value={typed} onChange={(_, text) => setTyped(text)} onSearch={search as never} onClear={() => show({ search: '' })} />
              </form>
            </ToolbarItem>
            <ToolbarItem>
              <ToggleGroup aria-label="Which clients">
                <ToggleGroupItem text="All" buttonId="show-all" isSelected={!held} onChange={() => show({ show: '' })} />
                <ToggleGroupItem text="Waiting" buttonId="show-waiting" isSelected={held} onChange={() => show({ show: 'waiting', search: '' })} />
              </ToggleGroup>
            </ToolbarItem>
            <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
              {page}
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        <Show from={clients} what="clients" role="view-clients">
          {(data) =>
            data.length === 0 ? (
              held ? (
                <Empty title="No client waits" icon={CubesIcon}>
                  Clients that a policy holds appear here, for you to approve or refuse.
                </Empty>
              ) : part !== '' ? (
                <Empty
                  title="No client found"
                  icon={SearchIcon}
                  actions={
                    <Button variant="link" onClick={() => show({ search: '' })}>
                      Show all clients
                    </Button>
                  }
                >
                  No client ID has “{part}” in it. Was its registration refused? Then <a href={`#/${encodeURIComponent(realm)}/decisions?search=${encodeURIComponent(part)}`}>look among the decisions</a>.
                </Empty>
              ) : (
                <Empty title="No clients" icon={CubesIcon}>
                  {first > 0 ? 'There are no more.' : 'Give out an initial access token, so that somebody can register one.'}
                </Empty>
              )
            ) : (
              <Table aria-label="Clients" variant="compact" gridBreakPoint="grid-md">
                <Thead>
                  <Tr>
                    <Th width={30}>Client ID</Th>
                    <Th>Name</Th>
                    <Th>Type</Th>
                    <Th>Status</Th>
                    <Th>{held ? 'Why it waits' : 'Description'}</Th>
                    <Th screenReaderText="Actions" />
                  </Tr>
                </Thead>
                <Tbody>
                  {data.slice(0, max).map((client) => {
                    const waits = client.attributes?.[HELD];
                    const isHeld = waits !== undefined;
                    return (
                      <Tr key={client.id}>
                        <Td dataLabel="Client ID" className="console-break">
                          <a href={`${at}/${encodeURIComponent(client.id)}`}>{client.clientId}</a>
                        </Td>
                        <Td dataLabel="Name">{ownName(client) || '–'}</Td>
                        <Td dataLabel="Type" modifier="nowrap">{client.protocol === 'saml' ? 'SAML' : 'OpenID Connect'}</Td>
                        <Td dataLabel="Status">
                          <EnabledLabel enabled={client.enabled !== false} held={isHeld} />
                        </Td>
                        <Td dataLabel={held ? 'Why it waits' : 'Description'} className="console-break">
                          {(held ? waits : client.description) || '–'}
                        </Td>
                        <Td isActionCell>
                          {manage && (
                            <RowActions
                              of={client.clientId}
                              items={[
                                ...(isHeld
                                  ? [
                                      { title: 'Approve', onClick: () => void approve(client) },
                                      { title: 'Refuse', onClick: () => setAsked({ client, what: 'refuse' as const }) },
                                      { isSeparator: true },
                                    ]
                                  : [client.enabled === false ? { title: 'Enable', onClick: () => void enable(client, true) } : { title: 'Disable', onClick: () => void enable(client, false) }]),
                                { title: 'Delete', isDanger: true, onClick: () => setAsked({ client, what: 'delete' as const }) },
                              ]}
                            />
                          )}
                        </Td>
                      </Tr>
                    );
                  })}
                </Tbody>
              </Table>
            )
          }
        </Show>
      </PageSection>
      {asked && (
        <Confirm
          title={asked.what === 'delete' ? `Delete ${asked.client.clientId}?` : `Refuse ${asked.client.clientId}?`}
          verb={asked.what === 'delete' ? 'Delete' : 'Refuse'}
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            const path = admin(realm, 'clients', asked.client.id, ...(asked.what === 'refuse' ? ['refuse'] : []));
            await request(path, { method: asked.what === 'refuse' ? 'POST' : 'DELETE' });
            notice(`${asked.client.clientId}: ${asked.what === 'refuse' ? 'refused' : 'deleted'}`);
            clients.reload();
          }}
        >
          The client, its roles and its tokens are gone for good. Who uses it can no longer sign in with it.
        </Confirm>
      )}
    </>
  );
}

/** Names of the server's own clients are message keys: their id says as much. */
function ownName(client: Client): string {
  return client.name?.startsWith('${') ? '' : (client.name ?? '');
}
