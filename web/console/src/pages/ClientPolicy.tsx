// One client policy: its conditions, and the profiles that they lead to.

import { useState, type FormEvent } from 'react';
import { ActionGroup, Button, Form, FormGroup, FormSection, PageSection, Switch, TextInput } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { ApiError } from '../api/http';
import type { ClientPolicy as PolicyDocument } from '../api/types';
import { Heading } from '../parts/Heading';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { ManyOf } from '../parts/ManyOf';
import { useNotice } from '../parts/notices';
import { PartsEditor, type Part } from '../parts/PartsEditor';
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
            return name !== undefined && !policy ? <Failure error={new ApiError(404, `There is no client policy “${name}”.`, 'It may have been deleted or renamed meanwhile. Go back to the list.')} /> : <PolicyForm key={name ?? ''} documents={data} policy={policy} list={list} />;
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
  const [name, setName] = useState(policy?.name ?? '');
  const [description, setDescription] = useState(policy?.description ?? '');
  const [enabled, setEnabled] = useState(policy?.enabled ?? true);
  const [profiles, setProfiles] = useState(policy?.profiles ?? []);
  const [parts, setParts] = useState<Part[]>((policy?.conditions ?? []).map(({ condition, configuration }) => ({ id: condition, config: toForm(configuration), before: configuration ?? {} })));

  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const conditions = parts.map(({ id, config, before }) => ({ condition: id, configuration: fromForm(documents.conditions.find((one) => one.id === id)?.properties ?? [], config, before) }));
      const next: PolicyDocument = { ...policy, name: name.trim(), description: description.trim(), enabled, conditions, profiles };
      const others = documents.policies;
      await storePolicies(realm, policy ? others.map((one) => (one.name === policy.name ? next : one)) : [...others, next]);
      notice(`The policy “${next.name}” is saved`);
      navigate(list.slice(1));
    });
  };
  return (
    <Form isWidthLimited onSubmit={save}>
      <FormGroup label="Name" fieldId="name" isRequired>
        <TextInput id="name" value={name} isRequired readOnly={!manage} onChange={(_, value) => setName(value)} />
      </FormGroup>
      <FormGroup label="Description" fieldId="description">
        <TextInput id="description" value={description} readOnly={!manage} onChange={(_, value) => setDescription(value)} />
      </FormGroup>
      <FormGroup fieldId="enabled">
        <Switch id="enabled" label="Enabled" isChecked={enabled} isDisabled={!manage} onChange={(_, on) => setEnabled(on)} />
      </FormGroup>
      <FormSection title="Conditions: all must hold" titleElement="h2">
        <PartsEditor what="condition" providers={documents.conditions} parts={parts} readOnly={!manage} onChange={setParts} />
      </FormSection>
      <FormSection title="Profiles that are demanded then" titleElement="h2">
        <FormGroup label="Client profiles" fieldId="profiles">
          <ManyOf id="profiles" label="Client profiles" options={[...documents.profiles, ...documents.globalProfiles].map((profile) => profile.name)} values={profiles} onChange={setProfiles} />
        </FormGroup>
      </FormSection>
      {action.error && <Failure error={action.error} role="manage-realm" />}
      <ActionGroup>
        {manage && (
          <Button type="submit" isLoading={action.busy} isDisabled={action.busy || name.trim() === ''}>
            Save
          </Button>
        )}
        <Button variant="link" component="a" href={list}>
          Cancel
        </Button>
      </ActionGroup>
    </Form>
  );
}
