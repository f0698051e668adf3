// How a client lives: its use, what rules will do with it, and what happened to it.

import type { ReactNode } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, DescriptionList } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import type { Life } from '../api/life';
import type { Delivery } from '../api/targets';
import type { Client, ClientOrigin, Event, Realm } from '../api/types';
import { Entry } from '../parts/Entry';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { distance, moment } from '../parts/times';
import { useSession } from '../session';
import { exempt, happened, next, rules, uses, type Happened } from '../wording/life';

/** Events that are shown. */
const MAX = 50;

export function ClientLife({ client, manage, reload }: { client: Client; manage: boolean; reload(): void }) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  const action = useAction();
  const path = admin(realm, 'clients', client.id);
  const life = useLoad((signal) => request<Life>(`${path}/life`, { signal }), [path, client.attributes, client.enabled]);
  const turn = (what: 'hibernate' | 'revive') =>
    void action.run(async () => {
      await request(`${path}/${what}`, { method: 'POST' });
      notice(what === 'hibernate' ? `${client.clientId} is asleep` : `${client.clientId} is awake`);
      reload();
      life.reload();
    });
  return (
    <Show from={life} what="its life" role="view-clients">
      {(data) => {
        const rule = data.rule && `: ${rules[data.rule]}`;
        return (
          <div className="console-cards">
            <Card>
              <CardTitle component="h2">
                <span className="console-card-title">
                  Use
                  {manage && data.exempt !== 'server' && (
                    <span className="console-row">
                      {data.state === 'active' && (
                        <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => turn('hibernate')}>
                          Put to sleep
                        </Button>
                      )}
                      {data.state === 'hibernating' && (
                        <Button variant="secondary" size="sm" isDisabled={action.busy} onClick={() => turn('revive')}>
                          Wake
                        </Button>
                      )}
                    </span>
                  )}
                </span>
              </CardTitle>
              <CardBody>
                {action.error && <Failure error={action.error} role="manage-clients" />}
                <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '12rem' }}>
                  <Entry term="Made">
                    {moment(data.created)} ({distance(data.created)})
                  </Entry>
                  <Entry term="Last used">
                    {data.lastUsed === null ? (
                      'Never, as far as this server was told'
                    ) : (
                      <>
                        {moment(data.lastUsed)} ({distance(data.lastUsed)}){data.lastUseBy && `: ${uses[data.lastUseBy]}`}
                      </>
                    )}
                  </Entry>
                  {data.hibernatedSince !== null && (
                    <Entry term="Asleep since">
                      {moment(data.hibernatedSince)} ({distance(data.hibernatedSince)}), {data.rule ? `by a rule${rule}` : 'as somebody wanted'}
                    </Entry>
                  )}
                  <Entry term="What comes next">{next(data)}</Entry>
                  {data.exempt && <Entry term="Why no rule takes it">{exempt[data.exempt]}</Entry>}
                  <Entry term="Rules">
                    <a href={`#/${encodeURIComponent(realm)}/clients/life-cycle`}>Of this realm</a>
                  </Entry>
                </DescriptionList>
              </CardBody>
            </Card>
            <Card>
              <CardTitle component="h2">What happened to it</CardTitle>
              <CardBody>
                <History client={client} life={data} />
              </CardBody>
            </Card>
          </div>
        );
      }}
    </Show>
  );
}

function History({ client, life }: { client: Client; life: Life }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const path = admin(realm, 'clients', client.id);
  const seesEvents = may(realm, 'view-events', 'manage-events');
  const history = useLoad(
    async (signal) => {
      const [origin, deliveries, events, settings] = await Promise.all([
        request<ClientOrigin>(`${path}/origin`, { signal }),
        request<Delivery[]>(`${path}/targets`, { signal }),
        seesEvents ? request<Event[]>(`${admin(realm, 'events')}${query({ client: client.clientId, dateFrom: life.created, max: MAX + 1 })}`, { signal }) : [],
        request<Realm>(admin(realm), { signal }),
      ]);
      return { entries: happened({ life, origin, deliveries, events: events.slice(0, MAX) }), more: events.length > MAX, off: settings.eventsEnabled === false };
    },
    [path, life, seesEvents],
  );
  const at = `#/${encodeURIComponent(realm)}`;
  return (
    <Show from={history} what="what happened" role="view-clients">
      {({ entries, more, off }) => (
        <>
          <ol className="console-timeline">
            {entries.map((entry, index) => (
              <li key={index} className={`console-happened-${entry.kind}`}>
                <span className="console-faint" title={distance(entry.time)}>
                  {moment(entry.time)}
                </span>
                <span className="console-break">
                  {entry.text}
                  <Where entry={entry} at={at} />
                </span>
              </li>
            ))}
          </ol>
          {(more || off || !seesEvents) && (
            <Alert
              isInline
              isPlain
              variant="info"
              component="p"
              className="console-gap-small"
              title={!seesEvents ? 'Your account may not see events: what happened in between is missing' : off ? 'This realm stores no events: what happens in between is not kept' : 'There is more before'}
              {...(seesEvents && { actionLinks: <a href={`${at}/events${more ? `?client=${encodeURIComponent(client.clientId)}` : ''}`}>Events</a> })}
            />
          )}
        </>
      )}
    </Show>
  );
}

function Where({ entry, at }: { entry: Happened; at: string }): ReactNode {
  const links = [entry.decision && (['What the policies decided', `${at}/decisions/${encodeURIComponent(entry.decision)}`] as const), entry.job && (['Job', `${at}/clients/jobs/${encodeURIComponent(entry.job)}`] as const), entry.target && (['Target', `${at}/targets/${encodeURIComponent(entry.target)}`] as const)].filter((link) => link !== undefined && link !== '');
  return links.map(([caption, href]) => (
    <span key={caption}>
      {' · '}
      <a href={href}>{caption}</a>
    </span>
  ));
}
