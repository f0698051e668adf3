// The last run of a realm's rules, and a run now.

import { useState } from 'react';
import { Alert, Button, Card, CardBody, CardTitle } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { ApiError, admin, query, request } from '../api/http';
import { isUnderWay, type Evaluation, type Job, type LifeCycle } from '../api/life';
import { Confirm } from '../parts/Confirm';
import { JobLabel } from '../parts/JobLabel';
import { JobProgress } from '../parts/JobProgress';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { distance, moment } from '../parts/times';
import { useRefresh } from '../parts/useRefresh';
import { useSession } from '../session';
import { BLIND_HELP, byRule, would } from '../wording/life';
import { every } from '../wording/targets';

/** Jobs among which the last run is looked for. */
const LOOKED_AT = 50;

export function RuleRuns({ rules }: { rules: LifeCycle }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const action = useAction();
  const [asked, setAsked] = useState<Evaluation>();
  const jobs = useLoad((signal) => request<Job[]>(`${admin(realm, 'client-jobs')}${query({ max: LOOKED_AT })}`, { signal }), [realm]);
  const last = jobs.data?.find(({ kind }) => kind === 'life-cycle');
  const under = last !== undefined && isUnderWay(last);
  useRefresh(under, jobs.refresh);
  const any = rules.neverUsedAfter + rules.idleAfter + rules.deleteAfter > 0;
  const manage = may(realm, 'manage-clients');
  const at = `#/${encodeURIComponent(realm)}/clients/jobs`;

  // Who is asked knows what it would be.
  const ask = () => void action.run(async () => setAsked(await request<Evaluation>(admin(realm, 'client-life-cycle', 'evaluate'), { method: 'POST', body: {} })));
  const run = async ({ asks }: Evaluation) => {
    try {
      await request<Job>(admin(realm, 'client-life-cycle', 'run'), { method: 'POST', body: { confirmed: asks } });
    } catch (error) {
      throw error instanceof ApiError && error.status === 409 ? new ApiError(409, 'The rules are being run already.', 'Wait until that run has ended, or stop it.') : error;
    }
    notice('The rules are being run');
    jobs.reload();
  };
  const stop = ({ id }: Job) =>
    void action.run(async () => {
      await request(admin(realm, 'client-jobs', id), { method: 'DELETE' });
      notice('The run stops after the clients that it is at');
      jobs.reload();
    });
  return (
    <Card>
      <CardTitle component="h2">Last run</CardTitle>
      <CardBody>
        <p>{any ? `${every(rules.runEvery)} the rules are run, and do what is due.` : rules.perSoftware.max > 0 ? 'Nothing is run by the clock: clients of one software are kept few whenever one more is registered.' : 'No rule is set: nothing is ever done to a client that nobody uses.'}</p>
        <Show from={jobs} what="runs" role="view-clients">
          {() =>
            last ? (
              <>
                <p className="console-gap-small">
                  <a href={`${at}/${encodeURIComponent(last.id)}`} title={moment(last.created)}>
                    Run {distance(last.created)}
                  </a>{' '}
                  <JobLabel state={last.state} />
                </p>
                {last.state === 'asks' ? (
                  <Alert
                    isInline
                    variant="warning"
                    component="h3"
                    title={`It asks first: ${byRule(last.rules) || `${last.matched.toLocaleString('en')} clients`}`}
                    className="console-gap-small"
                    actionLinks={
                      manage && (
                        <Button variant="link" isInline isDisabled={action.busy} onClick={ask}>
                          Look at it and let it run
                        </Button>
                      )
                    }
                  >
                    That is more than a tenth of the clients of this realm. Nothing was done, and nothing will be until somebody agrees or the rules take fewer.
                  </Alert>
                ) : (
                  <JobProgress job={last} />
                )}
              </>
            ) : (
              <p className="console-gap-small">They have not been run yet.</p>
            )
          }
        </Show>
        {manage && (
          <div className="console-row console-gap">
            <Button variant="secondary" isDisabled={!any || under} isLoading={action.busy} onClick={ask}>
              Run now
            </Button>
            {under && (
              <Button variant="secondary" isDanger isDisabled={action.busy} onClick={() => stop(last)}>
                Stop
              </Button>
            )}
            <Button variant="link" component="a" href={at}>
              All jobs
            </Button>
          </div>
        )}
        {action.error && <Failure error={action.error} role="manage-clients and view-realm" />}
      </CardBody>
      {asked && (
        <Confirm
          title="Run the rules now?"
          verb="Run now"
          variant={asked.hibernate + asked.delete > 0 ? 'danger' : 'primary'}
          {...(asked.asks && { mustType: String(asked.hibernate + asked.delete) })}
          onClose={() => setAsked(undefined)}
          onConfirm={() => run(asked)}
        >
          <p>
            With the rules as they are saved, a run now {would(asked)}{asked.blind ? `: nobody reports uses. ${BLIND_HELP}` : '.'}
          </p>
          {asked.asks && <p className="console-gap-small">That is more than a tenth of the {asked.clients.toLocaleString('en')} clients of this realm.</p>}
          {asked.hibernate + asked.delete > rules.maxPerRun && <p className="console-gap-small">One run takes {rules.maxPerRun.toLocaleString('en')} at most; the next ones do the rest.</p>}
        </Confirm>
      )}
    </Card>
  );
}
