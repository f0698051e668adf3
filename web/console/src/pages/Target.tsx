// One target: how far it is, what is on its way to it, what sweeps found there, and its settings.

import { useRef, useState } from 'react';
import { Alert, Button, PageSection } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { admin, request } from '../api/http';
import { underWay, type Connector, type Target as TargetDocument } from '../api/targets';
import { Heading } from '../parts/Heading';
import { LinkTabs } from '../parts/LinkTabs';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { TargetLabel } from '../parts/TargetLabels';
import { useRefresh } from '../parts/useRefresh';
import { useSession } from '../session';
import { connectorName } from '../wording/targets';
import { TargetAdoption } from './TargetAdoption';
import { TargetDeliveries } from './TargetDeliveries';
import { TargetForm } from './TargetForm';
import { TargetGone } from './TargetGone';
import { TargetStatus } from './TargetStatus';
import { TargetSweep } from './TargetSweep';
import { TargetSweeps } from './TargetSweeps';

type TabName = 'status' | 'deliveries' | 'sweeps' | 'adopt' | 'settings';

export default function Target() {
  const { realm = '', name = '', tab = 'status' } = useParams();
  const target = useLoad((signal) => request<TargetDocument>(admin(realm, 'targets', name), { signal }), [realm, name]);
  const connectors = useLoad((signal) => request<Connector[]>(admin(realm, 'target-connectors'), { signal }), [realm]);
  // What is typed into the settings is compared with what is stored: it does not change meanwhile.
  useRefresh(tab !== 'settings' && target.data !== undefined && (underWay(target.data.deliveries) > 0 || target.data.state === 'leaving' || target.data.state === 'resting' || target.data.lastSweep?.state === 'running'), target.refresh);
  const above: [string, string][] = [['Targets', `#/${encodeURIComponent(realm)}/targets`]];
  // It may be gone before it is seen to leave.
  const leaves = useRef(false);
  if (target.data?.state === 'leaving') {
    leaves.current = true;
  }
  if (leaves.current && target.error?.status === 404) {
    return (
      <>
        <Heading title={name} above={above} />
        <PageSection hasBodyWrapper={false}>
          <Alert isInline variant="success" title={`Target “${name}” is gone`} component="h2">
            Its clients were removed there.
          </Alert>
        </PageSection>
      </>
    );
  }
  if (!target.data || !connectors.data) {
    return (
      <>
        <Heading title={name} above={above} />
        <PageSection hasBodyWrapper={false}>
          <Show from={target} what="the target" role="view-realm">
            {() => (
              <Show from={connectors} what="its connector" role="view-realm">
                {() => null}
              </Show>
            )}
          </Show>
        </PageSection>
      </>
    );
  }
  return <Known target={target.data} connectors={connectors.data} tab={tab as TabName} reload={target.reload} onLeaving={() => (leaves.current = true)} above={above} />;
}

interface Props {
  target: TargetDocument;
  connectors: Connector[];
  tab: TabName;
  reload(): void;
  /** It is to go, with its clients. */
  onLeaving(): void;
  above: [string, string][];
}

function Known({ target, connectors, tab, reload, onLeaving, above }: Props) {
  const { realm = '', id } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const navigate = useNavigate();
  const action = useAction();
  const [leaving, setLeaving] = useState(false);
  /** Lists on the page that are to be read anew. */
  const [turn, setTurn] = useState(0);
  const manage = may(realm, 'manage-realm');
  const connector = connectors.find((one) => one.id === target.connector);
  const list = `/${encodeURIComponent(realm)}/targets`;
  const at = `#${list}/${encodeURIComponent(target.name)}`;

  const call = (what: 'pause' | 'resume' | 'retry', done: string) =>
    void action.run(async () => {
      await request(admin(realm, 'targets', target.name, what), { method: 'POST' });
      notice(done);
      reload();
      setTurn((before) => before + 1);
    });
  const isPaused = target.state === 'paused' && target.enabled;
  const actions = manage && target.state !== 'leaving' && (
    <>
      {target.enabled && (
        <Button variant="secondary" isDisabled={action.busy} onClick={() => (isPaused ? call('resume', `“${target.name}” goes on`) : call('pause', `“${target.name}” is paused`))}>
          {isPaused ? 'Resume' : 'Pause'}
        </Button>
      )}
      <Button variant="secondary" isDisabled={action.busy || target.state === 'paused' || target.deliveries.failing + target.deliveries.refused + target.deliveries.leaving === 0} onClick={() => call('retry', 'What failed or was refused is tried now')}>
        Retry now
      </Button>
      <Button variant="secondary" isDanger onClick={() => setLeaving(true)}>
        Delete
      </Button>
    </>
  );
  const tabs: [string, string, string][] = [
    ['status', 'Status', at],
    ['deliveries', 'Deliveries', `${at}/deliveries`],
    ...(connector?.enumerates ? ([['sweeps', 'Sweeps', `${at}/sweeps`], ['adopt', 'Adopt', `${at}/adopt`]] as [string, string, string][]) : []),
    ['settings', 'Settings', `${at}/settings`],
  ];
  return (
    <>
      <Heading
        title={
          <span className="console-break">
            {target.name} <TargetLabel target={target} />
          </span>
        }
        name={target.name}
        text={
          <span className="console-break">
            {connectorName(target.connector)} at {target.url}
          </span>
        }
        above={above}
        actions={actions}
      />
      {action.error && (
        <PageSection hasBodyWrapper={false}>
          <Failure error={action.error} role="manage-realm" />
        </PageSection>
      )}
      <PageSection type="tabs" hasBodyWrapper={false}>
        <LinkTabs label="Target" active={tab} tabs={tabs} />
      </PageSection>
      <PageSection hasBodyWrapper={false} key={tab}>
        {tab === 'deliveries' ? (
          <TargetDeliveries target={target} turn={turn} reload={reload} />
        ) : tab === 'sweeps' ? (
          id === undefined ? <TargetSweeps target={target} reload={reload} /> : <TargetSweep target={target} id={id} />
        ) : tab === 'adopt' ? (
          <TargetAdoption target={target} reload={reload} />
        ) : tab === 'settings' ? (
          <TargetForm
            key={JSON.stringify([target.url, target.config, target.credentials])}
            connectors={connectors}
            stored={target}
            back={at}
            onSaved={(saved) => {
              notice(`“${saved.name}” is saved`);
              reload();
              navigate(at.slice(1));
            }}
          />
        ) : (
          <TargetStatus target={target} sweeps={connector?.enumerates === true} at={at} />
        )}
      </PageSection>
      {leaving && (
        <TargetGone
          target={target}
          onClose={() => setLeaving(false)}
          onDone={(gone) => {
            if (gone) {
              navigate(list);
            } else {
              onLeaving();
              reload();
            }
          }}
        />
      )}
    </>
  );
}
