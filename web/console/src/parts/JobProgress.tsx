// How far a job is.

import { Progress, ProgressSize } from '@patternfly/react-core';
import { isUnderWay, type Job } from '../api/life';
import { progress } from '../wording/life';

export function JobProgress({ job }: { job: Job }) {
  const settled = job.done + job.passed + job.failed;
  return (
    <>
      {isUnderWay(job) && job.matched > 0 && <Progress aria-label="How far it is" size={ProgressSize.sm} value={settled} min={0} max={job.matched} label={`${settled.toLocaleString('en')} of ${job.matched.toLocaleString('en')}`} measureLocation="outside" />}
      <span role={isUnderWay(job) ? 'status' : undefined}>{progress(job)}</span>
    </>
  );
}
