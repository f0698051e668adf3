// A new realm. It begins with policies that keep anonymous callers out.

import { useState, type FormEvent } from 'react';
import { Form, FormGroup, PageSection, Switch, TextInput } from '@patternfly/react-core';
import { useNavigate } from 'react-router';
import { admin, request } from '../api/http';
import { FormEnd } from '../parts/FormEnd';
import { Heading } from '../parts/Heading';
import { Hint, wrong } from '../parts/Hint';
import { useAction } from '../parts/load';
import { useNotice } from '../parts/notices';
import { useSession } from '../session';
import { realmName } from '../wording/problems';

export default function CreateRealm() {
  const { refresh } = useSession();
  const navigate = useNavigate();
  const notice = useNotice();
  const action = useAction();
  const [name, setName] = useState('');
  const [enabled, setEnabled] = useState(true);
  const problem = realmName(name);
  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await request(admin(), { method: 'POST', body: { realm: name.trim(), enabled } });
      await refresh();
      notice(`Realm “${name.trim()}” is created`);
      navigate(`/${encodeURIComponent(name.trim())}`);
    });
  };
  return (
    <>
      <Heading title="Create realm" text="A realm has clients, users and policies of its own. It begins with policies that keep anonymous callers out." />
      <PageSection hasBodyWrapper={false}>
        <Form isWidthLimited onSubmit={save}>
          <FormGroup label="Realm name" fieldId="name" isRequired>
            <TextInput id="name" value={name} isRequired autoFocus {...wrong('name', problem)} onChange={(_, value) => setName(value)} />
            <Hint id="name" text="It is a part of addresses: letters, digits, dots and dashes are best." problem={problem} />
          </FormGroup>
          <FormGroup fieldId="enabled">
            <Switch id="enabled" label="Enabled" isChecked={enabled} onChange={(_, on) => setEnabled(on)} />
          </FormGroup>
          <FormEnd action={action} values={[name, enabled]} role="create-realm" verb="Create" ready={name.trim() !== '' && problem === undefined} back="#/" />
        </Form>
      </PageSection>
    </>
  );
}
