// One component: its versions, who uses it, and what another version would decide.

import { useState } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, DescriptionList, DescriptionListDescription, DescriptionListGroup, DescriptionListTerm, Label, PageSection, Spinner } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useNavigate, useParams } from 'react-router';
import { ApiError, query, request } from '../api/http';
import type { ComponentFile, Verdict, Violation } from '../api/types';
import { Confirm } from '../parts/Confirm';
import { Heading } from '../parts/Heading';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { moment } from '../parts/times';
import { duration, StateLabel } from './Components';

/** What other decisions a version would have made. */
interface Comparison {
  digest: string;
  replayed: number;
  same: number;
  different: { decision: string; before: Verdict; after: Verdict; violations: Violation[] }[];
}

const verdicts: Record<string, string> = { accept: 'Let through', amend: 'Changed', hold: 'Held', reject: 'Refused' };

export default function Component() {
  const { name = '' } = useParams();
  const component = useLoad(
    async (signal) => {
      const found = (await request<ComponentFile[]>('/admin/components', { signal })).find((one) => one.name === name);
      if (!found) {
        throw new ApiError(404, `There is no component “${name}”.`, 'It may have been removed meanwhile. Go back to the list.');
      }
      return found;
    },
    [name],
  );
  return (
    <>
      <Heading title={name} text={component.data && `A ${component.data.kind === 'policy' ? 'policy' : 'provider'} component`} above={[['Components', '#/-/components']]} />
      <PageSection hasBodyWrapper={false}>
        <Show from={component} what="the component" role="admin (of realm master)">
          {(data) => <Known component={data} reload={component.reload} />}
        </Show>
      </PageSection>
    </>
  );
}

