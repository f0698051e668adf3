// One job: how far it is, and what came of it.

import { Alert, Button, DescriptionList, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import { isUnderWay, type Job } from '../api/life';
import { Columns } from '../parts/Columns';
import { Entry } from '../parts/Entry';
import { Heading } from '../parts/Heading';
import { JobLabel } from '../parts/JobLabel';
import { JobProgress } from '../parts/JobProgress';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { distance, moment } from '../parts/times';
import { useRefresh } from '../parts/useRefresh';
import { useUserNames } from '../parts/useUserNames';
import { useSession } from '../session';
import { byRule, jobName } from '../wording/life';

export default function ClientJob() {
  const { realm = '', id = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const action = useAction();
  const found = useLoad((signal) => request<Job>(admin(realm, 'client-jobs', id), { signal }), [realm, id]);
  const job = found.data;
  useRefresh(job !== undefined && isUnderWay(job), found.refresh);
  const nameOf = useUserNames(realm, job && job.by !== 'schedule' ? [job.by] : []);
  const at = `#/${encodeURIComponent(realm)}/clients`;
  const stop = () =>
    void action.run(async () => {
      await request(admin(realm, 'client-jobs', id), { method: 'DELETE' });
      notice('The job stops after the clients that it is at');
      found.reload();
    });
  return (
    <>
      <Heading
        title={
          <>
            {job ? jobName(job) : 'Job'} {job && <JobLabel state={job.state} />}
          </>
        }
        name={job ? jobName(job) : 'Job'}
        above={[
          ['Clients', at],
          ['Jobs', `${at}/jobs`],
        ]}
        actions={
          job &&
          isUnderWay(job) &&
          may(realm, 'manage-clients') && (
            <Button variant="secondary" isDanger isDisabled={action.busy} onClick={stop}>
              Stop
            </Button>
          )
        }
      />
      <PageSection hasBodyWrapper={false}>
        {action.error && <Failure error={action.error} role="manage-clients" />}
        <Show from={found} what="the job" role="view-clients">
          {(data) => (
            <div className="console-cards console-limited">
              {data.state === 'asks' && (
                <Alert isInline variant="warning" component="h2" title="It asks first" actionLinks={<a href={`${at}/life-cycle`}>Look at the rules and let it run</a>}>
                  A run that takes more than a tenth of all clients does nothing until somebody agrees.
                </Alert>
              )}
              {data.state === 'failed' && (
                <Alert isInline variant="danger" component="h2" title="It could not go on">
                  What was done stays done. The server's log says what happened.
                </Alert>
              )}
              <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '10rem' }}>
                <Entry term="Progress">
                  <JobProgress job={data} />
                </Entry>
                {byRule(data.rules) !== '' && <Entry term="By rule">{byRule(data.rules)}</Entry>}
                <Entry term="By">{data.by === 'schedule' ? 'The clock' : nameOf(data.by)}</Entry>
                <Entry term="Begun">
                  {moment(data.created)} ({distance(data.created)})
                </Entry>
                {data.ended !== null && (
                  <Entry term="Ended">
                    {moment(data.ended)} ({distance(data.ended)})
                  </Entry>
                )}
              </DescriptionList>
              {data.failures.length > 0 && (
                <section>
                  <h2 className="console-part">
                    Could not be changed{data.failures.length < data.failed && ` (${data.failures.length} of ${data.failed.toLocaleString('en')})`}
                  </h2>
                  <Table aria-label="Could not be changed" variant="compact" gridBreakPoint="grid-md">
                    <Columns of={['Client', 'Why']} />
                    <Tbody>
                      {data.failures.map(({ clientId, reason }) => (
                        <Tr key={clientId}>
                          <Td dataLabel="Client" className="console-break">
                            <a href={`${at}?search=${encodeURIComponent(clientId)}`}>{clientId}</a>
                          </Td>
                          <Td dataLabel="Why" className="console-break">
                            {reason}
                          </Td>
                        </Tr>
                      ))}
                    </Tbody>
                  </Table>
                </section>
              )}
            </div>
          )}
        </Show>
      </PageSection>
    </>
  );
}
