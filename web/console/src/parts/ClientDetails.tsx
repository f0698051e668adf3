// What a client is, in words.

import { DescriptionList } from '@patternfly/react-core';
import type { Client } from '../api/types';
import { Entry } from './Entry';

export function ClientDetails({ client }: { client: Client }) {
  const flows = [
    [client.standardFlowEnabled, 'Standard flow'],
    [client.implicitFlowEnabled, 'Implicit flow'],
    [client.directAccessGrantsEnabled, 'Direct access grants'],
    [client.serviceAccountsEnabled, 'Service account'],
  ].flatMap(([on, caption]) => (on ? [String(caption)] : []));
  const saml = client.protocol === 'saml';
  return (
    <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '14rem' }}>
      <Entry term="Client ID">{client.clientId}</Entry>
      {client.name && !client.name.startsWith('${') && <Entry term="Name">{client.name}</Entry>}
      <Entry term="Type">{saml ? 'SAML' : 'OpenID Connect'}</Entry>
      {!saml && <Entry term="Access type">{client.bearerOnly ? 'Bearer-only' : client.publicClient ? 'Public: it has no secret' : 'Confidential: it has a secret'}</Entry>}
      {!saml && <Entry term="Flows">{flows.join(', ') || 'None'}</Entry>}
      <Entry term="Redirect URIs">
        <Lines values={client.redirectUris} />
      </Entry>
      <Entry term="Web origins">
        <Lines values={client.webOrigins} />
      </Entry>
      {client.rootUrl && <Entry term="Root URL">{client.rootUrl}</Entry>}
      {client.baseUrl && <Entry term="Home URL">{client.baseUrl}</Entry>}
      <Entry term="Asks users for consent">{client.consentRequired ? 'Yes' : 'No'}</Entry>
      <Entry term="Full scope">{client.fullScopeAllowed ? 'Allowed: its tokens carry every role of the user' : 'Not allowed'}</Entry>
      <Entry term="Default client scopes">{client.defaultClientScopes?.join(', ') || 'None'}</Entry>
      <Entry term="Optional client scopes">{client.optionalClientScopes?.join(', ') || 'None'}</Entry>
      <Entry term="Internal ID">
        <code>{client.id}</code>
      </Entry>
    </DescriptionList>
  );
}

function Lines({ values = [] }: { values?: string[] | undefined }) {
  return values.length === 0 ? (
    <>None</>
  ) : (
    <ul className="console-plain-list">
      {values.map((value) => (
        <li key={value}>{value}</li>
      ))}
    </ul>
  );
}
