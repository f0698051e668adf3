// One decision: in words first, then policy by policy.

import { Card, CardBody, CardTitle, DescriptionList, PageSection } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { ApiError, admin, query, request } from '../api/http';
import type { Client, Decision as DecisionDocument } from '../api/types';
import { ClientPolicyEvaluations } from '../parts/ClientPolicyEvaluations';
import { Entry } from '../parts/Entry';
import { Evaluations } from '../parts/Evaluations';
import { Heading } from '../parts/Heading';
import { OutcomeLabel } from '../parts/Labels';
import { Show, useLoad } from '../parts/load';
import { Sentences } from '../parts/Sentences';
import { moment } from '../parts/times';
import { sentences, summary, who } from '../wording/decisions';

export default function Decision() {
  const { realm = '', id = '' } = useParams();
  const decision = useLoad(
    async (signal) => {
      const [found] = await request<DecisionDocument[]>(`${admin(realm, 'client-registration-policy', 'decisions')}${query({ id })}`, { signal });
      if (!found) {
        throw new ApiError(404, 'This decision is not kept any more.', 'Decisions are kept for about a week, and about 10,000 of a realm.');
      }
      return found;
    },
    [realm, id],
  );
  const at = `#/${encodeURIComponent(realm)}`;
  const open = async (clientId: string) => {
    const [client] = await request<Client[]>(`${admin(realm, 'clients')}${query({ clientId })}`);
    location.hash = client ? `${at}/clients/${encodeURIComponent(client.id)}` : `${at}/clients?search=${encodeURIComponent(clientId)}`;
  };
  return (
    <>
      <Heading title="Decision" name="Decision" text={decision.data && summary(decision.data)} above={[['Decisions', `${at}/decisions`]]} />
      <PageSection hasBodyWrapper={false}>
        <Show from={decision} what="the decision" role="view-events">
          {(data) => (
            <div className="console-cards">
              <Card>
                <CardTitle component="h2">
                  In words <OutcomeLabel outcome={data.outcome} failed={data.failed} />
                </CardTitle>
                <CardBody>
                  <Sentences sentences={sentences(data)} />
                </CardBody>
              </Card>
              <Card>
                <CardTitle component="h2">The request</CardTitle>
                <CardBody>
                  <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '10rem' }}>
                    <Entry term="When">{moment(data.time)}</Entry>
                    <Entry term="From">{who(data.caller)}</Entry>
                    <Entry term="Asked for">
                      {data.operation} at {data.provider}
                    </Entry>
                    {data.clientId && (
                      <Entry term="Client">
                        {data.outcome === 'reject' && data.operation === 'register' ? (
                          data.clientId
                        ) : (
                          <a
                            href={`${at}/clients?search=${encodeURIComponent(data.clientId)}`}
                            onClick={(event) => {
                              event.preventDefault();
                              void open(data.clientId ?? '');
                            }}
                          >
                            {data.clientId}
                          </a>
                        )}
                      </Entry>
                    )}
                    <Entry term="Decision id">
                      <code>{data.id}</code>
                    </Entry>
                  </DescriptionList>
                </CardBody>
              </Card>
              {data.clientPolicies && data.clientPolicies.length > 0 && (
                <Card>
                  <CardTitle component="h2">Client policies</CardTitle>
                  <CardBody>
                    <ClientPolicyEvaluations policies={data.clientPolicies} />
                  </CardBody>
                </Card>
              )}
              {data.policies.length > 0 && (
                <Card>
                  <CardTitle component="h2">Policy by policy</CardTitle>
                  <CardBody>
                    <Evaluations policies={data.policies} />
                  </CardBody>
                </Card>
              )}
            </div>
          )}
        </Show>
      </PageSection>
    </>
  );
}
