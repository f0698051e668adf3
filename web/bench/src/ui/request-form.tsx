// Provider, operation and documents.

import { Card, CardBody, CardTitle, Form, FormGroup, FormSelect, FormSelectOption, FormSelectOptionGroup, Grid, GridItem, TextInput, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import type { Operation } from '../engine/contract.js';
import { EXAMPLES } from '../examples/examples.js';
import type { Engine } from './engine.js';
import { CodeField } from './code-field.js';
import { shownExample, type State, withExample } from './state.js';

const OPERATIONS: Record<Operation, string> = { register: 'Register', read: 'Read', update: 'Update', delete: 'Delete' };

/** Providers with their names for people. */
const TITLES: Record<string, string> = {
  'openid-connect': 'OpenID Connect and RFC 7591',
  default: "Keycloak's ClientRepresentation",
  'client-id-metadata-document': 'what a client publishes',
  'saml2-entity-descriptor': 'SAML 2.0 metadata',
  install: 'adapter configuration',
};
const titled = (id: string) => (TITLES[id] ? `${id}: ${TITLES[id]}` : id);

interface Properties {
  engine: Engine;
  state: State;
  set: (changed: Partial<State>) => void;
  setState: (change: (state: State) => State) => void;
}

/** The request. */
export function RequestForm({ engine, state, set, setState }: Properties) {
  const providers = [...engine.set.providers.values()].map(({ description }) => description);
  const provider = providers.find(({ id }) => id === state.provider);
  const choose = (id: string) => {
    const chosen = providers.find((one) => one.id === id);
    const operation = chosen && !chosen.operations.includes(state.operation) ? (chosen.operations[0] ?? state.operation) : state.operation;
    const contentType = chosen?.contentTypes[0] ?? state.document.contentType;
    set({ provider: id, operation, document: { ...state.document, contentType } });
  };
  const hasDocument = state.operation === 'register' || state.operation === 'update';
  const formats = [...new Set(EXAMPLES.map((example) => example.provider))];
  return (
    <Card component="section" aria-labelledby="request-title">
      <CardTitle component="h2" id="request-title">
        Request
      </CardTitle>
      <CardBody>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FormGroup label="Begin with an example" fieldId="example">
            <FormSelect
              id="example"
              value={shownExample(state)?.id ?? ''}
              onChange={(_, id) => {
                const example = EXAMPLES.find((one) => one.id === id);
                if (example) setState((current) => withExample(current, example));
              }}
            >
              <FormSelectOption value="" label="Choose an example…" isPlaceholder />
              {formats.map((format) => (
                <FormSelectOptionGroup key={format} label={titled(format)}>
                  {EXAMPLES.filter((example) => example.provider === format).map(({ id, title }) => (
                    <FormSelectOption key={id} value={id} label={title} />
                  ))}
                </FormSelectOptionGroup>
              ))}
            </FormSelect>
          </FormGroup>
          <Grid hasGutter>
            <GridItem span={12}>
              <FormGroup label="Provider (document format)" fieldId="provider">
                <FormSelect id="provider" value={state.provider} onChange={(_, id) => choose(id)}>
                  {!provider && <FormSelectOption value={state.provider} label={`${state.provider} (its component is not here)`} />}
                  {providers.map(({ id }) => (
                    <FormSelectOption key={id} value={id} label={titled(id)} />
                  ))}
                </FormSelect>
              </FormGroup>
            </GridItem>
            <GridItem span={12}>
              <FormGroup label="Operation" role="group" fieldId="operation">
                <ToggleGroup aria-label="Operation" id="operation" className="operations">
                  {(Object.keys(OPERATIONS) as Operation[]).map((operation) => (
                    <ToggleGroupItem
                      key={operation}
                      text={OPERATIONS[operation]}
                      buttonId={`operation-${operation}`}
                      isSelected={state.operation === operation}
                      isDisabled={provider ? !provider.operations.includes(operation) : false}
                      onChange={() => set({ operation })}
                    />
                  ))}
                </ToggleGroup>
              </FormGroup>
            </GridItem>
          </Grid>
          {hasDocument && (
            <>
              <CodeField
                id="document"
                label="Document"
                value={state.document.text}
                rows={10}
                onChange={(text) => set({ document: { ...state.document, text } })}
                {...(state.document.text.trim() === '' ? { help: 'Paste a document, or choose an example above.' } : {})}
              />
              <FormGroup label="Content-Type" fieldId="content-type">
                <TextInput id="content-type" value={state.document.contentType} onChange={(_, contentType) => set({ document: { ...state.document, contentType } })} />
              </FormGroup>
            </>
          )}
          {state.operation !== 'register' && (
            <>
              <FormGroup label="The stored client was registered with provider" fieldId="stored-provider">
                <FormSelect id="stored-provider" value={state.stored.provider} onChange={(_, id) => set({ stored: { ...state.stored, provider: id } })}>
                  {providers
                    .filter(({ operations }) => operations.includes('register'))
                    .map(({ id }) => (
                      <FormSelectOption key={id} value={id} label={titled(id)} />
                    ))}
                </FormSelect>
              </FormGroup>
              <CodeField
                id="stored"
                label="and with this document"
                value={state.stored.document.text}
                help="The client as it is stored comes from this document, without any policy."
                onChange={(text) => set({ stored: { ...state.stored, document: { contentType: text.trimStart().startsWith('<') ? 'application/xml' : 'application/json', text } } })}
              />
            </>
          )}
        </Form>
      </CardBody>
    </Card>
  );
}
