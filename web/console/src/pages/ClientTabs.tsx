// The tabs that the pages about clients have in common, as Keycloak's console has them.

import { PageSection, Tab, TabTitleText, Tabs } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { Heading } from '../parts/Heading';
import type { ReactNode } from 'react';

export function ClientTabs({ active, actions, text }: { active: 'list' | 'tokens' | 'registration'; actions?: ReactNode; text?: ReactNode }) {
  const { realm = '' } = useParams();
  const at = `#/${encodeURIComponent(realm)}/clients`;
  return (
    <>
      <Heading title="Clients" text={text ?? 'Applications and services that users sign in to, or that act for themselves.'} actions={actions} />
      <PageSection type="tabs" hasBodyWrapper={false}>
        <Tabs activeKey={active} component="nav" usePageInsets aria-label="Clients">
          <Tab eventKey="list" title={<TabTitleText>Clients list</TabTitleText>} href={at} />
          <Tab eventKey="tokens" title={<TabTitleText>Initial access token</TabTitleText>} href={`${at}/tokens`} />
          <Tab eventKey="registration" title={<TabTitleText>Client registration</TabTitleText>} href={`${at}/registration/anonymous`} />
        </Tabs>
      </PageSection>
    </>
  );
}
