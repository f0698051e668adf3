// Name and description of a thing that is known by its name.

import { FormGroup, TextInput } from '@patternfly/react-core';

export interface Named {
  name: string;
  description: string;
}

export function NamedFields({ value, readOnly, onChange }: { value: Named; readOnly: boolean; onChange(value: Named): void }) {
  return (
    <>
      <FormGroup label="Name" fieldId="name" isRequired>
        <TextInput id="name" value={value.name} isRequired maxLength={255} readOnly={readOnly} onChange={(_, name) => onChange({ ...value, name })} />
      </FormGroup>
      <FormGroup label="Description" fieldId="description">
        <TextInput id="description" value={value.description} readOnly={readOnly} onChange={(_, description) => onChange({ ...value, description })} />
      </FormGroup>
    </>
  );
}
