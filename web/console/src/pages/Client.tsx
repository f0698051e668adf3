// One client: what it is, its credentials, where it came from, and all that is stored.

import { useState } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, DescriptionList, PageSection, Switch, Content } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { ApiError, admin, query, request } from '../api/http';
import { HELD, HIBERNATED, type Client as ClientDocument, type ClientOrigin } from '../api/types';
import { ClientDetails } from '../parts/ClientDetails';
import { Confirm } from '../parts/Confirm';
import { Entry } from '../parts/Entry';
import { LinkTabs } from '../parts/LinkTabs';
import { Heading } from '../parts/Heading';
import { JsonEditor } from '../parts/JsonEditor';
import { EnabledLabel } from '../parts/Labels';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { Secret } from '../parts/Secret';
import { distance, moment } from '../parts/times';
import { useSession } from '../session';
import { who } from '../wording/decisions';
import { client as checkClient } from '../wording/problems';
import { ClientGone } from './ClientGone';
import { ClientLeaving } from './ClientLeaving';
import { ClientLife } from './ClientLife';
import { ClientTargets } from './ClientTargets';

type TabName = 'details' | 'credentials' | 'targets' | 'life' | 'origin' | 'representation';

/** Clients that leave, of which a page looks for one. */
const LEAVING = 1000;

export default function Client() {
  const { realm = '', id = '', tab = 'details' } = useParams();
  const found = useLoad(
    async (signal) => {
      try {
        return { client: await request<ClientDocument>(admin(realm, 'clients', id), { signal }) };
      } catch (error) {
        // One that leaves is not there any more, but still listed.
        const leaving = error instanceof ApiError && error.status === 404 ? await request<ClientDocument[]>(`${admin(realm, 'clients')}${query({ state: 'leaving', max: LEAVING })}`, { signal }) : [];
        const client = leaving.find((one) => one.id === id);
        if (!client) {
          throw error;
        }
        return { client, isLeaving: true };
      }
    },
    [realm, id],
  );
  const above: [string, string][] = [['Clients', `#/${encodeURIComponent(realm)}/clients`]];
  if (!found.data) {
    return (
      <>
        <Heading title="Client" above={above} />
        <PageSection hasBodyWrapper={false}>
          <Show from={found} what="the client" role="view-clients">
            {() => null}
          </Show>
        </PageSection>
      </>
    );
  }
  return found.data.isLeaving ? <ClientLeaving client={found.data.client} above={above} /> : <Known client={found.data.client} tab={tab as TabName} reload={found.reload} above={above} />;
}

