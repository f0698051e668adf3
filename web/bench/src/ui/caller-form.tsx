// Who asks. The bench takes it as given: tokens are not checked here.

import { Card, CardBody, CardTitle, Form, FormGroup, FormHelperText, FormSelect, FormSelectOption, Grid, GridItem, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core';
import type { CallerKind, RegistrationAuth } from '../engine/contract.js';
import { CALLER_KINDS, type State } from './state.js';

interface Properties {
  state: State;
  set: (changed: Partial<State>) => void;
}

/** Whether it is an IPv4 or an IPv6 address. */
function isAddress(text: string): boolean {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (four) return four.slice(1).every((part) => Number(part) <= 255);
  return text.includes(':') && URL.canParse(`http://[${text}]`);
}

/** The caller. */
export function CallerForm({ state, set }: Properties) {
  const { caller } = state;
  const change = (changed: Partial<State['caller']>) => set({ caller: { ...caller, ...changed } });
  const words = (text: string) => text.split(',').map((word) => word.trim()).filter((word) => word !== '');
  return (
    <Card component="section" aria-labelledby="caller-title">
      <CardTitle component="h2" id="caller-title">
        Caller
      </CardTitle>
      <CardBody>
        <Form onSubmit={(event) => event.preventDefault()}>
          <Grid hasGutter>
            <GridItem span={12} md={6}>
              <FormGroup label="Comes with" fieldId="caller-kind">
                <FormSelect id="caller-kind" value={caller.kind} onChange={(_, kind) => change({ kind: kind as CallerKind })}>
                  {Object.entries(CALLER_KINDS).map(([kind, title]) => (
                    <FormSelectOption key={kind} value={kind} label={title} />
                  ))}
                </FormSelect>
              </FormGroup>
            </GridItem>
            <GridItem span={12} md={6}>
              <FormGroup label="Network address" fieldId="caller-address">
                <TextInput id="caller-address" value={caller.address} validated={isAddress(caller.address) ? 'default' : 'error'} aria-describedby="caller-address-help" onChange={(_, address) => change({ address })} />
                <FormHelperText>
                  <HelperText id="caller-address-help" isLiveRegion>
                    {!isAddress(caller.address) && <HelperTextItem variant="error">This is no IP address: no caller has it.</HelperTextItem>}
                  </HelperText>
                </FormHelperText>
              </FormGroup>
            </GridItem>
            {caller.kind === 'registration-access-token' && (
              <GridItem span={12} md={6}>
                <FormGroup label="The client was registered" fieldId="registered-as">
                  <FormSelect id="registered-as" value={state.registeredAs} onChange={(_, auth) => set({ registeredAs: auth as RegistrationAuth })}>
                    <FormSelectOption value="anonymous" label="without a token" />
                    <FormSelectOption value="authenticated" label="with a token" />
                  </FormSelect>
                </FormGroup>
              </GridItem>
            )}
            {caller.kind === 'bearer' && (
              <>
                <GridItem span={12} md={6}>
                  <FormGroup label="Roles, with commas between them" fieldId="caller-roles">
                    <TextInput id="caller-roles" defaultValue={caller.roles.join(', ')} onChange={(_, text) => change({ roles: words(text) })} />
                  </FormGroup>
                </GridItem>
                <GridItem span={12} md={6}>
                  <FormGroup label="Groups, with commas between them" fieldId="caller-groups">
                    <TextInput id="caller-groups" defaultValue={caller.groups.join(', ')} onChange={(_, text) => change({ groups: words(text) })} />
                  </FormGroup>
                </GridItem>
              </>
            )}
            <GridItem span={12} md={6}>
              <FormGroup label="Origin header (browsers send it)" fieldId="caller-origin">
                <TextInput id="caller-origin" value={caller.origin ?? ''} placeholder="https://app.example.com" onChange={(_, origin) => change({ origin })} />
              </FormGroup>
            </GridItem>
          </Grid>
        </Form>
      </CardBody>
    </Card>
  );
}
