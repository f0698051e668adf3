// What the policies decided, newest first. Each decision is a sentence.

import { useEffect, useState, type FormEvent } from 'react';
import { Button, FormSelect, FormSelectOption, PageSection, Pagination, SearchInput, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import BalanceScaleIcon from '@patternfly/react-icons/dist/esm/icons/balance-scale-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useParams, useSearchParams } from 'react-router';
import { admin, query, request } from '../api/http';
import type { Decision } from '../api/types';
import { Empty } from '../parts/Empty';
import { Heading } from '../parts/Heading';
import { OutcomeLabel } from '../parts/Labels';
import { Show, useLoad } from '../parts/load';
import { distance, moment } from '../parts/times';
import { sentences, summary } from '../wording/decisions';

const MAX = 20;

export default function Decisions() {
  const { realm = '' } = useParams();
  const [address, setAddress] = useSearchParams();
  const text = address.get('search') ?? '';
  const outcome = address.get('outcome') ?? '';
  const client = address.get('client') ?? '';
  const first = Number(address.get('first') ?? 0) || 0;
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const decisions = useLoad(
    (signal) => request<Decision[]>(`${admin(realm, 'client-registration-policy', 'decisions')}${query({ search: text, outcome, clientId: client, first, max: MAX + 1 })}`, { signal }),
    [realm, text, outcome, client, first],
  );
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
  const search = (event: FormEvent) => {
    event.preventDefault();
    show({ search: typed.trim() });
  };
  const filtered = text !== '' || outcome !== '' || client !== '';
  const at = `#/${encodeURIComponent(realm)}`;
  return (
    <>
      <Heading title="Decisions" text="What the policies said to requests, and why. They are kept for about a week, whether or not events are on." />
      <PageSection hasBodyWrapper={false}>
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem className="console-search">
              <form onSubmit={search} role="search">
                <SearchInput aria-label="Search decisions" placeholder="Client, address, policy or decision id" value={typed} onChange={(_, value) => setTyped(value)} onSearch={search as never} onClear={() => show({ search: '' })} />
              </form>
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="Outcome" value={outcome} onChange={(_, value) => show({ outcome: value })}>
                <FormSelectOption value="" label="Every outcome" />
                <FormSelectOption value="reject" label="Refused" />
                <FormSelectOption value="hold" label="Waiting" />
                <FormSelectOption value="accept" label="Let through" />
              </FormSelect>
            </ToolbarItem>
            {client !== '' && (
              <ToolbarItem>
                <Button variant="secondary" onClick={() => show({ client: '' })}>
                  Client {client} ✕
                </Button>
              </ToolbarItem>
            )}
            <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
              <Pagination
                isCompact
                page={Math.floor(first / MAX) + 1}
                perPage={MAX}
                perPageOptions={[]}
                toggleTemplate={({ firstIndex, lastIndex }) => (
                  <>
                    {firstIndex} – {lastIndex}
                  </>
                )}
                {...(decisions.data && decisions.data.length <= MAX && { itemCount: first + decisions.data.length })}
                onSetPage={(_, page) => show({ first: String((page - 1) * MAX) })}
                titles={{ paginationAriaLabel: 'Pages of decisions' }}
                widgetId="decisions-pages"
              />
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        <Show from={decisions} what="decisions" role="view-events">
          {(data) =>
            data.length === 0 ? (
              <Empty
                title={filtered ? 'No decision found' : 'No decisions yet'}
                icon={filtered ? SearchIcon : BalanceScaleIcon}
                actions={
                  filtered ? (
                    <Button variant="link" onClick={() => setAddress({})}>
                      Show all decisions
                    </Button>
                  ) : (
                    <a href={`${at}/clients/registration/anonymous/try`}>Try a request</a>
                  )
                }
              >
                {filtered ? 'Decisions older than a week are gone. Try another word, or fewer filters.' : 'They appear here as soon as somebody registers, updates or deletes a client.'}
              </Empty>
            ) : (
              <Table aria-label="Decisions" variant="compact" gridBreakPoint="grid-md">
                <Thead>
                  <Tr>
                    <Th width={15}>When</Th>
                    <Th width={10}>Outcome</Th>
                    <Th>What happened</Th>
                  </Tr>
                </Thead>
                <Tbody>
                  {data.slice(0, MAX).map((decision) => (
                    <Tr key={decision.id}>
                      <Td dataLabel="When">
                        <span title={moment(decision.time)}>{distance(decision.time)}</span>
                      </Td>
                      <Td dataLabel="Outcome">
                        <OutcomeLabel outcome={decision.outcome} />
                      </Td>
                      <Td dataLabel="What happened" className="console-break">
                        <a href={`${at}/decisions/${encodeURIComponent(decision.id)}`}>{summary(decision)}</a>
                        {decision.outcome === 'reject' &&
                          sentences(decision)
                            .filter(({ kind }) => kind === 'refused')
                            .slice(0, 2)
                            .map((sentence, index) => (
                              <div key={index} className="console-faint">
                                {sentence.text}
                              </div>
                            ))}
                      </Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Show>
      </PageSection>
    </>
  );
}
