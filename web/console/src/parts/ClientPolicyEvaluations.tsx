// What each client policy came to: its conditions, and the executors that ran.

import { Label } from '@patternfly/react-core';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import type { ClientPolicyEvaluation } from '../api/types';
import { Columns } from './Columns';

const events: Record<string, string> = {
  register: 'Before it is registered',
  registered: 'As it would be stored',
  update: 'Before it is updated',
  updated: 'As it would be stored',
  view: 'Before it is read',
  unregister: 'Before it is deleted',
};
const conditions = { yes: 'holds', no: 'does not hold', abstain: 'says nothing', fail: 'has no answer' };
const executors = { accept: 'met', amend: 'changed it', keep: 'keeps the token', reject: 'refused it', fail: 'has no answer' };

export function ClientPolicyEvaluations({ policies }: { policies: ClientPolicyEvaluation[] }) {
  return (
    <Table aria-label="What each client policy came to" variant="compact" gridBreakPoint="grid-md">
      <Columns of={['Client policy', 'When', 'Applies', 'Conditions', 'Executors']} />
      <Tbody>
        {policies.map((policy, index) => (
          <Tr key={index}>
            <Td dataLabel="Client policy">
              {policy.name}{' '}
              {policy.mode === 'shadow' && (
                <Label isCompact variant="outline">
                  Shadow
                </Label>
              )}
            </Td>
            <Td dataLabel="When">{events[policy.event] ?? policy.event}</Td>
            <Td dataLabel="Applies">
              <Label isCompact {...(policy.applies ? { status: 'info' as const } : { color: 'grey' as const })}>
                {policy.applies ? 'Yes' : 'No'}
              </Label>
            </Td>
            <Td dataLabel="Conditions">{policy.conditions.map(({ condition, verdict }) => `${condition}: ${conditions[verdict]}`).join(', ') || '–'}</Td>
            <Td dataLabel="Executors">{policy.executors.map(({ executor, verdict }) => `${executor}: ${executors[verdict]}`).join(', ') || '–'}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
