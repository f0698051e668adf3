// A client made by an administrator: no registration policies, but client policies bind administrators too.

import { useState, type FormEvent } from 'react';
import { Form, FormGroup, FormSelect, FormSelectOption, PageSection, Switch, TextInput } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import type { Client } from '../api/types';
import { FormEnd } from '../parts/FormEnd';
import { Heading } from '../parts/Heading';
import { Hint } from '../parts/Hint';
import { useAction } from '../parts/load';
import { useNotice } from '../parts/notices';
import { TextList } from '../parts/TextList';
import { redirectUri } from '../wording/problems';

export default function CreateClient() {
  const { realm = '' } = useParams();
  const navigate = useNavigate();
  const notice = useNotice();
  const action = useAction();
  const [clientId, setClientId] = useState('');
  const [name, setName] = useState('');
  const [protocol, setProtocol] = useState('openid-connect');
  const [confidential, setConfidential] = useState(true);
  const [redirectUris, setRedirectUris] = useState<string[]>([]);
  const list = `/${encodeURIComponent(realm)}/clients`;

  // SAML knows other addresses than those that begin with a scheme.
  const check = protocol === 'saml' ? () => undefined : redirectUri;
  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const body = { clientId: clientId.trim(), name: name.trim(), protocol, ...(protocol !== 'saml' && { publicClient: !confidential }), redirectUris: redirectUris.map((uri) => uri.trim()).filter((uri) => uri !== '') };
      await request(admin(realm, 'clients'), { method: 'POST', body });
      notice(`${body.clientId} is created`);
      const [made] = await request<Client[]>(`${admin(realm, 'clients')}${query({ clientId: body.clientId })}`);
      navigate(made ? `${list}/${encodeURIComponent(made.id)}` : list);
    });
  };
  return (
    <>
      <Heading title="Create client" text="Registration policies do not apply to what administrators make; client policies do." above={[['Clients', `#${list}`]]} />
      <PageSection hasBodyWrapper={false}>
        <Form isWidthLimited onSubmit={save}>
          <FormGroup label="Type" fieldId="protocol">
            <FormSelect id="protocol" value={protocol} onChange={(_, value) => setProtocol(value)}>
              <FormSelectOption value="openid-connect" label="OpenID Connect" />
              <FormSelectOption value="saml" label="SAML" />
            </FormSelect>
          </FormGroup>
          <FormGroup label="Client ID" fieldId="client-id" isRequired>
            <TextInput id="client-id" value={clientId} isRequired autoFocus maxLength={255} onChange={(_, value) => setClientId(value)} />
          </FormGroup>
          <FormGroup label="Name" fieldId="name">
            <TextInput id="name" value={name} maxLength={255} onChange={(_, value) => setName(value)} />
          </FormGroup>
          {protocol !== 'saml' && (
            <FormGroup fieldId="confidential">
              <Switch id="confidential" label="Client authentication" isChecked={confidential} onChange={(_, on) => setConfidential(on)} />
              <Hint id="confidential" text={confidential ? 'It gets a secret, and must keep it.' : 'It has no secret: an app in a browser or on a phone.'} />
            </FormGroup>
          )}
          <FormGroup label="Valid redirect URIs" fieldId="redirect-uri">
            <TextList id="redirect-uri" label="Redirect URI" values={redirectUris} placeholder="https://app.example.com/callback" check={check} onChange={setRedirectUris} />
          </FormGroup>
          <FormEnd action={action} values={[clientId, name, protocol, confidential, redirectUris]} role="manage-clients" verb="Create" ready={clientId.trim() !== '' && redirectUris.every((uri) => check(uri) === undefined)} back={`#${list}`} />
        </Form>
      </PageSection>
    </>
  );
}
