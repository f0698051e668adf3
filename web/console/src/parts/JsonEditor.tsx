// A document as text, for what a form does not show.

import { useState } from 'react';
import { Button, FormGroup, TextArea } from '@patternfly/react-core';
import { Hint, wrong } from './Hint';
import { Failure, useAction } from './load';
import { useUnsaved } from './useUnsaved';

interface Props {
  label: string;
  value: unknown;
  manage: boolean;
  /** What can never work in a document, if anything. */
  check?: (value: unknown) => string | undefined;
  onSave(value: unknown): Promise<void>;
}

export function JsonEditor({ label, value, manage, check, onSave }: Props) {
  const stored = JSON.stringify(value, null, 2);
  const [text, setText] = useState(stored);
  const action = useAction();
  const unsaved = useUnsaved(text);
  const read = parse(text);
  // What is stored already may be what it is.
  const problem = text === stored ? undefined : (read.problem ?? check?.(read.value));
  const save = () =>
    action.run(async () => {
      await onSave(read.value);
      unsaved.saved();
    });
  return (
    <>
      {unsaved.question}
      <FormGroup label={label} fieldId="json">
        <TextArea id="json" className="console-code" rows={24} value={text} readOnly={!manage} {...wrong('json', problem)} onChange={(_, next) => setText(next)} spellCheck={false} resizeOrientation="vertical" />
        <Hint id="json" problem={problem} />
      </FormGroup>
      {action.error && <Failure error={action.error} role="manage-realm" />}
      {manage && (
        <div className="console-row console-gap">
          <Button onClick={() => void save()} isLoading={action.busy} isDisabled={action.busy || text === stored || problem !== undefined}>
            Save
          </Button>
          <Button variant="link" isDisabled={text === stored} onClick={() => setText(stored)}>
            Revert
          </Button>
        </div>
      )}
    </>
  );
}

function parse(text: string): { value?: unknown; problem?: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `This is no JSON: ${(error as Error).message}` };
  }
}
