// A coloured word for the state of a job. The word says it, the colour only helps.

import { Label } from '@patternfly/react-core';
import type { JobState } from '../api/life';
import { jobStates } from '../wording/life';

const looks = { queued: { color: 'grey' }, running: { status: 'info' }, finished: { status: 'success' }, stopped: { status: 'warning' }, asks: { status: 'warning' }, failed: { status: 'danger' } } as const;

export function JobLabel({ state }: { state: JobState }) {
  return (
    <Label isCompact {...looks[state]}>
      {jobStates[state]}
    </Label>
  );
}
