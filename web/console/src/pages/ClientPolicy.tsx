// One client policy: its conditions, and the profiles that they lead to.

import { useState, type FormEvent } from 'react';
import { Form, FormGroup, FormSection, PageSection, Switch } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import type { ClientPolicy as PolicyDocument } from '../api/types';
import { FormEnd } from '../parts/FormEnd';
import { Heading } from '../parts/Heading';
import { Hint } from '../parts/Hint';
import { Missing, Show, useAction, useLoad } from '../parts/load';
import { ManyOf } from '../parts/ManyOf';
import { NamedFields } from '../parts/NamedFields';
import { useNotice } from '../parts/notices';
import { PartsEditor, work, type Part } from '../parts/PartsEditor';
import { useSession } from '../session';
import { fromForm, load, storePolicies, toForm, type Documents } from './clientPolicies';

export default function ClientPolicy() {
  const { realm = '', name } = useParams();
  const documents = useLoad((signal) => load(realm, signal), [realm]);
  const list = `#/${encodeURIComponent(realm)}/client-policies/policies`;
  return (
    <>
      <Heading title={name ?? 'Create client policy'} text="Its profiles are demanded where its conditions hold." above={[['Client policies', list]]} />
      <PageSection hasBodyWrapper={false}>
        <Show from={documents} what="the policy" role="view-realm">
          {(data) => {
            const policy = data.policies.find((one) => one.name === name);
            return name !== undefined && !policy ? <Missing what="client policy" name={name} /> : <PolicyForm key={name ?? ''} documents={data} policy={policy} list={list} />;
          }}
        </Show>
      </PageSection>
    </>
  );
}

function PolicyForm({ documents, policy, list }: { documents: Documents; policy: PolicyDocument | undefined; list: string }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const navigate = useNavigate();
  const notice = useNotice();
  const action = useAction();
  const manage = may(realm, 'manage-realm');
  const [named, setNamed] = useState({ name: policy?.name ?? '', description: policy?.description ?? '' });
  const [enabled, setEnabled] = useState(policy?.enabled ?? true);
  const [profiles, setProfiles] = useState(policy?.profiles ?? []);
  const [parts, setParts] = useState<Part[]>((policy?.conditions ?? []).map(({ condition, configuration }) => ({ id: condition, config: toForm(configuration), before: configuration ?? {} })));

  const idle = !enabled ? undefined : parts.length === 0 ? 'Without a condition the policy never applies. Add one, or switch the policy off to save it for later.' : profiles.length === 0 ? 'Without a profile the policy demands nothing. Choose one, or switch the policy off to save it for later.' : undefined;

  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const conditions = parts.map(({ id, config, before }) => ({ condition: id, configuration: fromForm(documents.conditions.find((one) => one.id === id)?.properties ?? [], config, before) }));
      const next: PolicyDocument = { ...policy, name: named.name.trim(), description: named.description.trim(), enabled, conditions, profiles };
      const others = documents.policies;
      await storePolicies(realm, policy ? others.map((one) => (one.name === policy.name ? next : one)) : [...others, next]);
      notice(`The policy “${next.name}” is saved`);
      navigate(list.slice(1));
    });
  };
  return (
    <Form isWidthLimited onSubmit={save}>
      <NamedFields value={named} readOnly={!manage} onChange={setNamed} />
      <FormGroup fieldId="enabled">
        <Switch id="enabled" label="Enabled" isChecked={enabled} isDisabled={!manage} onChange={(_, on) => setEnabled(on)} />
        <Hint id="enabled" problem={idle} />
      </FormGroup>
      <FormSection title="Conditions: all must hold" titleElement="h2">
        <PartsEditor what="condition" providers={documents.conditions} parts={parts} readOnly={!manage} onChange={setParts} />
      </FormSection>
      <FormSection title="Profiles that are demanded then" titleElement="h2">
        <FormGroup label="Client profiles" fieldId="profiles">
          <ManyOf id="profiles" label="Client profiles" options={[...documents.profiles, ...documents.globalProfiles].map((profile) => profile.name)} values={profiles} onChange={setProfiles} />
        </FormGroup>
      </FormSection>
      <FormEnd action={action} values={[named, enabled, parts, profiles]} role="manage-realm" ready={named.name.trim() !== '' && work(parts, documents.conditions) && idle === undefined} manage={manage} back={list} />
    </Form>
  );
}
