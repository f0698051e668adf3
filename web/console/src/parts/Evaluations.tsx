// What each policy said, one row each.

import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import type { Evaluation } from '../api/types';
import { Columns } from './Columns';
import { VerdictLabel } from './Labels';

const hooks: Record<string, string> = {
  'before-register': 'Before it is registered',
  'after-register': 'As it would be stored',
  'before-update': 'Before it is updated',
  'after-update': 'As it would be stored',
  'before-view': 'Before it is read',
  'before-delete': 'Before it is deleted',
};

export function Evaluations({ policies }: { policies: Evaluation[] }) {
  return (
    <Table aria-label="What each policy said" variant="compact" gridBreakPoint="grid-md">
      <Columns of={['Policy', 'When', 'Verdict', 'Component', 'Time']} />
      <Tbody>
        {policies.map((policy, index) => (
          <Tr key={index}>
            <Td dataLabel="Policy">
              {policy.name} <span className="console-faint">{policy.provider}</span>
            </Td>
            <Td dataLabel="When">{hooks[policy.hook] ?? policy.hook}</Td>
            <Td dataLabel="Verdict">
              <VerdictLabel verdict={policy.verdict} shadow={policy.mode === 'shadow'} />
            </Td>
            <Td dataLabel="Component">
              <code title={policy.component}>{policy.component.replace(/@(.{8}).*/, '@$1…')}</code>
            </Td>
            <Td dataLabel="Time" modifier="nowrap">{policy.micros} µs</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
