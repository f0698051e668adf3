// One client profile: the executors that it consists of.

import { useState, type FormEvent } from 'react';
import { Alert, Form, FormSection, PageSection } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import type { Profile } from '../api/types';
import { FormEnd } from '../parts/FormEnd';
import { Heading } from '../parts/Heading';
import { Missing, Show, useAction, useLoad } from '../parts/load';
import { NamedFields } from '../parts/NamedFields';
import { useNotice } from '../parts/notices';
import { PartsEditor, work, type Part } from '../parts/PartsEditor';
import { useSession } from '../session';
import { fromForm, load, storeProfiles, toForm, type Documents } from './clientPolicies';

export default function ClientProfile() {
  const { realm = '', name } = useParams();
  const documents = useLoad((signal) => load(realm, signal), [realm]);
  const list = `#/${encodeURIComponent(realm)}/client-policies`;
  return (
    <>
      <Heading title={name ?? 'Create client profile'} text="A list of executors: what clients must be like." above={[['Client policies', list]]} />
      <PageSection hasBodyWrapper={false}>
        <Show from={documents} what="the profile" role="view-realm">
          {(data) => {
            const own = data.profiles.find((one) => one.name === name);
            const global = data.globalProfiles.find((one) => one.name === name);
            return name !== undefined && !own && !global ? <Missing what="client profile" name={name} /> : <ProfileForm key={name ?? ''} documents={data} profile={own ?? global} global={global !== undefined && !own} list={list} />;
          }}
        </Show>
      </PageSection>
    </>
  );
}

function ProfileForm({ documents, profile, global, list }: { documents: Documents; profile: Profile | undefined; global: boolean; list: string }) {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const navigate = useNavigate();
  const notice = useNotice();
  const action = useAction();
  const manage = may(realm, 'manage-realm') && !global;
  const [named, setNamed] = useState({ name: profile?.name ?? '', description: profile?.description ?? '' });
  const [parts, setParts] = useState<Part[]>((profile?.executors ?? []).map(({ executor, configuration }) => ({ id: executor, config: toForm(configuration), before: configuration ?? {} })));

  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const executors = parts.map(({ id, config, before }) => ({ executor: id, configuration: fromForm(documents.executors.find((one) => one.id === id)?.properties ?? [], config, before) }));
      const next: Profile = { ...profile, name: named.name.trim(), description: named.description.trim(), executors };
      await storeProfiles(realm, profile ? documents.profiles.map((one) => (one.name === profile.name ? next : one)) : [...documents.profiles, next]);
      notice(`The profile “${next.name}” is saved`);
      navigate(list.slice(1));
    });
  };
  return (
    <Form isWidthLimited onSubmit={save}>
      {global && (
        <Alert isInline variant="info" title="A profile of the server" component="p">
          It is the same in every realm and cannot be changed. Policies can use it as it is.
        </Alert>
      )}
      <NamedFields value={named} readOnly={!manage} onChange={setNamed} />
      <FormSection title="Executors, in the order in which they run" titleElement="h2">
        <PartsEditor what="executor" providers={documents.executors} parts={parts} readOnly={!manage} onChange={setParts} />
      </FormSection>
      <FormEnd action={action} values={[named, parts]} role="manage-realm" ready={named.name.trim() !== '' && work(parts, documents.executors)} manage={manage} back={list} />
    </Form>
  );
}
