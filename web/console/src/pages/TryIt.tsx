// A dry run: what would happen to a request. Nothing is stored, no token is spent.

import { useState, type FormEvent } from 'react';
import { ActionGroup, Alert, Button, Card, CardBody, CardTitle, Form, FormGroup, FormSelect, FormSelectOption, Grid, GridItem, PageSection, TextArea, TextInput } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Caller, CallerKind, DryRun } from '../api/types';
import { ClientPolicyEvaluations } from '../parts/ClientPolicyEvaluations';
import { Evaluations } from '../parts/Evaluations';
import { Heading } from '../parts/Heading';
import { Hint, wrong } from '../parts/Hint';
import { Failure, useAction } from '../parts/load';
import { Sentences } from '../parts/Sentences';
import { sentences } from '../wording/decisions';
import { ipAddress, webOrigin } from '../wording/problems';

const kinds: Record<string, [CallerKind, string][]> = {
  anonymous: [
    ['anonymous', 'Nobody: no token'],
    ['registration-access-token', 'The client itself, with its registration access token'],
  ],
  authenticated: [
    ['initial-access-token', 'Somebody with an initial access token'],
    ['bearer', 'Somebody with an account'],
  ],
};

const providers: [string, string, string, string][] = [
  ['openid-connect', 'OpenID Connect metadata (openid-connect)', 'application/json', '{\n  "client_name": "My app",\n  "redirect_uris": [\n    "https://app.example.com/callback"\n  ]\n}'],
  ['default', 'Keycloak JSON (default)', 'application/json', '{\n  "clientId": "my-app",\n  "redirectUris": [\n    "https://app.example.com/callback"\n  ]\n}'],
  [
    'saml2-entity-descriptor',
    'SAML metadata (saml2-entity-descriptor)',
    'application/xml',
    '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://app.example.com/saml">\n  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\n    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://app.example.com/acs" index="1"/>\n  </md:SPSSODescriptor>\n</md:EntityDescriptor>',
  ],
];

const outcomes = {
  accept: ['success', 'It would be let through'],
  hold: ['warning', 'It would wait for an administrator'],
  reject: ['danger', 'It would be refused'],
} as const;

