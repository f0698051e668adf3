// A document as text, for what a form does not show.

import { useState } from 'react';
import { Button, FormGroup, TextArea } from '@patternfly/react-core';
import { ApiError } from '../api/http';
import { Failure, useAction } from './load';
import { useUnsaved } from './useUnsaved';

interface Props {
  label: string;
  value: unknown;
  manage: boolean;
  onSave(value: unknown): Promise<void>;
}

export function JsonEditor({ label, value, manage, onSave }: Props) {
  const stored = JSON.stringify(value, null, 2);
  const [text, setText] = useState(stored);
  const action = useAction();
  const unsaved = useUnsaved(text);
  const save = () =>
    action.run(async () => {
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch (error) {
        throw new ApiError(400, `This is no JSON: ${(error as Error).message}`, 'Correct it, then save again. Nothing was sent.');
      }
      await onSave(parsed);
      unsaved.saved();
    });
  return (
    <>
      {unsaved.question}
      <FormGroup label={label} fieldId="json">
        <TextArea id="json" className="console-code" rows={24} value={text} readOnly={!manage} onChange={(_, next) => setText(next)} spellCheck={false} resizeOrientation="vertical" />
      </FormGroup>
      {action.error && <Failure error={action.error} role="manage-realm" />}
      {manage && (
        <div className="console-row console-gap">
          <Button onClick={() => void save()} isLoading={action.busy} isDisabled={action.busy || text === stored}>
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
