// What was done, and is being done, with many clients at a time: runs of the rules and what administrators wanted.

import { Button, PageSection, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import TasksIcon from '@patternfly/react-icons/dist/esm/icons/tasks-icon';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import { isUnderWay, type Job } from '../api/life';
import { Columns } from '../parts/Columns';
import { Empty } from '../parts/Empty';
import { useFilters } from '../parts/filters';
import { JobLabel } from '../parts/JobLabel';
import { JobProgress } from '../parts/JobProgress';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { Pages } from '../parts/Pages';
import { distance, moment } from '../parts/times';
import { useRefresh } from '../parts/useRefresh';
import { useUserNames } from '../parts/useUserNames';
import { useSession } from '../session';
import { jobName } from '../wording/life';
import { ClientTabs } from './ClientTabs';

const MAX = 20;

export default function ClientJobs() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const notice = useNotice();
  const action = useAction();
  const filters = useFilters();
  const { first } = filters;
  const jobs = useLoad((signal) => request<Job[]>(`${admin(realm, 'client-jobs')}${query({ first, max: MAX + 1 })}`, { signal }), [realm, first]);
  useRefresh(jobs.data?.some(isUnderWay) === true, jobs.refresh);
  const nameOf = useUserNames(realm, jobs.data?.map(({ by }) => by).filter((by) => by !== 'schedule') ?? []);
  const manage = may(realm, 'manage-clients');
  const at = `#/${encodeURIComponent(realm)}/clients`;
  const stop = (job: Job) =>
    void action.run(async () => {
      await request(admin(realm, 'client-jobs', job.id), { method: 'DELETE' });
      notice('The job stops after the clients that it is at');
      jobs.reload();
    });
  return (
    <>
      <ClientTabs active="jobs" text="What is done with many clients at a time. One job of a realm runs, the others wait; they are listed for 90 days." />
      <PageSection hasBodyWrapper={false}>
        <Toolbar>
          <ToolbarContent>
            {manage && (
              <ToolbarItem>
                <Button variant="secondary" component="a" href={`${at}/many`}>
                  Change many clients
                </Button>
              </ToolbarItem>
            )}
            <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
              <Pages of="jobs" filters={filters} max={MAX} came={jobs.busy ? undefined : jobs.data?.length} />
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        {action.error && <Failure error={action.error} role="manage-clients" />}
        <Show from={jobs} what="jobs" role="view-clients">
          {(data) =>
            data.length === 0 ? (
              <Empty title={first > 0 ? 'No more jobs' : 'No jobs'} icon={TasksIcon}>
                Runs of the <a href={`${at}/life-cycle`}>rules</a> appear here, and what you do with many clients of the <a href={at}>list</a>.
              </Empty>
            ) : (
              <Table aria-label="Jobs" variant="compact" gridBreakPoint="grid-md">
                <Columns of={['Begun', 'What', 'By', 'State', 'Progress']} actions={['Actions']} />
                <Tbody>
                  {data.slice(0, MAX).map((job) => (
                    <Tr key={job.id}>
                      <Td dataLabel="Begun" modifier="nowrap">
                        <a href={`${at}/jobs/${encodeURIComponent(job.id)}`} title={moment(job.created)}>
                          {distance(job.created)}
                        </a>
                      </Td>
                      <Td dataLabel="What">{jobName(job)}</Td>
                      <Td dataLabel="By" className="console-break">
                        {job.by === 'schedule' ? 'The clock' : nameOf(job.by)}
                      </Td>
                      <Td dataLabel="State">
                        <JobLabel state={job.state} />
                      </Td>
                      <Td dataLabel="Progress">
                        <JobProgress job={job} />
                      </Td>
                      <Td isActionCell>
                        {manage && isUnderWay(job) && (
                          <Button variant="link" isInline isDanger isDisabled={action.busy} aria-label={`Stop ${jobName(job)}, begun ${distance(job.created)}`} onClick={() => stop(job)}>
                            Stop
                          </Button>
                        )}
                      </Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Show>
      </PageSection>
    </>
  );
}
