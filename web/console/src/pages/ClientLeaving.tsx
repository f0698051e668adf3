// A client that is deleted here while some target has not confirmed it.

import { Alert, Label, PageSection } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import type { Client } from '../api/types';
import { Heading } from '../parts/Heading';
import { ClientTargets } from './ClientTargets';

export function ClientLeaving({ client, above }: { client: Client; above: [string, string][] }) {
  const { realm = '' } = useParams();
  const navigate = useNavigate();
  return (
    <>
      <Heading
        title={
          <span className="console-break">
            {client.clientId}{' '}
            <Label isCompact status="warning">
              Leaving
            </Label>
          </span>
        }
        name={client.clientId}
        text="A client that was deleted."
        above={above}
      />
      <PageSection hasBodyWrapper={false}>
        <Alert isInline variant="info" title="It is deleted here, and on its way out at its targets" component="h2" className="console-failure">
          Its tokens are void and nobody can use it here. Its client ID is free again once every target has confirmed.
        </Alert>
        <ClientTargets client={client} onGone={() => navigate(`/${encodeURIComponent(realm)}/clients?show=leaving`)} />
      </PageSection>
    </>
  );
}