function Known({ client, tab, reload, above }: { client: ClientDocument; tab: TabName; reload(): void; above: [string, string][] }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const navigate = useNavigate();
  const action = useAction();
  const [asked, setAsked] = useState<'delete' | 'refuse'>();
  const manage = may(realm, 'manage-clients', 'manage-client');
  const waits = client.attributes?.[HELD];
  const asleep = client.attributes?.[HIBERNATED];
  const list = `/${encodeURIComponent(realm)}/clients`;
  const at = `#${list}/${encodeURIComponent(client.id)}`;
  const path = admin(realm, 'clients', client.id);

  const enable = (enabled: boolean) =>
    action.run(async () => {
      await request(path, { method: 'PUT', body: { clientId: client.clientId, enabled } });
      notice(enabled ? 'The client is enabled' : 'The client is disabled');
      reload();
    });
  const approve = () =>
    action.run(async () => {
      await request(`${path}/approve`, { method: 'POST' });
      notice('The client is approved and enabled');
      reload();
    });

  return (
    <>
      <Heading
        title={
          <span className="console-break">
            {client.clientId} <EnabledLabel enabled={client.enabled !== false} held={waits !== undefined} asleep={asleep !== undefined} />
          </span>
        }
        name={client.clientId}
        text={client.description || (client.protocol === 'saml' ? 'A SAML client' : 'An OpenID Connect client')}
        above={above}
        actions={
          manage && (
            <>
              {waits === undefined && <Switch id="enabled" label="Enabled" isChecked={client.enabled !== false} isDisabled={action.busy} onChange={(_, on) => void enable(on)} />}
              <Button variant="secondary" isDanger onClick={() => setAsked('delete')}>
                Delete
              </Button>
            </>
          )
        }
      />
      {waits !== undefined && (
        <PageSection hasBodyWrapper={false} padding={{ default: 'noPadding' }} className="console-alert-row">
          <Alert
            isInline
            variant="warning"
            title="The client waits for an administrator"
            component="h2"
            actionLinks={
              manage && (
                <>
                  <Button size="sm" onClick={() => void approve()} isDisabled={action.busy}>
                    Approve
                  </Button>
                  <Button size="sm" variant="secondary" isDanger onClick={() => setAsked('refuse')}>
                    Refuse
                  </Button>
                </>
              )
            }
          >
            A policy held it: {waits || 'it gave no reason'}. Until you approve it, it is disabled and its registration access token does not work.
          </Alert>
        </PageSection>
      )}
      {asleep !== undefined && tab !== 'life' && (
        <PageSection hasBodyWrapper={false} padding={{ default: 'noPadding' }} className="console-alert-row">
          <Alert isInline variant="info" title={`It is asleep since ${moment(Number(asleep))}`} component="h2" actionLinks={<a href={`${at}/life`}>Why, and what comes next</a>}>
            It is gone from all targets, and stays here as it is. It wakes when it is used or changed.
          </Alert>
        </PageSection>
      )}
      {action.error && (
        <PageSection hasBodyWrapper={false}>
          <Failure error={action.error} role="manage-clients" />
        </PageSection>
      )}
      <PageSection type="tabs" hasBodyWrapper={false}>
        <LinkTabs label="Client" active={tab} tabs={[['details', 'Details', at], ['credentials', 'Credentials', `${at}/credentials`], ['targets', 'Targets', `${at}/targets`], ['life', 'Life', `${at}/life`], ['origin', 'Origin', `${at}/origin`], ['representation', 'Representation', `${at}/representation`]]} />
      </PageSection>
      <PageSection hasBodyWrapper={false} key={tab}>
        {tab === 'credentials' ? <Credentials client={client} manage={manage} /> : tab === 'targets' ? <ClientTargets client={client} /> : tab === 'life' ? <ClientLife client={client} manage={manage} reload={reload} /> : tab === 'origin' ? <Origin client={client} /> : tab === 'representation' ? <Representation client={client} manage={manage} reload={reload} /> : <ClientDetails client={client} />}
      </PageSection>
      {asked && (
        <ClientGone client={client} what={asked} onClose={() => setAsked(undefined)} onDone={() => navigate(list)} />
      )}
    </>
  );
}

function Credentials({ client, manage }: { client: ClientDocument; manage: boolean }) {
  const { realm = '' } = useParams();
  const [asked, setAsked] = useState<'secret' | 'token'>();
  const [secret, setSecret] = useState<string>();
  const [token, setToken] = useState<string>();
  const action = useAction();
  const path = admin(realm, 'clients', client.id);
  const isPublic = client.publicClient === true;

  const reveal = () =>
    action.run(async () => {
      const { value } = await request<{ value?: string }>(`${path}/client-secret`);
      if (value === undefined) {
        throw new ApiError(404, 'The client has no secret.', 'Make one with “Regenerate”.');
      }
      setSecret(value);
    });
  return (
    <div className="console-cards">
      <Card>
        <CardTitle component="h2">Client secret</CardTitle>
        <CardBody>
          <Content component="p">{isPublic ? 'This is a public client: it has no secret, and needs none.' : 'What the client authenticates itself with.'}</Content>
          {!isPublic && (
            <div className="console-row console-gap-small">
              <Button variant="secondary" onClick={() => void reveal()} isDisabled={action.busy}>
                Show secret
              </Button>
              {manage && (
                <Button variant="secondary" onClick={() => setAsked('secret')}>
                  Regenerate secret
                </Button>
              )}
            </div>
          )}
          {action.error && <Failure error={action.error} role="view-clients" />}
          {secret !== undefined && <Secret label="Client secret" value={secret} text="Put it where only the client can read it." />}
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">Registration access token</CardTitle>
        <CardBody>
          <Content component="p">With it the client reads, changes and deletes its own registration. It is not stored: if it is lost, make a new one. The old one is void then.</Content>
          {manage && (
            <div className="console-row console-gap-small">
              <Button variant="secondary" onClick={() => setAsked('token')}>
                Regenerate token
              </Button>
            </div>
          )}
          {token !== undefined && <Secret label="Registration access token" value={token} text="It is shown this once. Hand it to the client's owner over a safe way." />}
        </CardBody>
      </Card>
      {asked === 'secret' && (
        <Confirm
          title="Make a new secret?"
          verb="Regenerate"
          variant="primary"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            const { value } = await request<{ value?: string }>(`${path}/client-secret`, { method: 'POST' });
            setSecret(value);
          }}
        >
          The old secret is void at once. The client cannot authenticate itself until it has the new one.
        </Confirm>
      )}
      {asked === 'token' && (
        <Confirm
          title="Make a new registration access token?"
          verb="Regenerate"
          variant="primary"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            const answer = await request<ClientDocument>(`${path}/registration-access-token`, { method: 'POST' });
            setToken(answer.registrationAccessToken);
          }}
        >
          The old token is void at once. From then on the client is under the policies for authenticated access.
        </Confirm>
      )}
    </div>
  );
}