function Known({ component, reload }: { component: ComponentFile; reload(): void }) {
  const navigate = useNavigate();
  const notice = useNotice();
  const action = useAction();
  const [comparing, setComparing] = useState<string>();
  const [comparison, setComparison] = useState<Comparison>();
  const [asked, setAsked] = useState<{ what: 'activate' | 'delete-version'; digest: string } | { what: 'delete' }>();
  const path = `/admin/components/${encodeURIComponent(component.name)}`;
  const own = component.source === 'database';

  const compare = (digest: string) => {
    setComparing(digest);
    setComparison(undefined);
    void action
      .run(async () => {
        setComparison({ digest, ...(await request<Omit<Comparison, 'digest'>>(`${path}/compare`, { method: 'POST', body: { digest, last: 1000 } })) });
      })
      .finally(() => setComparing(undefined));
  };
  const remove = async (version?: string) => {
    const target = version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`;
    try {
      await request(target, { method: 'DELETE' });
    } catch (error) {
      // The server names who uses it; to go on is the administrator's decision.
      if (error instanceof ApiError && error.status === 409 && window.confirm(`${error.message}\n\nRequests that need it are refused then. Remove it all the same?`)) {
        await request(`${target}${query({ force: true })}`, { method: 'DELETE' });
      } else {
        throw error;
      }
    }
  };
  const time = (value: string | number | undefined) => (value === undefined || value === null ? '–' : moment(typeof value === 'number' ? (value < 1e11 ? value * 1000 : value) : Date.parse(value)));
  return (
    <div className="console-cards">
      {component.state !== 'active' && (
        <Alert isInline variant={component.state === 'failing' ? 'danger' : 'warning'} title={component.state === 'failing' ? 'It fails: requests that need it are refused' : 'It was refused, and is not used'} component="h2">
          {component.reason}
        </Alert>
      )}
      {action.error && <Failure error={action.error} role="admin (of realm master)" />}
      <Card>
        <CardTitle component="h2">Health</CardTitle>
        <CardBody>
          <DescriptionList columnModifier={{ default: '1Col', md: '2Col', xl: '3Col' }} isCompact>
            <Entry term="State">
              <StateLabel state={component.state} /> since {time(component.since)}
            </Entry>
            <Entry term="Source">{{ 'built-in': 'Built into the server', folder: 'The folder of the command line', database: 'Uploaded' }[component.source]}</Entry>
            <Entry term="Calls">{component.calls.toLocaleString()}</Entry>
            <Entry term="Refusals">{component.refusals.toLocaleString()}</Entry>
            <Entry term="Failures">{component.failures.toLocaleString()}</Entry>
            <Entry term="Time of a call">
              {duration(component.medianMicros)} median, {duration(component.p99Micros)} at 99 %
            </Entry>
          </DescriptionList>
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">Versions</CardTitle>
        <CardBody>
          <Table aria-label="Versions" variant="compact" gridBreakPoint="grid-md">
            <Thead>
              <Tr>
                <Th>Digest</Th>
                <Th>Uploaded</Th>
                <Th>Size</Th>
                <Th>Contract</Th>
                <Th screenReaderText="Actions" />
              </Tr>
            </Thead>
            <Tbody>
              {component.versions.map((version) => {
                const active = version.digest === component.active;
                return (
                  <Tr key={version.digest}>
                    <Td dataLabel="Digest">
                      <code title={version.digest}>{version.digest.slice(0, 12)}…</code> {active && <Label isCompact status="success">Active</Label>}
                    </Td>
                    <Td dataLabel="Uploaded">{time(version.uploaded)}</Td>
                    <Td dataLabel="Size">{(version.size / 1024).toFixed(0)} KiB</Td>
                    <Td dataLabel="Contract">{version.contract}</Td>
                    <Td isActionCell modifier="fitContent">
                      <div className="console-row">
                        {!active && (
                          <>
                            <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => compare(version.digest)}>
                              Compare
                            </Button>
                            <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => setAsked({ what: 'activate', digest: version.digest })}>
                              Activate
                            </Button>
                          </>
                        )}
                        <Button variant="link" size="sm" component="a" href={`${path}/versions/${encodeURIComponent(version.digest)}`} download={`${component.name}.wasm`}>
                          Download
                        </Button>
                        {own && !active && (
                          <Button variant="link" size="sm" isDanger onClick={() => setAsked({ what: 'delete-version', digest: version.digest })}>
                            Delete
                          </Button>
                        )}
                      </div>
                    </Td>
                  </Tr>
                );
              })}
            </Tbody>
          </Table>
          {comparing && (
            <p role="status" className="console-gap">
              <Spinner size="md" aria-label="Comparing" /> The last 1,000 recorded registrations are decided again, without consequences.
            </p>
          )}
          {comparison && <Compared comparison={comparison} />}
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">Offers and users</CardTitle>
        <CardBody>
          <DescriptionList isHorizontal>
            <Entry term="Offers">{component.providers.join(', ') || 'Nothing'}</Entry>
            <Entry term="Used by">
              {component.usedBy.length === 0
                ? 'Nobody'
                : component.usedBy.map(({ realm, policy }) => (
                    <div key={`${realm} ${policy}`}>
                      “{policy}” of realm <a href={`#/${encodeURIComponent(realm)}/clients/registration/anonymous`}>{realm}</a>
                    </div>
                  ))}
            </Entry>
          </DescriptionList>
          {own && (
            <Button variant="secondary" isDanger className="console-gap" onClick={() => setAsked({ what: 'delete' })}>
              Delete component
            </Button>
          )}
        </CardBody>
      </Card>
      {asked && asked.what === 'activate' && (
        <Confirm
          title="Activate this version?"
          verb="Activate"
          variant="primary"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            await request(`${path}/activate`, { method: 'POST', body: { digest: asked.digest } });
            notice('The version is active');
            reload();
          }}
        >
          Requests that begin from then on use it. You can go back to today&apos;s version at any time.
        </Confirm>
      )}
      {asked && asked.what !== 'activate' && (
        <Confirm
          title={asked.what === 'delete' ? `Delete ${component.name}?` : 'Delete this version?'}
          verb="Delete"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            await remove(asked.what === 'delete' ? undefined : asked.digest);
            notice('It is deleted');
            if (asked.what === 'delete') {
              navigate('/-/components');
            } else {
              reload();
            }
          }}
        >
          {asked.what === 'delete' ? 'All its versions are gone for good.' : 'It cannot be activated any more. Download it first if you may want it back.'}
        </Confirm>
      )}
    </div>
  );
}

function Compared({ comparison }: { comparison: Comparison }) {
  const { replayed, same, different } = comparison;
  if (replayed === 0) {
    return (
      <Alert isInline variant="info" title="Nothing to compare with" component="h3" className="console-gap">
        No registration was recorded yet that this component decided about.
      </Alert>
    );
  }
  return (
    <div className="console-gap">
      <Alert isInline variant={different.length === 0 ? 'success' : 'warning'} title={`${same.toLocaleString()} of ${replayed.toLocaleString()} registrations would be decided the same`} component="h3" />
      {different.length > 0 && (
        <Table aria-label="Other decisions" variant="compact" gridBreakPoint="grid-md">
          <Thead>
            <Tr>
              <Th>Decision</Th>
              <Th>Then</Th>
              <Th>With this version</Th>
              <Th>Why</Th>
            </Tr>
          </Thead>
          <Tbody>
            {different.map((one) => (
              <Tr key={one.decision}>
                <Td dataLabel="Decision">
                  <code>{one.decision.slice(0, 8)}…</code>
                </Td>
                <Td dataLabel="Then">{verdicts[one.before] ?? one.before}</Td>
                <Td dataLabel="With this version">{verdicts[one.after] ?? one.after}</Td>
                <Td dataLabel="Why">{one.violations?.map((violation) => violation.message).join('; ') || '–'}</Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
    </div>
  );
}

function Entry({ term, children }: { term: string; children: React.ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription className="console-break">{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}
