// The report of one sweep.

import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Sweep, Target } from '../api/targets';
import { Show, useLoad } from '../parts/load';
import { SweepReport } from '../parts/SweepReport';
import { useRefresh } from '../parts/useRefresh';

export function TargetSweep({ target, id }: { target: Target; id: string }) {
  const { realm = '' } = useParams();
  const sweep = useLoad((signal) => request<Sweep>(admin(realm, 'targets', target.name, 'sweeps', id), { signal }), [realm, target.name, id]);
  useRefresh(sweep.data?.state === 'running', sweep.refresh);
  return (
    <>
      <a href={`#/${encodeURIComponent(realm)}/targets/${encodeURIComponent(target.name)}/sweeps`}>All sweeps</a>
      <Show from={sweep} what="the report" role="view-realm">
        {(data) => <SweepReport sweep={data} target={target.name} />}
      </Show>
    </>
  );
}