const providers: Record<string, string> = {
  default: 'default (Keycloak JSON)',
  'openid-connect': 'openid-connect (OpenID Connect metadata)',
  'client-id-metadata-document': 'client-id-metadata-document (published at its client id)',
  'saml2-entity-descriptor': 'saml2-entity-descriptor (SAML metadata)',
};

function Origin({ client }: { client: ClientDocument }) {
  const { realm = '' } = useParams();
  const origin = useLoad((signal) => request<ClientOrigin>(admin(realm, 'clients', client.id, 'origin'), { signal }), [realm, client.id]);
  const at = `#/${encodeURIComponent(realm)}`;
  return (
    <Show from={origin} what="its origin" role="view-clients">
      {({ created, registration, initialAccessToken, approvedBy, tokenPolicies }) => (
        <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '14rem' }}>
          <Entry term="Made">
            {moment(created * 1000)} ({distance(created * 1000)})
          </Entry>
          {registration ? (
            <>
              <Entry term="Registered by">{who(registration)}</Entry>
              <Entry term="At provider">{providers[registration.provider] ?? registration.provider}</Entry>
              {registration.subject && (
                <Entry term="User">
                  <code>{registration.subject}</code>
                </Entry>
              )}
              <Entry term="Decision">
                <a href={`${at}/decisions/${encodeURIComponent(registration.decision)}`}>What the policies decided</a>
              </Entry>
            </>
          ) : (
            <Entry term="Registered by">Nobody: an administrator or the server itself made it, or it is from before origins were kept.</Entry>
          )}
          {initialAccessToken && (
            <Entry term="Initial access token">
              {initialAccessToken.name && `“${initialAccessToken.name}” `}
              <code>{initialAccessToken.id}</code>
              {initialAccessToken.exists ? (
                <>
                  {' '}
                  (<a href={`${at}/clients/tokens`}>all tokens</a>)
                </>
              ) : (
                ' (deleted since)'
              )}
            </Entry>
          )}
          {approvedBy && (
            <Entry term="Approved by">
              {approvedBy.user} of realm {approvedBy.realm}, {moment(approvedBy.time)}
            </Entry>
          )}
          {tokenPolicies.length > 0 && <Entry term="Bound by policies of that token">{tokenPolicies.join(', ')}</Entry>}
          <Entry term="Everything about it">
            <a href={`${at}/decisions?client=${encodeURIComponent(client.clientId)}`}>Decisions</a> · <a href={`${at}/events?client=${encodeURIComponent(client.clientId)}`}>Events</a>
          </Entry>
        </DescriptionList>
      )}
    </Show>
  );
}

function Representation({ client, manage, reload }: { client: ClientDocument; manage: boolean; reload(): void }) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  // The secret has a page of its own, and stays as it is when it is not sent.
  const { access: _access, secret: _secret, ...stored } = client;
  return (
    <JsonEditor
      key={JSON.stringify(stored)}
      label="As it is stored (ClientRepresentation, without its secret)"
      value={stored}
      manage={manage}
      check={checkClient}
      onSave={async (body) => {
        await request(admin(realm, 'clients', client.id), { method: 'PUT', body });
        notice('The client is saved');
        reload();
      }}
    />
  );
}
