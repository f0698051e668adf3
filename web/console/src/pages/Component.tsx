// One component: how it does, its versions, who uses it, and what another version would decide.

import { useState } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, DescriptionList, Label, PageSection, Spinner } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useNavigate, useParams } from 'react-router';
import { ApiError, query, request } from '../api/http';
import type { Comparison, ComponentFile, ComponentVersion, WatchReport } from '../api/types';
import { Columns } from '../parts/Columns';
import { Compared, Differences } from '../parts/Compared';
import { ComponentDrop } from '../parts/ComponentDrop';
import { Confirm } from '../parts/Confirm';
import { Entry } from '../parts/Entry';
import { Heading } from '../parts/Heading';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { RowActions } from '../parts/RowActions';
import { moment } from '../parts/times';
import { arrived, duration, hasFailed, kinds, short, size, sources, watched } from '../wording/components';
import { StateLabel } from './Components';

/** Recorded registrations that a comparison replays. */
const REPLAYED = 1000;

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
      <Heading title={name} text={component.data?.kind && kinds[component.data.kind]} above={[['Components', '#/-/components']]} />
      <PageSection hasBodyWrapper={false}>
        <Show from={component} what="the component" role="admin (of realm master)">
          {(data) => <Known component={data} reload={component.reload} />}
        </Show>
      </PageSection>
    </>
  );
}

/** What is the matter with it. A reason that begins with a version is about that version alone. */
function title({ state, reason }: ComponentFile) {
  if (state === 'failing') {
    return 'It fails: requests that need it are refused';
  }
  if (!reason?.startsWith('version ')) {
    return 'Realms need what is gone';
  }
  return state === 'active' ? 'The last version is not used' : 'It was refused, and is not used';
}

/** What the administrator is asked about. */
type Asked = { what: 'activate' | 'roll-back' | 'remove-version'; version: ComponentVersion } | { what: 'remove' };

function Known({ component, reload }: { component: ComponentFile; reload(): void }) {
  const action = useAction();
  const notice = useNotice();
  const [comparing, setComparing] = useState(false);
  const [compared, setCompared] = useState<{ digest: string; comparison: Comparison }>();
  const [asked, setAsked] = useState<Asked>();
  const path = `/admin/components/${encodeURIComponent(component.name)}`;

  const compare = (digest: string) => {
    setComparing(true);
    setCompared(undefined);
    void action
      .run(async () => setCompared({ digest, comparison: await request<Comparison>(`${path}/compare`, { method: 'POST', body: { digest, last: REPLAYED } }) }))
      .finally(() => setComparing(false));
  };
  const watch = (version?: ComponentVersion) =>
    void action.run(async () => {
      await request(`${path}/shadow`, version ? { method: 'PUT', body: { digest: version.digest } } : { method: 'DELETE' });
      notice(version ? `Version ${short(version.digest)} is watched` : 'No version is watched any more');
      reload();
    });
  return (
    <div className="console-cards">
      {component.state !== 'active' && (
        <Alert isInline variant={component.state === 'failing' ? 'danger' : 'warning'} title={title(component)} component="h2">
          {component.reason}
        </Alert>
      )}
      {component.state === 'active' && component.reason && (
        <Alert isInline variant="warning" title={title(component)} component="h2">
          {component.reason}
        </Alert>
      )}
      {component.lastFailure && <LastFailure of={component.lastFailure} current={hasFailed(component)} />}
      {action.error && <Failure error={action.error} role="admin (of realm master)" />}
      <Health component={component} />
      {component.watch && <Watching report={component.watch} />}
      <Card>
        <CardTitle component="h2">Versions</CardTitle>
        <CardBody>
          <ComponentDrop name={component.name} onDone={reload} />
          <Versions component={component} busy={action.busy} onCompare={compare} onWatch={watch} onAsk={setAsked} />
          {comparing && (
            <p role="status" className="console-gap">
              <Spinner size="md" aria-label="Comparing" /> The last {REPLAYED.toLocaleString()} recorded registrations of all realms are decided again. Nothing comes of it.
            </p>
          )}
          {compared && <Compared {...compared} />}
        </CardBody>
      </Card>
      <Users component={component} onRemove={() => setAsked({ what: 'remove' })} />
      {asked && <Question asked={asked} component={component} path={path} onClose={() => setAsked(undefined)} reload={reload} />}
    </div>
  );
}

