// The settings of a target, new or stored. The form is drawn from what its connector says of itself.

import { useState, type FormEvent } from 'react';
import { Checkbox, Form, FormGroup, FormSection, FormSelect, FormSelectOption, Switch, TextInput } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Connector, Credentials, Target, TargetSettings } from '../api/targets';
import { CredentialsFields } from '../parts/CredentialsFields';
import { FormEnd } from '../parts/FormEnd';
import { Hint, wrong } from '../parts/Hint';
import { useAction } from '../parts/load';
import { NumberField } from '../parts/NumberField';
import { defaults, ProviderForm } from '../parts/ProviderForm';
import { TestConnection } from '../parts/TestConnection';
import { useSession } from '../session';
import { any } from '../wording/problems';
import { baseUrl, complete, concurrency, LIMITS, secretsStay, sweepInterval, targetName, wait } from '../wording/targetProblems';
import { cannot, connectorName, every, milliseconds, protocols, urlHelp } from '../wording/targets';

const NEW: TargetSettings = { name: '', connector: '', enabled: true, url: '', config: {}, credentials: { type: 'none' }, required: false, wait: 2000, concurrency: 8, clients: 'all', protocols: [], repair: true, sweepInterval: 3600 };

/** What the read-only members of a target leave. */
function settingsOf(target: TargetSettings): TargetSettings {
  const { name, connector, enabled, url, config, credentials, required, clients, repair } = target;
  return { name, connector, enabled, url, config, credentials, required, wait: target.wait, concurrency: target.concurrency, clients, protocols: target.protocols, repair, sweepInterval: target.sweepInterval };
}

/** As the server takes them: without blanks at the ends, and without what is empty. */
function sent({ url, config, credentials, ...rest }: TargetSettings): TargetSettings {
  const trimmed = Object.fromEntries(Object.entries(credentials).flatMap(([name, value]) => (typeof value === 'string' ? (value.trim() === '' ? [] : [[name, value.trim()]]) : [[name, value]])));
  const settings = Object.entries(config).map(([name, values]) => [name, values.map((value) => value.trim()).filter((value) => value !== '')] as const);
  return { ...rest, url: url.trim(), config: Object.fromEntries(settings.filter(([, values]) => values.length > 0)), credentials: trimmed as unknown as Credentials };
}

interface Props {
  connectors: Connector[];
  stored?: Target;
  /** Address of the page that it leads back to. */
  back: string;
  onSaved(target: Target): void;
}

