// A page that cannot be shown says so, and leaves the navigation as it is. It happens when the server was updated since the
// console was opened: the scripts of pages that were not opened yet are gone then.

import { Component, type ReactNode } from 'react';
import { Alert, Button, PageSection } from '@patternfly/react-core';
import { useLocation } from 'react-router';

class Boundary extends Component<{ at: string; children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  /** Another page may well be shown. */
  override componentDidUpdate(before: { at: string }) {
    if (before.at !== this.props.at && this.state.error) {
      this.setState({ error: undefined });
    }
  }

  override render() {
    if (!this.state.error) {
      return this.props.children;
    }
    return (
      <PageSection hasBodyWrapper={false}>
        <Alert isInline variant="danger" title="This page cannot be shown" component="h1" actionLinks={<Button onClick={() => location.reload()}>Reload</Button>}>
          {this.state.error.message}. The server may have been updated since you opened the console: reload it. If that does not help, tell the operators.
        </Alert>
      </PageSection>
    );
  }
}

export function Guarded({ children }: { children: ReactNode }) {
  const { pathname } = useLocation();
  return <Boundary at={pathname}>{children}</Boundary>;
}
