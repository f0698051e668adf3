// The policies of the set that applies to the caller, in their order.

import { Alert, Button, Card, CardBody, CardTitle, Content, ExpandableSection, Form, FormSelect, FormSelectOption, Label } from '@patternfly/react-core';
import ArrowDownIcon from '@patternfly/react-icons/dist/esm/icons/arrow-down-icon';
import ArrowUpIcon from '@patternfly/react-icons/dist/esm/icons/arrow-up-icon';
import TrashIcon from '@patternfly/react-icons/dist/esm/icons/trash-icon';
import { useState } from 'react';
import type { RegistrationAuth } from '../engine/contract.js';
import type { Policy } from '../engine/policies.js';
import type { Engine } from './engine.js';
import { PolicyForm } from './policy-form.js';
import type { State } from './state.js';

interface Properties {
  engine: Engine;
  state: State;
  auth: RegistrationAuth;
  set: (changed: Partial<State>) => void;
  wrong: Map<number, string[]>;
}

/** See above. */
export function PolicyList({ engine, state, auth, set, wrong }: Properties) {
  const [open, setOpen] = useState<number>();
  const policies = state.policies[auth];
  const replace = (list: Policy[]) => set({ policies: { ...state.policies, [auth]: list } });
  const move = (at: number, to: number) => {
    const list = policies.toSpliced(at, 1);
    replace(list.toSpliced(to, 0, policies[at] as Policy));
    setOpen(undefined);
  };
  const providers = [...engine.set.policies.values()].map(({ description }) => description).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const add = (providerId: string) => {
    const provider = providers.find(({ id }) => id === providerId);
    const config = Object.fromEntries((provider?.properties ?? []).flatMap(({ name, defaultValue }) => (defaultValue === undefined ? [] : [[name, [String(JSON.parse(defaultValue))]]])));
    replace([...policies, { name: title(providerId), providerId, config }]);
    setOpen(policies.length);
  };
  return (
    <Card component="section" aria-labelledby="policies-title">
      <CardTitle component="h2" id="policies-title">
        Policies <Label isCompact>{auth === 'anonymous' ? 'for requests without a token' : 'for requests with a token'}</Label>
      </CardTitle>
      <CardBody>
        {policies.length === 0 && <Content component="p">No policy judges this request. Add one below, to see what it says.</Content>}
        <ol className="policies">
          {policies.map((policy, at) => {
            const offered = engine.set.policies.get(policy.providerId);
            const errors = wrong.get(at);
            return (
              <li key={`${auth}-${at}`}>
                <div className="policy-line">
                  <ExpandableSection
                    className="policy"
                    toggleId={`policy-${at}-toggle`}
                    contentId={`policy-${at}`}
                    isExpanded={open === at}
                    onToggle={(_, expanded) => setOpen(expanded ? at : undefined)}
                    toggleContent={
                      <span className="policy-name">
                        {policy.name || '(no name)'} <span className="provider-id">{policy.providerId}</span>
                        {policy.config.mode?.[0] === 'shadow' && (
                          <Label isCompact color="purple">
                            only watched
                          </Label>
                        )}
                        {!offered && (
                          <Label isCompact status="danger">
                            component missing
                          </Label>
                        )}
                        {errors && (
                          <Label isCompact status="danger">
                            configuration refused
                          </Label>
                        )}
                      </span>
                    }
                  >
                    {open === at && (
                      <>
                        {errors && (
                          <Alert component="h3" variant="danger" isInline isPlain title="The server refuses this configuration">
                            {errors.join(' ')}
                          </Alert>
                        )}
                        <PolicyForm at={at} policy={policy} offered={offered} state={state} onChange={(changed) => replace(policies.with(at, changed))} />
                      </>
                    )}
                  </ExpandableSection>
                  <span className="policy-actions">
                    <Button variant="plain" size="sm" aria-label={`Move ${policy.name} up`} isDisabled={at === 0} icon={<ArrowUpIcon />} onClick={() => move(at, at - 1)} />
                    <Button variant="plain" size="sm" aria-label={`Move ${policy.name} down`} isDisabled={at === policies.length - 1} icon={<ArrowDownIcon />} onClick={() => move(at, at + 1)} />
                    <Button
                      variant="plain"
                      size="sm"
                      aria-label={`Remove ${policy.name}`}
                      icon={<TrashIcon />}
                      onClick={() => {
                        replace(policies.toSpliced(at, 1));
                        setOpen(undefined);
                      }}
                    />
                  </span>
                </div>
              </li>
            );
          })}
        </ol>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FormSelect aria-label="Add a policy" id="add-policy" value="" onChange={(_, id) => id !== '' && add(id)}>
            <FormSelectOption value="" label="Add a policy…" isPlaceholder />
            {providers.map(({ id }) => (
              <FormSelectOption key={id} value={id} label={id} />
            ))}
          </FormSelect>
        </Form>
      </CardBody>
    </Card>
  );
}

/** A name for a new policy: `max-clients` is `Max Clients`. */
function title(id: string): string {
  return id.replaceAll('-', ' ').replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
