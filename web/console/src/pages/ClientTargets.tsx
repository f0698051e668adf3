// Where a client goes: what each target has of it, dropped of it, and still waits for.

import { useState } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, DescriptionList, List, ListItem } from '@patternfly/react-core';
import CloudUploadAltIcon from '@patternfly/react-icons/dist/esm/icons/cloud-upload-alt-icon';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Client } from '../api/types';
import type { Delivery } from '../api/targets';
import { Confirm } from '../parts/Confirm';
import { Empty } from '../parts/Empty';
import { Entry } from '../parts/Entry';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { DeliveryLabel } from '../parts/TargetLabels';
import { distance, moment } from '../parts/times';
import { useRefresh } from '../parts/useRefresh';
import { useSession } from '../session';
import { again, deliveryHelp, drifts, generations, secrets, WHAT } from '../wording/targets';

/** `onGone`: no target has it any more. */
export function ClientTargets({ client, onGone }: { client: Pick<Client, 'id' | 'clientId'>; onGone?(): void }) {
  const { realm = '' } = useParams();
  const deliveries = useLoad((signal) => request<Delivery[]>(admin(realm, 'clients', client.id, 'targets'), { signal }), [realm, client.id]);
  useRefresh(deliveries.data?.some(({ state }) => state !== 'delivered' && state !== 'refused' && state !== 'paused') === true, deliveries.refresh);
  const gone = onGone !== undefined && (deliveries.error?.status === 404 || deliveries.data?.length === 0);
  if (gone) {
    return (
      <Alert isInline variant="success" title={`${client.clientId} is gone`} component="h2" actionLinks={<Button onClick={onGone}>Back to the list</Button>}>
        Every target has confirmed that it is deleted.
      </Alert>
    );
  }
  return (
    <Show from={deliveries} what="its targets" role="view-clients">
      {(data) =>
        data.length === 0 ? (
          <Empty title="It goes to no target" icon={CloudUploadAltIcon} actions={<a href={`#/${encodeURIComponent(realm)}/targets`}>Targets of this realm</a>}>
            {WHAT}
          </Empty>
        ) : (
          <div className="console-cards">
            {data.map((delivery) => (
              <AtTarget key={delivery.target} client={client} delivery={delivery} reload={deliveries.reload} />
            ))}
          </div>
        )
      }
    </Show>
  );
}

function AtTarget({ client, delivery, reload }: { client: Pick<Client, 'id' | 'clientId'>; delivery: Delivery; reload(): void }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const action = useAction();
  const [forgetting, setForgetting] = useState(false);
  const { target, state, message, losses, drift, checked, nextAttempt, attempts } = delivery;
  const manage = may(realm, 'manage-clients');
  const path = admin(realm, 'clients', client.id, 'targets', target);
  const retry = () =>
    void action.run(async () => {
      await request(`${path}/retry`, { method: 'POST' });
      notice(`${client.clientId} is tried at “${target}” now`);
      reload();
    });
  return (
    <Card>
      <CardTitle component="h2">
        <span className="console-card-title">
          <span className="console-break">
            <a href={`#/${encodeURIComponent(realm)}/targets/${encodeURIComponent(target)}`}>{target}</a> <DeliveryLabel state={state} />
          </span>
          {manage && (
            <span className="console-row">
              {state !== 'delivered' && state !== 'paused' && (
                <Button variant="secondary" size="sm" isDisabled={action.busy} aria-label={`Retry at ${target}`} onClick={retry}>
                  Retry
                </Button>
              )}
              {state === 'leaving' && may(realm, 'manage-realm') && (
                <Button variant="secondary" size="sm" isDanger isDisabled={action.busy} aria-label={`Forget at ${target}`} onClick={() => setForgetting(true)}>
                  Forget
                </Button>
              )}
            </span>
          )}
        </span>
      </CardTitle>
      <CardBody>
        <p>{deliveryHelp[state]}</p>
        {message && (
          <Alert isInline variant={state === 'refused' || state === 'failing' ? 'danger' : 'info'} title="The target's words" component="h3" className="console-gap-small">
            <span className="console-break">{message}</span>
          </Alert>
        )}
        {action.error && <Failure error={action.error} role="manage-clients" />}
        <DescriptionList className="console-gap" orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '12rem' }} isCompact>
          <Entry term="Since">
            <span title={moment(delivery.since)}>{distance(delivery.since)}</span>
          </Entry>
          <Entry term="Generation">{generations(delivery)}</Entry>
          {attempts > 0 && (
            <Entry term="Tried in vain">
              {attempts} {attempts === 1 ? 'time' : 'times'}
              {nextAttempt !== null && <>; again {again(nextAttempt)}</>}
            </Entry>
          )}
          {losses.length > 0 && (
            <Entry term="The target lacks of it">
              <List isPlain>
                {losses.map((loss, index) => (
                  <ListItem key={index}>
                    {loss.message}{' '}
                    <span className="console-faint">
                      (<code>{loss.field}</code>)
                    </span>
                  </ListItem>
                ))}
              </List>
            </Entry>
          )}
          <Entry term="At the target">
            {drifts[drift]}
            {checked !== null && drift !== 'unsupported' && (
              <>
                {', '}looked at <span title={moment(checked)}>{distance(checked)}</span>
              </>
            )}
          </Entry>
          <Entry term="Secret">{secrets[delivery.secret]}</Entry>
          {delivery.key && (
            <Entry term="Its id there">
              <code>{delivery.key}</code>
            </Entry>
          )}
        </DescriptionList>
      </CardBody>
      {forgetting && (
        <Confirm
          title={`Forget ${client.clientId} at “${target}”?`}
          verb="Forget"
          onClose={() => setForgetting(false)}
          onConfirm={async () => {
            await request(`${path}/forget`, { method: 'POST' });
            notice(`${client.clientId} is forgotten at “${target}”`);
            reload();
          }}
        >
          Nobody asks the target to delete it any more. It may still have the client, and users may still sign in with it there: look, and delete it there yourself.
        </Confirm>
      )}
    </Card>
  );
}
