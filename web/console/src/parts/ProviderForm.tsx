// A form drawn from what a provider says of its settings (Keycloak: ConfigPropertyRepresentation).

import { FormGroup, FormSelect, FormSelectOption, Switch, TextArea, TextInput } from '@patternfly/react-core';
import type { Config, Property } from '../api/types';
import { ofSetting, ofValue } from '../wording/problems';
import { caption, help, one } from '../wording/settings';
import { Hint, wrong } from './Hint';
import { ManyOf } from './ManyOf';
import { TextList } from './TextList';

interface Props {
  /** Begins the ids of the fields: unique on the page. */
  prefix: string;
  /** Whose settings they are. */
  provider: string;
  properties: Property[];
  values: Config;
  onChange(values: Config): void;
}

/** What the server shows of a secret; sent back, the stored one stays. */
const MASK = '**********';

/** The values that a new one begins with. */
export function defaults(properties: Property[]): Config {
  const config: Config = {};
  for (const { name, defaultValue } of properties) {
    if (defaultValue !== undefined && defaultValue !== null && defaultValue !== '') {
      config[name] = Array.isArray(defaultValue) ? defaultValue.map(String) : [String(defaultValue)];
    }
  }
  return config;
}

export const isMany = (property: Property) => property.type.startsWith('Multivalued') || property.type.endsWith('MultiList');

export function ProviderForm({ prefix, provider, properties, values, onChange }: Props) {
  return (
    <>
      {properties.map((property) => (
        <Field key={property.name} id={`${prefix}-${property.name}`} provider={provider} property={property} values={values[property.name] ?? []} problem={ofSetting(provider, property, values)} onChange={(list) => onChange({ ...values, [property.name]: list })} />
      ))}
    </>
  );
}

function Field({ id, provider, property, values, problem, onChange }: { id: string; provider: string; property: Property; values: string[]; problem: string | undefined; onChange(values: string[]): void }) {
  const label = caption(property);
  const text = help(property);
  const first = values[0] ?? '';
  const set = (value: string) => onChange(value === '' ? [] : [value]);
  const isStored = property.secret && first === MASK;
  const hint = <Hint id={id} text={isStored ? `It is stored, and shown to nobody. What you type takes its place. ${text}` : text} problem={problem} />;
  if (property.type === 'boolean') {
    return (
      <FormGroup fieldId={id}>
        <Switch id={id} label={label} isChecked={first === 'true'} onChange={(_, on) => onChange([String(on)])} />
        {hint}
      </FormGroup>
    );
  }
  const options = property.options ?? [];
  const field = isMany(property) ? (
    options.length > 0 ? (
      <ManyOf id={id} label={label} options={options} values={values} onChange={onChange} />
    ) : (
      <TextList id={id} label={one(property)} values={values} check={(value) => ofValue(provider, property, value)} onChange={onChange} />
    )
  ) : options.length > 0 ? (
    <FormSelect id={id} value={first} onChange={(_, value) => set(value)} aria-label={label} {...wrong(id, problem)}>
      {(!property.required || first === '') && <FormSelectOption value="" label="Not set" />}
      {[...new Set([...options, ...values])].map((option) => (
        <FormSelectOption key={option} value={option} label={option} />
      ))}
    </FormSelect>
  ) : property.type === 'Text' || property.type === 'Script' ? (
    <TextArea id={id} value={first} {...wrong(id, problem)} onChange={(_, value) => set(value)} resizeOrientation="vertical" />
  ) : (
    <TextInput id={id} value={first} type={property.secret || property.type === 'Password' ? 'password' : 'text'} autoComplete="off" {...wrong(id, problem)} onChange={(_, value) => set(value)} />
  );
  return (
    <FormGroup label={label} fieldId={id} isRequired={property.required}>
      {field}
      {hint}
    </FormGroup>
  );
}
