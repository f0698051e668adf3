// The first page of a realm: its figures, and what to do next.

import { useState } from 'react';
import { Button, Card, CardBody, CardTitle, Gallery, PageSection, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import { POLICY_TYPE, type Decision, type Figures, type Policy } from '../api/types';
import { Empty } from '../parts/Empty';
import { Heading } from '../parts/Heading';
import { OutcomeLabel } from '../parts/Labels';
import { Show, useLoad } from '../parts/load';
import { OpenRegistration } from '../parts/OpenRegistration';
import { Plot } from '../parts/Plot';
import { distance } from '../parts/times';
import { useSession } from '../session';
import { summary } from '../wording/decisions';

const figuresOf = (realm: string, hours: number) => `${admin(realm, 'client-registration-policy', 'figures')}${query({ hours })}`;
const latestOf = (realm: string) => `${admin(realm, 'client-registration-policy', 'decisions')}${query({ max: 5 })}`;
const policiesOf = (realm: string) => `${admin(realm, 'components')}${query({ type: POLICY_TYPE })}`;
/** Hours that the figures are of at first. */
const HOURS = 168;

/** What the page reads first. */
export const startReads = (realm: string) => [figuresOf(realm, HOURS), latestOf(realm)];

export default function Start() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const [hours, setHours] = useState(HOURS);
  const figures = useLoad((signal) => request<Figures>(figuresOf(realm, hours), { signal }), [realm, hours]);
  const latest = useLoad((signal) => request<Decision[]>(latestOf(realm), { signal }), [realm]);
  const sees = may(realm, 'view-realm', 'manage-realm');
  const policies = useLoad(async (signal) => (sees ? request<Policy[]>(policiesOf(realm), { signal }) : undefined), [realm, sees]);
  const at = `#/${encodeURIComponent(realm)}`;
  return (
    <>
      <Heading title={realm} name={`Realm ${realm}`} text="Who registers clients here, and what the policies say." />
      <PageSection hasBodyWrapper={false}>
        <OpenRegistration policies={policies.data} />
        <div className="console-cards">
          <Show from={figures} what="figures" role="view-events and view-clients">
            {(data) => (
              <div className="console-cards">
                <Gallery hasGutter minWidths={{ default: '5.5rem', md: '11rem' }}>
                  <Figure caption="Clients" value={data.clients} href={`${at}/clients`} />
                  <Figure caption="Waiting for you" value={data.held} more={data.held >= 1000} href={`${at}/clients?show=waiting`} />
                  <Figure caption={`Refused, ${hours === 24 ? '24 hours' : '7 days'}`} value={data.points.reduce((sum, point) => sum + point.refused, 0)} href={`${at}/decisions?outcome=reject`} />
                </Gallery>
                <Card>
                  <CardTitle component="h2">
                    <div className="console-card-title">
                      Registrations
                      <ToggleGroup aria-label="Time" isCompact>
                        <ToggleGroupItem text="24 hours" buttonId="hours-24" isSelected={hours === 24} onChange={() => setHours(24)} />
                        <ToggleGroupItem text="7 days" buttonId="hours-168" isSelected={hours === 168} onChange={() => setHours(168)} />
                      </ToggleGroup>
                    </div>
                  </CardTitle>
                  <CardBody>
                    {data.points.some((point) => point.accepted + point.held + point.refused > 0) ? (
                      <Plot figures={data} hours={hours} />
                    ) : (
                      <Empty
                        title="Nobody registered a client in this time"
                        actions={
                          <>
                            <Button component="a" href={`${at}/clients/tokens/create`}>
                              Create initial access token
                            </Button>
                            <Button variant="link" component="a" href={`${at}/clients/registration/anonymous`}>
                              Look at the policies
                            </Button>
                          </>
                        }
                      >
                        Give an initial access token to somebody who shall register clients, or look at what the policies let anonymous callers do.
                      </Empty>
                    )}
                  </CardBody>
                </Card>
                {data.policies.length > 0 && (
                  <Card>
                    <CardTitle component="h2">By policy</CardTitle>
                    <CardBody>
                      <ByPolicy policies={data.policies.slice(0, 10)} at={at} />
                    </CardBody>
                  </Card>
                )}
              </div>
            )}
          </Show>
          {latest.data && latest.data.length > 0 && (
            <Card>
              <CardTitle component="h2">Latest decisions</CardTitle>
              <CardBody>
                <ul className="console-latest">
                  {latest.data.map((decision) => (
                    <li key={decision.id}>
                      <OutcomeLabel outcome={decision.outcome} failed={decision.failed} />
                      <a className="console-break" href={`${at}/decisions/${encodeURIComponent(decision.id)}`}>
                        {summary(decision)}
                      </a>
                      <span className="console-faint">{distance(decision.time)}</span>
                    </li>
                  ))}
                </ul>
                <a href={`${at}/decisions`}>All decisions</a>
              </CardBody>
            </Card>
          )}
        </div>
      </PageSection>
    </>
  );
}

function Figure({ caption, value, more, href }: { caption: string; value: number; more?: boolean; href: string }) {
  return (
    <Card isCompact>
      <CardBody>
        <div className="console-figure">
          {value.toLocaleString()}
          {more && '+'}
        </div>
        <a href={href}>{caption}</a>
      </CardBody>
    </Card>
  );
}

const parts = [
  ['refused', 'refused'],
  ['failed', 'without an answer'],
  ['held', 'held'],
  ['shadow', 'would have acted (shadow mode)'],
  ['amended', 'changed'],
] as const;

function ByPolicy({ policies, at }: { policies: Figures['policies']; at: string }) {
  const most = Math.max(1, ...policies.map((policy) => policy.refused + policy.failed + policy.held + policy.amended + policy.shadow));
  return (
    <ul className="console-by-policy">
      {policies.map((policy) => {
        let x = 0;
        const said = parts.flatMap(([name, caption]) => (policy[name] > 0 ? [`${policy[name].toLocaleString()} ${caption}`] : [])).join(', ');
        return (
          <li key={`${policy.provider} ${policy.name}`}>
            <div className="console-by-policy-text">
              <a href={`${at}/decisions?search=${encodeURIComponent(policy.name)}`}>{policy.name}</a>
              <span>{said}</span>
            </div>
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" className="console-by-policy-bar">
              {parts.map(([name]) => {
                const width = (100 * policy[name]) / most;
                const bar = <rect key={name} x={x} width={width} height="6" className={`console-bar-${name}`} />;
                x += width;
                return bar;
              })}
            </svg>
          </li>
        );
      })}
    </ul>
  );
}
