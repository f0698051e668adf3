// One registration policy, new or stored. The form is drawn from what its provider says of its settings.

import { useEffect, useState, type FormEvent } from 'react';
import { Form, FormGroup, FormHelperText, FormSelect, FormSelectOption, HelperText, HelperTextItem, PageSection, Switch, TextInput } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { admin, request } from '../api/http';
import { POLICY_TYPE, type Config, type Policy, type Provider } from '../api/types';
import { FormEnd } from '../parts/FormEnd';
import { Heading } from '../parts/Heading';
import { Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { defaults, ProviderForm } from '../parts/ProviderForm';
import { useSession } from '../session';
import { any } from '../wording/problems';
import { providerHelp, providerName } from '../wording/settings';

export default function RegistrationPolicy() {
  const { realm = '', set = 'anonymous', id } = useParams();
  const loaded = useLoad(
    async (signal) => {
      const [providers, policy] = await Promise.all([
        request<Provider[]>(admin(realm, 'client-registration-policy', 'providers'), { signal }),
        id === undefined ? undefined : request<Policy>(admin(realm, 'components', id), { signal }),
      ]);
      return { providers, policy };
    },
    [realm, id],
  );
  const list = `#/${encodeURIComponent(realm)}/clients/registration/${set}`;
  return (
    <>
      <Heading
        title={id === undefined ? 'Create policy' : (loaded.data?.policy?.name ?? 'Policy')}
        text={`For ${set} access.`}
        above={[
          ['Clients', `#/${encodeURIComponent(realm)}/clients`],
          ['Client registration', list],
        ]}
      />
      <PageSection hasBodyWrapper={false}>
        <Show from={loaded} what="the policy" role="view-realm">
          {({ providers, policy }) => <PolicyForm key={policy?.id ?? 'new'} providers={providers} policy={policy} list={list} />}
        </Show>
      </PageSection>
    </>
  );
}

function PolicyForm({ providers, policy, list }: { providers: Provider[]; policy: Policy | undefined; list: string }) {
  const { realm = '', set = 'anonymous' } = useParams();
  const { may } = useSession();
  const navigate = useNavigate();
  const notice = useNotice();
  const action = useAction();
  const manage = may(realm, 'manage-realm');
  const [providerId, setProviderId] = useState(policy?.providerId ?? '');
  const provider = providers.find((one) => one.id === providerId);
  const [name, setName] = useState(policy?.name ?? '');
  const [named, setNamed] = useState(policy !== undefined);
  const [config, setConfig] = useState<Config>(policy?.config ?? {});
  const [shadow, setShadow] = useState(policy?.config?.['mode']?.[0] === 'shadow');
  useEffect(() => {
    if (!policy && provider) {
      setConfig(defaults(provider.properties));
    }
  }, [policy, provider]);

  const choose = (next: string) => {
    setProviderId(next);
    if (!named) {
      setName(next === '' ? '' : providerName(next));
    }
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      // A key without a value is removed: every setting is named.
      const settings = Object.fromEntries((provider?.properties ?? []).map((property) => [property.name, (config[property.name] ?? []).filter((value) => value.trim() !== '')]));
      const body = { name: name.trim(), config: { ...settings, mode: [shadow ? 'shadow' : 'enforce'] } };
      if (policy?.id) {
        await request(admin(realm, 'components', policy.id), { method: 'PUT', body });
      } else {
        await request(admin(realm, 'components'), { method: 'POST', body: { ...body, providerId, providerType: POLICY_TYPE, subType: set } });
      }
      notice(policy ? `“${body.name}” is saved` : `“${body.name}” is created`);
      navigate(list.slice(1));
    });
  };
  return (
    <Form isWidthLimited onSubmit={save}>
      <FormGroup label="Provider" fieldId="provider" isRequired>
        {policy ? (
          <TextInput id="provider" value={providerId} readOnly readOnlyVariant="default" />
        ) : (
          <FormSelect id="provider" value={providerId} onChange={(_, value) => choose(value)}>
            <FormSelectOption value="" label="Choose what the policy shall look at" isPlaceholder isDisabled />
            {providers.map(({ id }) => (
              <FormSelectOption key={id} value={id} label={`${providerName(id)} (${id})`} />
            ))}
          </FormSelect>
        )}
        {(provider || policy) && (
          <FormHelperText>
            <HelperText>
              {provider ? <HelperTextItem>{providerHelp(provider)}</HelperTextItem> : <HelperTextItem variant="warning">No component offers this provider: every registration of this set is refused. Upload the component, or delete the policy.</HelperTextItem>}
            </HelperText>
          </FormHelperText>
        )}
      </FormGroup>
      {(provider || policy) && (
        <>
          <FormGroup label="Name" fieldId="name" isRequired>
            <TextInput
              id="name"
              value={name}
              isRequired
              onChange={(_, value) => {
                setName(value);
                setNamed(true);
              }}
            />
            <FormHelperText>
              <HelperText>
                <HelperTextItem>Callers see it when the policy refuses them.</HelperTextItem>
              </HelperText>
            </FormHelperText>
          </FormGroup>
          {provider && <ProviderForm prefix="setting" provider={provider.id} properties={provider.properties} values={config} onChange={setConfig} />}
          <FormGroup fieldId="shadow">
            <Switch id="shadow" label="Only watches (shadow mode)" isChecked={shadow} onChange={(_, on) => setShadow(on)} />
            <FormHelperText>
              <HelperText>
                <HelperTextItem>The policy is asked and recorded, but changes nothing. Look at the decisions to see what it would do.</HelperTextItem>
              </HelperText>
            </FormHelperText>
          </FormGroup>
        </>
      )}
      <FormEnd action={action} values={[providerId, name, config, shadow]} role="manage-realm" ready={name.trim() !== '' && providerId !== '' && !any(providerId, provider?.properties ?? [], config)} manage={manage} back={list} />
    </Form>
  );
}
