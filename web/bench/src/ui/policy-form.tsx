// The settings of one policy, as its component describes them, and those of the host.

import { Content, Form, FormGroup, FormHelperText, FormSelect, FormSelectOption, Grid, GridItem, HelperText, HelperTextItem, Switch, TextArea, TextInput } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import { ComponentFailure } from '../engine/component.js';
import type { Offered } from '../engine/component-set.js';
import type { ConfigProperty, PolicyProvider } from '../engine/contract.js';
import type { Policy } from '../engine/policies.js';
import { InvalidJson, realmOf, type State } from './state.js';

interface Properties {
  at: number;
  policy: Policy;
  offered: Offered<PolicyProvider> | undefined;
  state: State;
  onChange: (policy: Policy) => void;
}

/** The description of a policy provider in the realm: the values that a setting offers come from there. */
function useDescription(offered: Offered<PolicyProvider> | undefined, state: State): PolicyProvider | undefined {
  const [described, setDescribed] = useState<PolicyProvider>();
  useEffect(() => {
    let current = true;
    const ask = async () => {
      if (!offered) return;
      const answer = await offered.component.call('policies', 'describe', [], realmOf(state).facts);
      if (current && 'ok' in answer) setDescribed(answer.ok.find(({ id }) => id === offered.description.id));
    };
    ask().catch((error: unknown) => {
      // The description without a realm does; what is wrong shows where the request is tried.
      if (!(error instanceof ComponentFailure || error instanceof InvalidJson)) throw error;
    });
    return () => {
      current = false;
    };
  }, [offered, state.facts, state.realmName]);
  return described ?? offered?.description;
}

/** See above. */
export function PolicyForm({ at, policy, offered, state, onChange }: Properties) {
  const provider = useDescription(offered, state);
  const setting = (name: string, values: string[]) => {
    const { [name]: _, ...others } = policy.config;
    onChange({ ...policy, config: values.length === 0 ? others : { ...others, [name]: values } });
  };
  return (
    <Form className="policy-form" onSubmit={(event) => event.preventDefault()}>
      {provider ? (
        <Content component="p">{provider.helpText}</Content>
      ) : (
        <Content component="p">No component here offers {policy.providerId}: every request is refused. Add its component below, or remove the policy.</Content>
      )}
      {provider?.properties.map((property) => (
        <Setting key={property.name} id={`policy-${at}-${property.name}`} property={property} values={policy.config[property.name] ?? []} onChange={(values) => setting(property.name, values)} />
      ))}
      <Grid hasGutter>
        <GridItem span={12} md={6}>
          <FormGroup label="Name" fieldId={`policy-${at}-name`}>
            <TextInput id={`policy-${at}-name`} value={policy.name} onChange={(_, name) => onChange({ ...policy, name })} />
          </FormGroup>
        </GridItem>
        <GridItem span={12} md={3}>
          <FormGroup label="Mode" fieldId={`policy-${at}-mode`}>
            <FormSelect id={`policy-${at}-mode`} value={policy.config.mode?.[0] ?? 'enforce'} onChange={(_, mode) => setting('mode', mode === 'shadow' ? ['shadow'] : [])}>
              <FormSelectOption value="enforce" label="Decides" />
              <FormSelectOption value="shadow" label="Only watched" />
            </FormSelect>
          </FormGroup>
        </GridItem>
        <GridItem span={12} md={3}>
          <FormGroup label="Priority" fieldId={`policy-${at}-priority`}>
            <TextInput id={`policy-${at}-priority`} type="number" value={policy.config.priority?.[0] ?? ''} placeholder="0" onChange={(_, text) => setting('priority', text === '' ? [] : [text])} />
          </FormGroup>
        </GridItem>
      </Grid>
    </Form>
  );
}

interface SettingProperties {
  id: string;
  property: ConfigProperty;
  values: string[];
  onChange: (values: string[]) => void;
}

/** Texts of Keycloak's own policies are keys of its messages: then the name says more. */
const isKey = (text: string) => /^[a-z0-9.-]+\.(label|tooltip)$/.test(text);
const caption = ({ label, name }: ConfigProperty) => (isKey(label) ? name : label || name);

function Setting({ id, property, values, onChange }: SettingProperties) {
  if (property.type === 'boolean') {
    return (
      <FormGroup fieldId={id}>
        <Switch id={id} label={caption(property)} isChecked={values[0] === 'true'} onChange={(_, on) => onChange([String(on)])} {...described(id, property)} />
        <Help id={id} property={property} />
      </FormGroup>
    );
  }
  const several = property.type.startsWith('Multivalued');
  return (
    <FormGroup label={caption(property)} fieldId={id} isRequired={property.required}>
      {several ? (
        <TextArea id={id} className="code" rows={Math.min(Math.max(values.length, 2), 8)} value={values.join('\n')} placeholder="One value a line" {...described(id, property)} resizeOrientation="vertical" onChange={(_, text) => onChange(text === '' ? [] : text.split('\n'))} />
      ) : property.options.length > 0 ? (
        <FormSelect id={id} value={values[0] ?? ''} {...described(id, property)} onChange={(_, value) => onChange(value === '' ? [] : [value])}>
          <FormSelectOption value="" label="(none)" />
          {property.options.map((option) => (
            <FormSelectOption key={option} value={option} label={option} />
          ))}
        </FormSelect>
      ) : (
        <TextInput id={id} value={values[0] ?? ''} {...described(id, property)} onChange={(_, value) => onChange(value === '' ? [] : [value])} />
      )}
      <Help id={id} property={property} />
      {several && property.options.length > 0 && (
        <details className="options">
          <summary>{property.options.length} possible values</summary>
          {property.options.join(', ')}
        </details>
      )}
    </FormGroup>
  );
}

const hasHelp = ({ helpText }: ConfigProperty) => helpText !== '' && !isKey(helpText);
const described = (id: string, property: ConfigProperty) => (hasHelp(property) ? { 'aria-describedby': `${id}-help` } : {});

function Help({ id, property }: { id: string; property: ConfigProperty }) {
  if (!hasHelp(property)) return null;
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem id={`${id}-help`}>{property.helpText}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
