// Every client of a realm: searched, paged, by state, and those on their way to targets; and what is done with several at once.

import { useState } from 'react';
import { Alert, Button, Checkbox, FormSelect, FormSelectOption, Label, PageSection, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useNavigate, useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import type { BulkAction, ClientState, Matched } from '../api/life';
import { underWay, type Target } from '../api/targets';
import { HELD, HIBERNATED, isOfTheServer, type Client, type Figures } from '../api/types';
import { BulkActions } from '../parts/BulkActions';
import { BulkQuestion, matched } from '../parts/BulkQuestion';
import { Empty } from '../parts/Empty';
import { useFilters } from '../parts/filters';
import { EnabledLabel } from '../parts/Labels';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { Pages } from '../parts/Pages';
import { RowActions } from '../parts/RowActions';
import { SearchField } from '../parts/SearchField';
import { useRefresh } from '../parts/useRefresh';
import { useSession } from '../session';
import { ASLEEP } from '../wording/life';
import { many } from '../wording/targets';
import { ClientGone } from './ClientGone';
import { ClientTabs } from './ClientTabs';

/** Clients on their way that are labelled in the list; beyond that a sentence has to do. */
const LABELLED = 1000;

interface Part {
  caption: string;
  /** Of the server's list. */
  parameter: Record<string, string | boolean>;
  /** It can be searched. */
  state?: ClientState;
  /** Said when it is empty. */
  none: string;
  about: string;
}

/** Parts of the list, by what the address calls them. */
const PARTS: Record<string, Part> = {
  active: { caption: 'Enabled', parameter: { state: 'active' }, state: 'active', none: 'No client is enabled', about: 'Clients that may be used, and are awake, appear here.' },
  disabled: { caption: 'Disabled', parameter: { state: 'disabled' }, state: 'disabled', none: 'No client is disabled', about: 'Clients that nobody can use until they are enabled appear here.' },
  asleep: { caption: 'Asleep', parameter: { state: 'hibernating' }, state: 'hibernating', none: 'No client is asleep', about: ASLEEP },
  waiting: { caption: 'Waiting', parameter: { held: true }, state: 'held', none: 'No client waits', about: 'Clients that a policy holds appear here, for you to approve or refuse.' },
  pending: { caption: 'Pending', parameter: { pending: true }, none: 'No client is on its way', about: 'Clients whose latest state some target of this realm lacks appear here.' },
  leaving: { caption: 'Leaving', parameter: { state: 'leaving' }, none: 'No client leaves', about: 'Clients that are deleted here, while some target of this realm has not confirmed it, appear here.' },
};

export default function Clients() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const filters = useFilters();
  const { first, show } = filters;
  const part = filters.of('search');
  const which = PARTS[filters.of('show')];
  const held = filters.of('show') === 'waiting';
  const leaving = filters.of('show') === 'leaving';
  const max = Number(filters.of('max')) || 20;
  const [asked, setAsked] = useState<{ client: Client; what: 'delete' | 'refuse' }>();
  // Of all pages of what is listed.
  const [selected, setSelected] = useState({ of: '', ids: [] as string[] });
  const [bulk, setBulk] = useState<{ what: BulkAction; found: Matched }>();
  const navigate = useNavigate();
  const action = useAction();
  const manage = may(realm, 'manage-clients', 'manage-client');
  const at = `#/${encodeURIComponent(realm)}/clients`;

  const after = filters.of('after');
  const place = after === '' ? { first } : { after };
  const clients = useLoad(
    (signal) => request<Client[]>(`${admin(realm, 'clients')}${query({ ...place, max: max + 1, ...(part !== '' && { clientId: part, search: true }), ...(part !== '' && which?.state ? { state: which.state } : which?.parameter) })}`, { signal }),
    [realm, part, filters.of('show'), first, after, max],
  );
  // The realm's counter. The shortest time, as figures of decisions are of no interest here.
  const all = part === '' && !which && may(realm, 'view-events', 'manage-events');
  const total = useLoad(async (signal) => (all ? (await request<Figures>(`${admin(realm, 'client-registration-policy', 'figures')}${query({ hours: 1 })}`, { signal })).clients : undefined), [realm, all]);

  const targets = useLoad(async (signal) => (may(realm, 'view-realm', 'manage-realm') ? request<Target[]>(admin(realm, 'targets'), { signal }) : []), [realm]);
  const open = targets.data?.some(({ deliveries, state }) => underWay(deliveries) > 0 || state === 'leaving') === true;
  // Which of the clients shown are on their way; nobody asks where no target waits for any.
  const pending = useLoad(async (signal) => (open && !leaving ? request<Client[]>(`${admin(realm, 'clients')}${query({ pending: true, max: LABELLED })}`, { signal }) : []), [realm, open, leaving]);
  const onTheirWay = new Set(pending.data?.map(({ id }) => id));
  useRefresh(open, () => {
    targets.refresh();
    pending.refresh();
    if (which !== undefined && !held) {
      clients.refresh();
    }
  });

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

  const sleep = (client: Client, what: 'hibernate' | 'revive') => change(client, () => request(admin(realm, 'clients', client.id, what), { method: 'POST' }), what === 'hibernate' ? 'put to sleep' : 'woken');

  const listed = `${part} ${filters.of('show')}`;
  const chosen = selected.of === listed ? selected.ids : [];
  const choose = (ids: string[], on: boolean) => setSelected({ of: listed, ids: on ? [...new Set([...chosen, ...ids])] : chosen.filter((id) => !ids.includes(id)) });
  const here = clients.data?.slice(0, max).filter((client) => !isOfTheServer(client)).map(({ clientId }) => clientId) ?? [];
  const isChosen = (clientId: string) => chosen.includes(clientId);
  const ask = (what: BulkAction) => void action.run(async () => setBulk({ what, found: await matched(realm, what, { clients: chosen }) }));
  const selects = manage && !leaving;
  return (
    <>
      <ClientTabs
        active="list"
        actions={
          manage && (
            <>
              <Button variant="secondary" component="a" href={`${at}/many${query({ clientId: part, state: which?.state ?? '' })}`}>
                Change many clients
              </Button>
              <Button component="a" href={`${at}/create`}>
                Create client
              </Button>
            </>
          )
        }
      />
      <PageSection hasBodyWrapper={false}>
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem className="console-search">
              <SearchField label="Search by client ID" placeholder="Search by client ID" value={part} onSearch={(search) => show({ search, ...(which && !which.state && { show: '' }) })} />
            </ToolbarItem>
            <ToolbarItem className="console-choice">
              <FormSelect aria-label="Which clients" value={which ? filters.of('show') : ''} onChange={(_, value) => show({ show: value, ...(value !== '' && !PARTS[value]?.state && { search: '' }) })}>
                <FormSelectOption value="" label="All clients" />
                {Object.entries(PARTS).map(([value, { caption }]) => (
                  <FormSelectOption key={value} value={value} label={caption} />
                ))}
              </FormSelect>
            </ToolbarItem>
            <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
              <Pages of="clients" filters={filters} max={max} came={clients.busy ? undefined : clients.data?.length} total={all ? total.data : undefined} {...(!which && { last: clients.data?.[max - 1]?.clientId })} lengths={[10, 20, 50, 100]} />
            </ToolbarItem>
          </ToolbarContent>
          {chosen.length > 0 && (
            <ToolbarContent>
              <ToolbarItem>
                <BulkActions count={chosen.length} isDisabled={action.busy} onChoose={ask} />
              </ToolbarItem>
              <ToolbarItem>
                <Button variant="link" onClick={() => setSelected({ of: listed, ids: [] })}>
                  Select none
                </Button>
              </ToolbarItem>
            </ToolbarContent>
          )}
        </Toolbar>
        {action.error && <Failure error={action.error} role="manage-clients" />}
        {!which && onTheirWay.size >= LABELLED && <Alert isInline variant="info" title={`More than ${many(LABELLED - 1, 'client')} are on their way to their targets; not all of them are labelled`} component="p" />}
        <Show from={clients} what="clients" role="view-clients">
          {(data) =>
            data.length === 0 ? (
              which && part === '' ? (
                <Empty title={which.none} icon={CubesIcon}>
                  {which.about}
                </Empty>
              ) : part !== '' ? (
                <Empty
                  title="No client found"
                  icon={SearchIcon}
                  actions={
                    <Button variant="link" onClick={() => show({ search: '', show: '' })}>
                      Show all clients
                    </Button>
                  }
                >
                  No client ID {which && 'here '}has “{part}” in it. Was its registration refused? Then <a href={`#/${encodeURIComponent(realm)}/decisions?search=${encodeURIComponent(part)}`}>look among the decisions</a>.
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
                    {selects && (
                      <Th className="console-select">
                        <Checkbox id="select-page" aria-label="Select all of this page" isChecked={here.length > 0 && here.every(isChosen) ? true : here.some(isChosen) ? null : false} onChange={(_, on) => choose(here, on)} />
                      </Th>
                    )}
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
                    const isAsleep = client.attributes?.[HIBERNATED] !== undefined;
                    return (
                      <Tr key={client.id}>
                        {selects && (
                          <Td className="console-select">
                            {!isOfTheServer(client) && <Checkbox id={`select-${client.id}`} aria-label={`Select ${client.clientId}`} isChecked={isChosen(client.clientId)} onChange={(_, on) => choose([client.clientId], on)} />}
                          </Td>
                        )}
                        <Td dataLabel="Client ID" className="console-break">
                          <a href={`${at}/${encodeURIComponent(client.id)}`}>{client.clientId}</a>
                        </Td>
                        <Td dataLabel="Name">{ownName(client) || '–'}</Td>
                        <Td dataLabel="Type" modifier="nowrap">{client.protocol === 'saml' ? 'SAML' : 'OpenID Connect'}</Td>
                        <Td dataLabel="Status">
                          <span className="console-row">
                            {!leaving && <EnabledLabel enabled={client.enabled !== false} held={isHeld} asleep={isAsleep} />}
                            {(leaving || onTheirWay.has(client.id)) && (
                              <a href={`${at}/${encodeURIComponent(client.id)}/targets`}>
                                <Label isCompact status={leaving ? 'warning' : 'info'}>
                                  {leaving ? 'Leaving' : 'Pending'}
                                </Label>
                              </a>
                            )}
                          </span>
                        </Td>
                        <Td dataLabel={held ? 'Why it waits' : 'Description'} className="console-break">
                          {(held ? waits : client.description) || '–'}
                        </Td>
                        <Td isActionCell>
                          {manage && !leaving && (
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
                                ...(isAsleep ? [{ title: 'Wake', onClick: () => void sleep(client, 'revive') }] : client.enabled !== false && !isHeld && !isOfTheServer(client) ? [{ title: 'Put to sleep', onClick: () => void sleep(client, 'hibernate') }] : []),
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
        <ClientGone {...asked} onClose={() => setAsked(undefined)} onDone={clients.reload} />
      )}
      {bulk && <BulkQuestion action={bulk.what} chosen={{ clients: chosen }} found={bulk.found} onClose={() => setBulk(undefined)} onBegun={({ id }) => navigate(`/${encodeURIComponent(realm)}/clients/jobs/${encodeURIComponent(id)}`)} />}
    </>
  );
}

/** Names of the server's own clients are message keys: their id says as much. */
function ownName(client: Client): string {
  return client.name?.startsWith('${') ? '' : (client.name ?? '');
}
