// A row's "Delete", and the question behind it.

import { useState, type ReactNode } from 'react';
import { Button } from '@patternfly/react-core';
import { Confirm } from './Confirm';
import { useNotice } from './notices';

interface Props {
  /** What goes, with its kind: `token partners`. */
  of: string;
  question: string;
  /** What it leads to. */
  children: ReactNode;
  /** Said once it is done. */
  done: string;
  onDelete(): Promise<unknown>;
  /** It is gone. */
  onDone(): void;
}

export function Deletion({ of, question, children, done, onDelete, onDone }: Props) {
  const notice = useNotice();
  const [asked, setAsked] = useState(false);
  return (
    <>
      <Button variant="link" isDanger isInline aria-label={`Delete ${of}`} onClick={() => setAsked(true)}>
        Delete
      </Button>
      {asked && (
        <Confirm
          title={question}
          verb="Delete"
          onClose={() => setAsked(false)}
          onConfirm={async () => {
            await onDelete();
            notice(done);
            onDone();
          }}
        >
          {children}
        </Confirm>
      )}
    </>
  );
}
