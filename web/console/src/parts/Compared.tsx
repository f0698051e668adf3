// What another version of a component would have decided.

import { Alert } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import type { Comparison, Difference } from '../api/types';
import { short, verdicts, why } from '../wording/components';
import { Columns } from './Columns';

export function Compared({ digest, comparison }: { digest: string; comparison: Comparison }) {
  const { replayed, same, different } = comparison;
  if (replayed === 0) {
    return (
      <Alert isInline variant="info" title="Nothing to compare with" component="h3" className="console-gap">
        No registration was recorded yet that policies decided about. Recorded registrations are kept for a week.
      </Alert>
    );
  }
  return (
    <div className="console-gap">
      <Alert isInline variant={different.length === 0 ? 'success' : 'warning'} title={`Version ${short(digest)} decides ${same.toLocaleString()} of the last ${replayed.toLocaleString()} registrations as they are decided now`} component="h3" />
      {different.length > 0 && <Differences of={different} />}
    </div>
  );
}

/** Requests that another version decides otherwise, and why. */
export function Differences({ of }: { of: Difference[] }) {
  return (
    <Table aria-label="Other decisions" variant="compact" gridBreakPoint="grid-md">
      <Columns of={['Decision', 'Realm', 'Now', 'With this version', 'Policies', 'Why']} />
      <Tbody>
        {of.map((one) => (
          <Tr key={one.decision}>
            <Td dataLabel="Decision">
              <a href={`#/${encodeURIComponent(one.realm)}/decisions/${encodeURIComponent(one.decision)}`}>
                <code>{one.decision.slice(0, 8)}…</code>
              </a>
            </Td>
            <Td dataLabel="Realm">{one.realm}</Td>
            <Td dataLabel="Now">{verdicts[one.before]}</Td>
            <Td dataLabel="With this version">{verdicts[one.after]}</Td>
            <Td dataLabel="Policies">{one.policies.join(', ') || '–'}</Td>
            <Td dataLabel="Why" className="console-break">
              {why(one)}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
