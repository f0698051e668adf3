// One term of a description list, and what is to be said of it.

import type { ReactNode } from 'react';
import { DescriptionListDescription, DescriptionListGroup, DescriptionListTerm } from '@patternfly/react-core';

export function Entry({ term, children }: { term: string; children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription className="console-break">{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}
