// The headings of a table's columns.

import { Th, Thead, Tr } from '@patternfly/react-table';

/** `actions` names columns without a visible heading, behind the others. */
export function Columns({ of, actions = [] }: { of: string[]; actions?: string[] }) {
  return (
    <Thead>
      <Tr>
        {of.map((caption) => (
          <Th key={caption}>{caption}</Th>
        ))}
        {actions.map((caption) => (
          <Th key={caption} screenReaderText={caption} />
        ))}
      </Tr>
    </Thead>
  );
}
