// The realm, what the world outside would answer, and client policies.

import { Card, CardBody, CardTitle, Content, ExpandableSection, Form, FormGroup, TextInput } from '@patternfly/react-core';
import { CodeField } from './code-field.js';
import type { InvalidJson, State } from './state.js';
import { TITLES } from './use-outcome.js';

interface Properties {
  state: State;
  set: (changed: Partial<State>) => void;
  invalid: InvalidJson | undefined;
}

/** See above. */
export function RealmForm({ state, set, invalid }: Properties) {
  const error = (field: InvalidJson['field']) => (invalid?.field === field ? `No valid JSON: ${invalid.message}` : undefined);
  return (
    <Card component="section" aria-labelledby="realm-title">
      <CardTitle component="h2" id="realm-title">
        Realm
      </CardTitle>
      <CardBody>
        <ExpandableSection toggleText={TITLES.facts} toggleId="facts-toggle" contentId="facts-content" displaySize="default">
          <Form onSubmit={(event) => event.preventDefault()}>
            <Content component="p">The bench asks no name server and fetches nothing: it answers components from here. What is not here is answered empty.</Content>
            <FormGroup label="Name of the realm" fieldId="realm-name">
              <TextInput id="realm-name" value={state.realmName} onChange={(_, realmName) => set({ realmName })} />
            </FormGroup>
            <CodeField id="facts" label="Answers" value={state.facts} rows={12} error={error('facts')} help="client-count, addresses-of and names-of (DNS), fetch, client-scopes, settings and attributes of the realm; as in tests/cases." onChange={(facts) => set({ facts })} />
          </Form>
        </ExpandableSection>
        <ExpandableSection toggleText="Client policies (profiles, conditions, executors)" toggleId="client-policies-toggle" contentId="client-policies-content">
          <Form onSubmit={(event) => event.preventDefault()}>
            <Content component="p">As in Keycloak's Admin API. The server's own profiles (fapi-1-baseline, fapi-1-advanced, …) can be named by policies too.</Content>
            <CodeField id="profiles" label={TITLES.profiles} value={state.profiles} error={error('profiles')} onChange={(profiles) => set({ profiles })} />
            <CodeField id="client-policies" label={TITLES.clientPolicies} value={state.clientPolicies} error={error('clientPolicies')} onChange={(clientPolicies) => set({ clientPolicies })} />
          </Form>
        </ExpandableSection>
      </CardBody>
    </Card>
  );
}
