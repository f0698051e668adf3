// What a realm does about clients that nobody uses: its rules, what they would do, and their runs; how long secrets are good.

import { useState } from 'react';
import { PageSection } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { whole } from '../api/life';
import { ApiError, admin, request } from '../api/http';
import type { Realm } from '../api/types';
import { LinkTabs } from '../parts/LinkTabs';
import { Failure, Show, useLoad } from '../parts/load';
import { useSession } from '../session';
import { ASLEEP } from '../wording/life';
import { ClientTabs } from './ClientTabs';
import { LifeCycleForm } from './LifeCycleForm';
import { RuleRuns } from './RuleRuns';

export default function LifeCycle() {
  const { realm = '', part = 'rules' } = useParams();
  const { may } = useSession();
  const loaded = useLoad((signal) => request<Realm>(admin(realm), { signal }), [realm]);
  const [reverted, setReverted] = useState(0);
  const at = `#/${encodeURIComponent(realm)}/clients/life-cycle`;
  return (
    <>
      <ClientTabs active="life-cycle" text={`What becomes of clients that nobody uses. ${ASLEEP}`} />
      <PageSection type="tabs" hasBodyWrapper={false}>
        <LinkTabs secondary label="Life cycle" active={part} tabs={[['rules', 'Rules', at], ['secrets', 'Secrets and approvals', `${at}/secrets`]]} />
      </PageSection>
      <PageSection hasBodyWrapper={false}>
        <Show from={loaded} what="the rules" role="view-realm">
          {(data) => {
            if (data.id === undefined) {
              return <Failure error={new ApiError(403, 'Your account may not see the settings of this realm.', '')} role="view-realm" />;
            }
            const stored = whole(data.lifeCycle);
            return (
              <div className="console-cards">
                {part === 'rules' && <RuleRuns rules={stored} />}
                <LifeCycleForm key={`${part} ${reverted} ${JSON.stringify(stored)}`} part={part === 'rules' ? 'rules' : 'secrets'} stored={stored} manage={may(realm, 'manage-realm')} reload={loaded.reload} revert={() => setReverted(reverted + 1)} />
              </div>
            );
          }}
        </Show>
      </PageSection>
    </>
  );
}
