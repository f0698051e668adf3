// The figures of a plot as a table.

import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { Figures } from '../api/types';

interface Props {
  points: Figures['points'];
  /** Names of the figures and their captions. */
  series: readonly (readonly ['accepted' | 'held' | 'refused', string])[];
  format: Intl.DateTimeFormat;
}

export default function PlotTable({ points, series, format }: Props) {
  return (
    <Table aria-label="Registrations over time" variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>From</Th>
          {series.map(([name, caption]) => (
            <Th key={name}>{caption}</Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {points
          .filter((point) => point.accepted + point.held + point.refused > 0)
          .map((point) => (
            <Tr key={point.time}>
              <Td dataLabel="From">{format.format(point.time)}</Td>
              {series.map(([name, caption]) => (
                <Td key={name} dataLabel={caption}>
                  {point[name]}
                </Td>
              ))}
            </Tr>
          ))}
      </Tbody>
    </Table>
  );
}
