// The policies of one of a realm's two sets, in the order in which they run.

import { useState } from 'react';
import { Button, Content, PageSection, Switch, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import ArrowDownIcon from '@patternfly/react-icons/dist/esm/icons/arrow-down-icon';
import ArrowUpIcon from '@patternfly/react-icons/dist/esm/icons/arrow-up-icon';
import ShieldAltIcon from '@patternfly/react-icons/dist/esm/icons/shield-alt-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import { POLICY_TYPE, type Policy } from '../api/types';
import { Confirm } from '../parts/Confirm';
import { RowActions } from '../parts/RowActions';
import { Empty } from '../parts/Empty';
import { LinkTabs } from '../parts/LinkTabs';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { OpenRegistration } from '../parts/OpenRegistration';
import { useSession } from '../session';
import { providerName } from '../wording/settings';
import { ClientTabs } from './ClientTabs';

const about: Record<string, string> = {
  anonymous: 'For callers without a token, and for clients that were registered so. All policies of the set must agree.',
  authenticated: 'For callers with an initial access token or an account, and for clients that were registered so. All policies of the set must agree.',
};

/** Distance of two priorities: others fit in between later. */
const STEP = 10;

export default function RegistrationPolicies() {
  const { realm = '', set = 'anonymous' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const action = useAction();
  const policies = useLoad((signal) => request<Policy[]>(`${admin(realm, 'components')}${query({ type: POLICY_TYPE })}`, { signal }), [realm]);
  const [asked, setAsked] = useState<Policy>();
  const manage = may(realm, 'manage-realm');
  const at = `#/${encodeURIComponent(realm)}/clients/registration`;
  const ofSet = policies.data?.filter((policy) => policy.subType === set) ?? [];

  const put = (policy: Policy, config: Record<string, string[]>) => request(admin(realm, 'components', policy.id ?? ''), { method: 'PUT', body: { config } });
  const move = (index: number, by: number) =>
    action.run(async () => {
      const order = [...ofSet];
      const [moved] = order.splice(index, 1);
      if (moved) {
        order.splice(index + by, 0, moved);
      }
      for (const [place, policy] of order.entries()) {
        const priority = String((place + 1) * STEP);
        if (policy.config?.['priority']?.[0] !== priority) {
          await put(policy, { priority: [priority] });
        }
      }
      notice(`“${moved?.name}” runs as number ${index + by + 1} now`);
      policies.reload();
    });
  const shadow = (policy: Policy, on: boolean) =>
    action.run(async () => {
      await put(policy, { mode: [on ? 'shadow' : 'enforce'] });
      notice(on ? `“${policy.name}” only watches now` : `“${policy.name}” decides now`);
      policies.reload();
    });
  const create = (
    <Button component="a" href={`${at}/${set}/create`}>
      Create policy
    </Button>
  );
  const tryIt = (
    <Button variant="secondary" component="a" href={`${at}/${set}/try`}>
      Try it
    </Button>
  );
  return (
    <>
      <ClientTabs active="registration" />
      <PageSection type="tabs" hasBodyWrapper={false}>
        <LinkTabs label="Sets of policies" active={set} secondary tabs={[['anonymous', 'Anonymous access policies', `${at}/anonymous`], ['authenticated', 'Authenticated access policies', `${at}/authenticated`]]} />
      </PageSection>
      <PageSection hasBodyWrapper={false}>
        <Content component="p">{about[set]}</Content>
        {set === 'anonymous' && <OpenRegistration policies={policies.data} />}
        {action.error && <Failure error={action.error} role="manage-realm" />}
        <Show from={policies} what="policies" role="view-realm">
          {() =>
            ofSet.length === 0 ? (
              <Empty
                title="No policies"
                icon={ShieldAltIcon}
                actions={
                  <>
                    {manage && create}
                    {tryIt}
                  </>
                }
              >
                {set === 'anonymous' ? 'Anybody who reaches the server can register clients in this realm. Add a policy, such as Trusted hosts, to close it.' : 'Whoever has an initial access token or the right role can register any client.'}
              </Empty>
            ) : (
              <>
                <Toolbar>
                  <ToolbarContent>
                    {manage && <ToolbarItem>{create}</ToolbarItem>}
                    <ToolbarItem>{tryIt}</ToolbarItem>
                  </ToolbarContent>
                </Toolbar>
                <Table aria-label={`${set} access policies`} variant="compact" gridBreakPoint="grid-md">
                  <Thead>
                    <Tr>
                      <Th>Name</Th>
                      <Th>Provider ID</Th>
                      <Th info={{ tooltip: 'A policy in shadow mode is asked and recorded, but changes nothing.' }}>Only watches</Th>
                      <Th>Order</Th>
                      <Th screenReaderText="Actions" />
                    </Tr>
                  </Thead>
                  <Tbody>
                    {ofSet.map((policy, index) => (
                      <Tr key={policy.id}>
                        <Td dataLabel="Name">
                          <a href={`${at}/${set}/${encodeURIComponent(policy.id ?? '')}`}>{policy.name || providerName(policy.providerId ?? '')}</a>
                        </Td>
                        <Td dataLabel="Provider ID">
                          <code>{policy.providerId}</code>
                        </Td>
                        <Td dataLabel="Only watches">
                          <Switch aria-label={`“${policy.name}” only watches (shadow mode)`} isChecked={policy.config?.['mode']?.[0] === 'shadow'} isDisabled={!manage || action.busy} onChange={(_, on) => void shadow(policy, on)} />
                        </Td>
                        <Td dataLabel="Order" modifier="nowrap">
                          <span className="console-arrows">
                            <Button variant="plain" size="sm" aria-label={`Run “${policy.name}” earlier`} icon={<ArrowUpIcon />} isDisabled={!manage || action.busy || index === 0} onClick={() => void move(index, -1)} />
                            <Button variant="plain" size="sm" aria-label={`Run “${policy.name}” later`} icon={<ArrowDownIcon />} isDisabled={!manage || action.busy || index === ofSet.length - 1} onClick={() => void move(index, 1)} />
                          </span>
                        </Td>
                        <Td isActionCell>{manage && <RowActions of={`“${policy.name}”`} items={[{ title: 'Delete', isDanger: true, onClick: () => setAsked(policy) }]} />}</Td>
                      </Tr>
                    ))}
                  </Tbody>
                </Table>
              </>
            )
          }
        </Show>
      </PageSection>
      {asked && (
        <Confirm
          title={`Delete “${asked.name}”?`}
          verb="Delete"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            await request(admin(realm, 'components', asked.id ?? ''), { method: 'DELETE' });
            notice(`“${asked.name}” is deleted`);
            policies.reload();
          }}
        >
          What this policy refused is let through from then on, if no other policy objects. To see first what that would mean, let it only watch for a while.
        </Confirm>
      )}
    </>
  );
}
