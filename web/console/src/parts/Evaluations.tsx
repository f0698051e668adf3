// What each policy said, one row each.

import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import type { Evaluation } from '../api/types';
import { shortly } from '../wording/decisions';
import { Columns } from './Columns';
import { VerdictLabel } from './Labels';

const hooks: Record<string, string> = {
  'before-register': 'Before it is registered',
  'after-register': 'As it would be stored',
  'before-update': 'Before it is updated',
  'after-update': 'As it would be stored',
  'before-view': 'Before it is read',
  'before-delete': 'Before it is deleted',
  'before-install': 'Before its credentials are shown',
  'allowed-origins': 'Which web pages may ask',
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
              {policy.token && <div className="console-faint console-break">Came with initial access token {policy.token.name ?? policy.token.id}</div>}
            </Td>
            <Td dataLabel="When">{hooks[policy.hook] ?? policy.hook}</Td>
            <Td dataLabel="Verdict">
              <VerdictLabel verdict={policy.verdict} shadow={policy.mode === 'shadow'} />
              {(policy.failure?.message ?? policy.reason) && <div className="console-faint console-break">{policy.failure?.message ?? policy.reason}</div>}
            </Td>
            <Td dataLabel="Component">
              {policy.component ? <code title={policy.component}>{shortly(policy.component)}</code> : 'None'}
              {policy.version && <div className="console-faint">version {policy.version}</div>}
            </Td>
            <Td dataLabel="Time" modifier="nowrap">{policy.micros} µs</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