export default function TryIt() {
  const { realm = '', set = 'anonymous' } = useParams();
  const action = useAction();
  const [provider, setProvider] = useState('openid-connect');
  const [operation, setOperation] = useState('register');
  const [clientId, setClientId] = useState('');
  const [document, setDocument] = useState(providers[0]?.[3] ?? '');
  const [kind, setKind] = useState<CallerKind>(kinds[set]?.[0]?.[0] ?? 'anonymous');
  const [address, setAddress] = useState('203.0.113.9');
  const [origin, setOrigin] = useState('');
  const [result, setResult] = useState<{ answer: DryRun; caller: Caller }>();
  const list = `#/${encodeURIComponent(realm)}/clients/registration/${set}`;
  const problems = { address: ipAddress(address), origin: webOrigin(origin) };
  const hasDocument = operation === 'register' || operation === 'update';

  const choose = (next: string) => {
    const untouched = providers.some(([, , , example]) => example === document);
    setProvider(next);
    if (untouched) {
      setDocument(providers.find(([id]) => id === next)?.[3] ?? '');
    }
  };
  const run = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const caller: Caller = { kind, address: address.trim(), ...(origin.trim() !== '' && { origin: origin.trim() }) };
      const body = {
        provider,
        operation,
        caller: { ...caller, ...(caller.address === '' && { address: undefined }) },
        ...(hasDocument && { contentType: providers.find(([id]) => id === provider)?.[2], document }),
        ...(operation !== 'register' && { clientId: clientId.trim() }),
      };
      setResult({ answer: await request<DryRun>(admin(realm, 'client-registration-policy', 'evaluate'), { method: 'POST', body }), caller: { ...caller, address: caller.address || 'your address' } });
      requestAnimationFrame(() => globalThis.document.getElementById('result')?.focus());
    });
  };
  return (
    <>
      <Heading
        title="Try it"
        text={`What the ${set} access policies would say to a request. Nothing is stored, and no token is spent.`}
        above={[
          ['Clients', `#/${encodeURIComponent(realm)}/clients`],
          ['Client registration', list],
        ]}
      />
      <PageSection hasBodyWrapper={false}>
        <Grid hasGutter>
          <GridItem xl={6}>
            <Form onSubmit={run}>
              <FormGroup label="What is sent" fieldId="provider">
                <FormSelect id="provider" value={provider} onChange={(_, value) => choose(value)}>
                  {providers.map(([id, caption]) => (
                    <FormSelectOption key={id} value={id} label={caption} />
                  ))}
                </FormSelect>
              </FormGroup>
              <FormGroup label="What is asked for" fieldId="operation">
                <FormSelect id="operation" value={operation} onChange={(_, value) => setOperation(value)}>
                  <FormSelectOption value="register" label="Register a new client" />
                  <FormSelectOption value="update" label="Update a client" />
                  <FormSelectOption value="read" label="Read a client" />
                  <FormSelectOption value="delete" label="Delete a client" />
                </FormSelect>
              </FormGroup>
              {operation !== 'register' && (
                <FormGroup label="Client ID" fieldId="client-id" isRequired>
                  <TextInput id="client-id" value={clientId} isRequired onChange={(_, value) => setClientId(value)} />
                </FormGroup>
              )}
              {hasDocument && (
                <FormGroup label="Document" fieldId="document">
                  <TextArea id="document" className="console-code" rows={10} value={document} onChange={(_, value) => setDocument(value)} spellCheck={false} resizeOrientation="vertical" />
                </FormGroup>
              )}
              <FormGroup label="Who asks" fieldId="kind">
                <FormSelect id="kind" value={kind} onChange={(_, value) => setKind(value as CallerKind)}>
                  {kinds[set]?.map(([value, caption]) => (
                    <FormSelectOption key={value} value={value} label={caption} />
                  ))}
                </FormSelect>
              </FormGroup>
              <FormGroup label="From which address" fieldId="address">
                <TextInput id="address" value={address} {...wrong('address', problems.address)} onChange={(_, value) => setAddress(value)} />
                <Hint id="address" text="IPv4 or IPv6. Empty: your own." problem={problems.address} />
              </FormGroup>
              <FormGroup label="From a page of" fieldId="origin">
                <TextInput id="origin" value={origin} placeholder="https://app.example.com" {...wrong('origin', problems.origin)} onChange={(_, value) => setOrigin(value)} />
                <Hint id="origin" text="The origin that a browser sends. Empty: no browser." problem={problems.origin} />
              </FormGroup>
              {action.error && <Failure error={action.error} role="view-realm and view-clients" />}
              <ActionGroup>
                <Button type="submit" isLoading={action.busy} isDisabled={action.busy || problems.address !== undefined || problems.origin !== undefined || (operation !== 'register' && clientId.trim() === '')}>
                  Try it
                </Button>
              </ActionGroup>
            </Form>
          </GridItem>
          <GridItem xl={6}>{result && <Result {...result} />}</GridItem>
          {result && (
            <GridItem>
              <Particulars answer={result.answer} />
            </GridItem>
          )}
        </Grid>
      </PageSection>
    </>
  );
}

function Result({ answer, caller }: { answer: DryRun; caller: Caller }) {
  const [variant, title] = outcomes[answer.decision];
  const { violations, policies, clientPolicies, failure, watched } = answer;
  const said = sentences({ caller, violations, policies, ...(clientPolicies && { clientPolicies }), ...(failure && { failure }), ...(watched && { watched }) });
  return (
    <section id="result" tabIndex={-1} aria-label="What would happen" className="console-cards">
      <Alert isInline variant={variant} title={title} component="h2">
        The caller would be answered {answer.status}
        {answer.error && (
          <>
            {' '}
            <code>{answer.error}</code>
          </>
        )}
        {answer.error_description && `: ${answer.error_description}`}
      </Alert>
      {said.length > 0 && (
        <Card isCompact>
          <CardTitle component="h3">In words</CardTitle>
          <CardBody>
            <Sentences sentences={said} />
          </CardBody>
        </Card>
      )}
    </section>
  );
}

/** What led to it, and to what it leads: wide tables. */
function Particulars({ answer }: { answer: DryRun }) {
  return (
    <section aria-label="Particulars" className="console-cards">
      {answer.clientPolicies && answer.clientPolicies.length > 0 && (
        <Card isCompact>
          <CardTitle component="h3">Client policies</CardTitle>
          <CardBody>
            <ClientPolicyEvaluations policies={answer.clientPolicies} />
          </CardBody>
        </Card>
      )}
      {answer.policies.length > 0 && (
        <Card isCompact>
          <CardTitle component="h3">Policy by policy</CardTitle>
          <CardBody>
            <Evaluations policies={answer.policies} />
          </CardBody>
        </Card>
      )}
      {answer.after !== null && (
        <Card isCompact>
          <CardTitle component="h3">The client as it would be stored</CardTitle>
          <CardBody>
            <pre className="console-pre" tabIndex={0} aria-label="The client as it would be stored">
              {JSON.stringify(answer.after, null, 2)}
            </pre>
          </CardBody>
        </Card>
      )}
    </section>
  );
}