export function TargetForm({ connectors, stored, back, onSaved }: Props) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const action = useAction();
  // A target gets the secrets of all clients, so that both roles are needed.
  const manage = may(realm, 'manage-realm') && may(realm, 'manage-clients');
  const [value, setValue] = useState(stored ? settingsOf(stored) : NEW);
  // The token URL of a Keycloak follows its address until somebody says otherwise.
  const [tokenUrlTyped, setTokenUrlTyped] = useState(stored !== undefined);
  const set = (changes: Partial<TargetSettings>) =>
    setValue((before) => {
      const next = { ...before, ...changes };
      return tokenUrlTyped ? next : { ...next, credentials: withTokenUrl(next, realm) };
    });
  const connector = connectors.find(({ id }) => id === value.connector);
  const stay = secretsStay(value, stored);
  const problems = {
    name: targetName(value.name),
    url: baseUrl(value.url),
    wait: wait(value.wait, value.required),
    concurrency: concurrency(value.concurrency),
    sweepInterval: sweepInterval(value.sweepInterval),
    protocols: value.protocols.length === 0 ? 'At least one is needed.' : undefined,
  };
  const reachable = connector !== undefined && value.url.trim() !== '' && problems.url === undefined && !any(connector.id, connector.properties, value.config) && complete(value.credentials, stay);
  const ready = reachable && value.name !== '' && Object.values(problems).every((problem) => problem === undefined);

  const choose = (id: string) => {
    const chosen = connectors.find((one) => one.id === id);
    set({ connector: id, name: value.name === '' || value.name === value.connector ? id.toLowerCase() : value.name, config: defaults(chosen?.properties ?? []), credentials: { type: chosen?.credentials[0] ?? 'none' }, protocols: chosen?.protocols ?? [] });
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const { name, connector: id, ...changes } = sent(value);
      onSaved(await (stored ? request<Target>(admin(realm, 'targets', stored.name), { method: 'PUT', body: changes }) : request<Target>(admin(realm, 'targets'), { method: 'POST', body: { name, connector: id, ...changes } })));
    });
  };
  return (
    <Form isWidthLimited onSubmit={save}>
      <FormSection title="What and where" titleElement="h2">
        <FormGroup label="Connector" fieldId="connector" isRequired>
          {stored ? (
            <TextInput id="connector" value={connectorName(stored.connector)} readOnly readOnlyVariant="default" />
          ) : (
            <FormSelect id="connector" value={value.connector} isDisabled={!manage} onChange={(_, id) => choose(id)}>
              <FormSelectOption value="" label="Choose what is behind this realm" isPlaceholder isDisabled />
              {connectors.map(({ id }) => (
                <FormSelectOption key={id} value={id} label={connectorName(id)} />
              ))}
            </FormSelect>
          )}
          <Hint id="connector" isWarning={stored !== undefined && connector === undefined} text={connector ? [`${connector.helpText}.`, ...cannot(connector)].join(' ') : stored && 'No component offers this connector: nothing is delivered. Upload the component, or delete the target.'} />
        </FormGroup>
        {connector && (
          <>
            <FormGroup label="Name" fieldId="name" isRequired>
              <TextInput id="name" value={value.name} isRequired readOnly={stored !== undefined || !manage} maxLength={63} {...wrong('name', problems.name)} onChange={(_, name) => set({ name })} />
              <Hint id="name" text={stored ? 'It never changes.' : 'Callers see it in answers. It never changes.'} problem={problems.name} />
            </FormGroup>
            <FormGroup label="URL" fieldId="url" isRequired>
              <TextInput id="url" value={value.url} isRequired readOnly={!manage} placeholder="https://sso.example.com" {...wrong('url', problems.url)} onChange={(_, url) => set({ url })} />
              <Hint id="url" text={`${urlHelp(connector.id)}${stored ? ' Another one: everything is delivered anew, with secrets.' : ''}`} problem={problems.url} />
            </FormGroup>
            <fieldset className="console-plain-fields" disabled={!manage}>
              <ProviderForm prefix="setting" provider={connector.id} properties={connector.properties} values={value.config} onChange={(config) => set({ config })} />
            </fieldset>
          </>
        )}
      </FormSection>
      {connector && (
        <>
          <FormSection title="Credentials" titleElement="h2">
            <CredentialsFields
              connector={connector}
              value={value.credentials}
              stay={stay}
              readOnly={!manage}
              onChange={(credentials) => {
                setTokenUrlTyped(tokenUrlTyped || (credentials.type === value.credentials.type && credentials.tokenUrl !== value.credentials.tokenUrl));
                set({ credentials });
              }}
            />
            {may(realm, 'manage-realm') && (stored && JSON.stringify(value) === JSON.stringify(settingsOf(stored)) ? <TestConnection stored={stored.name} /> : <TestConnection body={sent(value)} ready={reachable} />)}
          </FormSection>
          <FormSection title="Which clients" titleElement="h2">
            <FormGroup label="Clients" fieldId="clients">
              <FormSelect id="clients" value={value.clients} isDisabled={!manage} onChange={(_, clients) => set({ clients: clients as TargetSettings['clients'] })}>
                <FormSelectOption value="all" label="All, but those of the server itself" />
                <FormSelectOption value="registered" label="Only those that were registered, not what administrators made" />
              </FormSelect>
            </FormGroup>
            {connector.protocols.length > 1 && (
              <FormGroup label="Protocols" role="group" fieldId="protocols">
                {connector.protocols.map((protocol) => (
                  <Checkbox key={protocol} id={`protocol-${protocol}`} label={protocols[protocol] ?? protocol} isChecked={value.protocols.includes(protocol)} isDisabled={!manage} onChange={(_, on) => set({ protocols: connector.protocols.filter((one) => (one === protocol ? on : value.protocols.includes(one))) })} />
                ))}
                <Hint id="protocols" problem={problems.protocols} />
              </FormGroup>
            )}
          </FormSection>
          <FormSection title="Delivery" titleElement="h2">
            <FormGroup fieldId="enabled">
              <Switch id="enabled" label="Enabled" isChecked={value.enabled} isDisabled={!manage} onChange={(_, enabled) => set({ enabled })} />
              <Hint id="enabled" text="A disabled target is asked nothing, and nobody waits for it." />
            </FormGroup>
            <FormGroup fieldId="required">
              <Switch id="required" label="Required" isChecked={value.required} isDisabled={!manage} onChange={(_, required) => set({ required })} />
              <Hint id="required" isWarning={value.required} text={value.required ? 'What it refuses or does not take in time is not registered. While it is away, nobody registers.' : 'A client is registered here whatever the target says.'} />
            </FormGroup>
            <NumberField id="wait" label="Wait (milliseconds)" value={value.wait} step={500} min={0} max={LIMITS.wait} readOnly={!manage} problem={problems.wait} text={value.wait === 0 ? 'Nobody waits for it.' : `A registration waits up to ${milliseconds(value.wait)} for it, so that its client can be used at once.`} onChange={(next) => set({ wait: next })} />
            <NumberField id="concurrency" label="Calls at once" value={value.concurrency} min={1} max={LIMITS.concurrency} readOnly={!manage} problem={problems.concurrency} text={`1 to ${LIMITS.concurrency}.`} onChange={(next) => set({ concurrency: next })} />
          </FormSection>
          {connector.enumerates && (
            <FormSection title="Sweeps" titleElement="h2">
              <NumberField
                id="sweep-interval"
                label="Every (seconds)"
                value={value.sweepInterval}
                step={600}
                min={0}
                max={LIMITS.sweepMost}
                readOnly={!manage}
                problem={problems.sweepInterval}
                text={value.sweepInterval === 0 ? 'Only on demand.' : `${every(value.sweepInterval)} all clients at the target are compared with those here. 0: only on demand.`}
                onChange={(next) => set({ sweepInterval: next })}
              />
              <FormGroup fieldId="repair">
                <Switch id="repair" label="Put right what is found" isChecked={value.repair} isDisabled={!manage} onChange={(_, repair) => set({ repair })} />
                <Hint id="repair" text={value.repair ? 'What was changed or removed at the target is put right.' : 'What was changed at the target is only shown; what is missing there is put again.'} />
              </FormGroup>
            </FormSection>
          )}
        </>
      )}
      <FormEnd action={action} values={value} role="manage-realm and manage-clients" verb={stored ? 'Save' : 'Create'} ready={ready} manage={manage} back={back} />
    </Form>
  );
}

/** The credentials of a Keycloak with the token URL of its realm, where it is called as usual. */
function withTokenUrl({ connector, url, config, credentials }: TargetSettings, realm: string): Credentials {
  if (connector !== 'keycloak' || credentials.type !== 'client-credentials') {
    return credentials;
  }
  const there = config['realm']?.[0]?.trim() || realm;
  const base = url.trim().replace(/\/+$/, '');
  return { ...credentials, tokenUrl: base === '' || baseUrl(base) !== undefined ? '' : `${base}/realms/${encodeURIComponent(there)}/protocol/openid-connect/token` };
}
