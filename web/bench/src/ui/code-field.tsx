// A field for a document: fixed width, as high as it needs to be, and Tab leaves it.

import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextArea } from '@patternfly/react-core';

interface Properties {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  error?: string | undefined;
  /** Lines shown at least. */
  rows?: number;
}

/** See above. */
export function CodeField({ id, label, value, onChange, help, error, rows = 6 }: Properties) {
  const shown = Math.min(Math.max(value.split('\n').length, rows), 22);
  return (
    <FormGroup label={label} fieldId={id}>
      <TextArea
        id={id}
        className="code"
        value={value}
        rows={shown}
        resizeOrientation="vertical"
        spellCheck={false}
        autoComplete="off"
        validated={error ? 'error' : 'default'}
        aria-describedby={help || error ? `${id}-help` : undefined}
        onChange={(_, text) => onChange(text)}
      />
      {(help || error) && (
        <FormHelperText>
          <HelperText>
            <HelperTextItem id={`${id}-help`} variant={error ? 'error' : 'default'}>
              {error ?? help}
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}
