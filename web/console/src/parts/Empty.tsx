// Nothing there yet, and what to do next.

import type { ComponentType, ReactNode } from 'react';
import { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from '@patternfly/react-core';

interface Props {
  title: string;
  icon?: ComponentType;
  children: ReactNode;
  actions?: ReactNode;
}

export function Empty({ title, icon, children, actions }: Props) {
  return (
    <EmptyState titleText={title} headingLevel="h2" variant="sm" {...(icon && { icon })}>
      <EmptyStateBody>{children}</EmptyStateBody>
      {actions && (
        <EmptyStateFooter>
          <EmptyStateActions>{actions}</EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}