/** The last request that got no answer of it. */
function LastFailure({ of: { time, realm, decision, policy, provider, message }, current }: { of: NonNullable<ComponentFile['lastFailure']>; current: boolean }) {
  return (
    <Alert isInline variant={current ? 'danger' : 'info'} title={`${current ? 'Its last failure' : 'The last failure of a version before'}: ${moment(time)}`} component="h2">
      {policy === undefined ? `Document format “${provider}”` : `“${policy}”`} of realm {realm} could not answer. {message} <a href={`#/${encodeURIComponent(realm)}/decisions/${encodeURIComponent(decision)}`}>Look at the decision</a>; the server's log says more under its id.
    </Alert>
  );
}

/** What the version that is only watched would have done. */
function Watching({ report }: { report: WatchReport }) {
  return (
    <Card>
      <CardTitle component="h2">Watched version {short(report.digest)}</CardTitle>
      <CardBody>
        <p>
          {watched(report)} Since {moment(report.since * 1000)}, on this server.
        </p>
        {report.latest.length > 0 && <Differences of={report.latest} />}
      </CardBody>
    </Card>
  );
}

function Health({ component }: { component: ComponentFile }) {
  return (
    <Card>
      <CardTitle component="h2">Health</CardTitle>
      <CardBody>
        <DescriptionList columnModifier={{ default: '1Col', md: '2Col', xl: '3Col' }} isCompact>
          <Entry term="State">
            <StateLabel state={component.state} failed={hasFailed(component)} /> {component.since !== undefined && `since ${moment(component.since * 1000)}`}
          </Entry>
          <Entry term="Source">{component.source ? sources[component.source] : '–'}</Entry>
          <Entry term="Calls since the server started">{component.calls.toLocaleString()}</Entry>
          <Entry term="Time of a call">{component.calls === 0 ? '–' : `${duration(component.medianMicros)} median, ${duration(component.p99Micros)} at 99 %`}</Entry>
          <Entry term="Refusals">{component.refusals.toLocaleString()}</Entry>
          <Entry term="Failures (no answer)">{component.failures.toLocaleString()}</Entry>
          <Entry term="Most memory of an instance">{component.memoryPeak === 0 ? '–' : size(component.memoryPeak)}</Entry>
        </DescriptionList>
      </CardBody>
    </Card>
  );
}

interface VersionsProps {
  component: ComponentFile;
  busy: boolean;
  onCompare(digest: string): void;
  onWatch(version?: ComponentVersion): void;
  onAsk(asked: Asked): void;
}

function Versions({ component, busy, onCompare, onWatch, onAsk }: VersionsProps) {
  const path = `/admin/components/${encodeURIComponent(component.name)}/versions`;
  return (
    <Table aria-label="Versions" variant="compact" gridBreakPoint="grid-md">
      <Columns of={['Version', 'Added', 'Source', 'Size', 'Contract']} actions={['Actions', 'More actions']} />
      <Tbody>
        {component.versions.map((version) => {
          const { digest } = version;
          const active = digest === component.active;
          const shadowed = digest === component.shadow;
          const before = digest === component.previous;
          const file = `${path}/${encodeURIComponent(digest)}`;
          return (
            <Tr key={digest}>
              <Td dataLabel="Version">
                <code title={digest}>{short(digest)}</code>{' '}
                {active && (
                  <Label isCompact status="success">
                    Decides
                  </Label>
                )}
                {shadowed && (
                  <Label isCompact color="purple">
                    Watched
                  </Label>
                )}
                {before && <Label isCompact>Decided before</Label>}
              </Td>
              <Td dataLabel="Added">{arrived(version)}</Td>
              <Td dataLabel="Source">{sources[version.source]}</Td>
              <Td dataLabel="Size" modifier="nowrap">{size(version.size)}</Td>
              <Td dataLabel="Contract">{version.contract}</Td>
              <Td dataLabel="Actions" modifier="fitContent">
                {!active && (
                  <div className="console-row-tight">
                    <Button variant="secondary" size="sm" isDisabled={busy} onClick={() => onCompare(digest)}>
                      Compare
                    </Button>
                    <Button variant="secondary" size="sm" isDisabled={busy} onClick={() => onAsk({ what: before ? 'roll-back' : 'activate', version })}>
                      {before ? 'Roll back' : 'Activate'}
                    </Button>
                  </div>
                )}
              </Td>
              <Td isActionCell>
                <RowActions
                  of={`version ${short(digest)}`}
                  items={[
                    ...(shadowed ? [{ title: 'Stop watching', onClick: () => onWatch() }] : active ? [] : [{ title: 'Watch (shadow)', onClick: () => onWatch(version) }]),
                    { title: 'Download', component: 'a', href: file, download: `${component.name}.wasm` },
                    ...(version.source === 'database' && !active ? [{ title: 'Remove', isDanger: true, onClick: () => onAsk({ what: 'remove-version', version }) }] : []),
                  ]}
                />
              </Td>
            </Tr>
          );
        })}
      </Tbody>
    </Table>
  );
}

