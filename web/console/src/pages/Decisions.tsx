// What the policies decided, newest first. Each decision is a sentence.

import { Button, FormSelect, FormSelectOption, PageSection, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import BalanceScaleIcon from '@patternfly/react-icons/dist/esm/icons/balance-scale-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import type { Decision } from '../api/types';
import { Empty } from '../parts/Empty';
import { useFilters } from '../parts/filters';
import { Heading } from '../parts/Heading';
import { OutcomeLabel } from '../parts/Labels';
import { Show, useLoad } from '../parts/load';
import { Pages } from '../parts/Pages';
import { SearchField } from '../parts/SearchField';
import { distance, moment } from '../parts/times';
import { sentences, summary } from '../wording/decisions';

const MAX = 20;
/** Decisions that are worth a look, by the server's parameter. */
const WHICH = { failed: 'A component had no answer', differs: 'A watched version would differ' };

export default function Decisions() {
  const { realm = '' } = useParams();
  const filters = useFilters();
  const { first, show } = filters;
  const [text, outcome, client, which] = [filters.of('search'), filters.of('outcome'), filters.of('client'), filters.of('which')];
  const decisions = useLoad(
    (signal) => request<Decision[]>(`${admin(realm, 'client-registration-policy', 'decisions')}${query({ search: text, outcome, clientId: client, ...(which in WHICH && { [which]: 'true' }), first, max: MAX + 1 })}`, { signal }),
    [realm, text, outcome, client, which, first],
  );
  const filtered = text !== '' || outcome !== '' || client !== '' || which !== '';
  const at = `#/${encodeURIComponent(realm)}`;
  return (
    <>
      <Heading title="Decisions" text="What the policies said to requests, and why. They are kept for about a week, whether or not events are on." />
      <PageSection hasBodyWrapper={false}>
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem className="console-search">
              <SearchField label="Search decisions" placeholder="Client, address, policy or decision id" value={text} onSearch={(search) => show({ search })} />
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="Outcome" value={outcome} onChange={(_, value) => show({ outcome: value })}>
                <FormSelectOption value="" label="Every outcome" />
                <FormSelectOption value="reject" label="Refused" />
                <FormSelectOption value="hold" label="Waiting" />
                <FormSelectOption value="accept" label="Let through" />
              </FormSelect>
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="Worth a look" value={which} onChange={(_, value) => show({ which: value })}>
                <FormSelectOption value="" label="All decisions" />
                {Object.entries(WHICH).map(([value, label]) => (
                  <FormSelectOption key={value} value={value} label={label} />
                ))}
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
              <Pages of="decisions" filters={filters} max={MAX} came={decisions.busy ? undefined : decisions.data?.length} />
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
                    <Button variant="link" onClick={filters.clear}>
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
                        <OutcomeLabel outcome={decision.outcome} failed={decision.failed} />
                      </Td>
                      <Td dataLabel="What happened" className="console-break">
                        <a href={`${at}/decisions/${encodeURIComponent(decision.id)}`}>{summary(decision)}</a>
                        {(decision.outcome === 'reject' || which === 'differs') &&
                          sentences(decision)
                            .filter(({ kind }) => kind === 'refused' || kind === 'failed' || (which === 'differs' && kind === 'shadow'))
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
