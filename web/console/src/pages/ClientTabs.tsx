// The tabs that the pages about clients have in common, as Keycloak's console has them.

import { PageSection } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { LinkTabs } from '../parts/LinkTabs';
import { Heading } from '../parts/Heading';
import type { ReactNode } from 'react';

export function ClientTabs({ active, actions, text }: { active: 'list' | 'tokens' | 'registration' | 'life-cycle' | 'jobs'; actions?: ReactNode; text?: ReactNode }) {
  const { realm = '' } = useParams();
  const at = `#/${encodeURIComponent(realm)}/clients`;
  return (
    <>
      <Heading title="Clients" text={text ?? 'Applications and services that users sign in to, or that act for themselves.'} actions={actions} />
      <PageSection type="tabs" hasBodyWrapper={false}>
        <LinkTabs label="Clients" active={active} tabs={[['list', 'Clients list', at], ['tokens', 'Initial access token', `${at}/tokens`], ['registration', 'Client registration', `${at}/registration/anonymous`], ['life-cycle', 'Life cycle', `${at}/life-cycle`], ['jobs', 'Jobs', `${at}/jobs`]]} />
      </PageSection>
    </>
  );
}