function Users({ component, onRemove }: { component: ComponentFile; onRemove(): void }) {
  const page = component.kind === 'client-policy' ? 'client-policies/policies' : 'clients/registration/anonymous';
  return (
    <Card>
      <CardTitle component="h2">What it offers, and to whom</CardTitle>
      <CardBody>
        <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '10rem' }}>
          <Entry term="Offers">{component.providers.join(', ') || 'Nothing'}</Entry>
          <Entry term="Used by">
            {component.usedBy.length === 0
              ? 'Nobody'
              : component.usedBy.map(({ realm, policy }, index) => (
                  // Both sets of a realm may have a policy of this name.
                  <div key={index}>
                    “{policy}” of realm <a href={`#/${encodeURIComponent(realm)}/${page}`}>{realm}</a>
                  </div>
                ))}
          </Entry>
        </DescriptionList>
        {component.versions.some(({ source }) => source === 'database') && (
          <Button variant="secondary" isDanger className="console-gap" onClick={onRemove}>
            Remove component
          </Button>
        )}
      </CardBody>
    </Card>
  );
}

function Question({ asked, component, path, onClose, reload }: { asked: Asked; component: ComponentFile; path: string; onClose(): void; reload(): void }) {
  const navigate = useNavigate();
  const notice = useNotice();
  if (asked.what === 'activate' || asked.what === 'roll-back') {
    const { digest } = asked.version;
    const activate = async (force: boolean) => {
      await request(`${path}/activate${query({ ...(force && { force }) })}`, { method: 'POST', body: { digest } });
      notice(`Version ${short(digest)} decides now`);
      reload();
    };
    return (
      <Confirm title={asked.what === 'activate' ? 'Activate this version?' : 'Roll back to this version?'} verb={asked.what === 'activate' ? 'Activate' : 'Roll back'} variant="primary" onClose={onClose} onConfirm={() => activate(false)} onForced={() => activate(true)}>
        Requests that begin from then on are decided by version <code>{short(digest)}</code>. You can go back to the version of today at any time.
      </Confirm>
    );
  }
  const all = asked.what === 'remove';
  const remove = async (force: boolean) => {
    const target = all ? path : `${path}/versions/${encodeURIComponent(asked.version.digest)}`;
    await request(`${target}${query({ ...(force && { force }) })}`, { method: 'DELETE' });
    notice('It is removed');
    if (all && component.versions.every(({ source }) => source === 'database')) {
      navigate('/-/components');
    } else {
      reload();
    }
  };
  return (
    <Confirm title={all ? `Remove ${component.name}?` : 'Remove this version?'} verb="Remove" onClose={onClose} onConfirm={() => remove(false)} onForced={() => remove(true)}>
      {all
        ? 'All versions that were uploaded are gone for good. What the folder or the program has of it decides from then on.'
        : 'It cannot be activated any more. Download it first if you may want it back.'}
    </Confirm>
  );
}
