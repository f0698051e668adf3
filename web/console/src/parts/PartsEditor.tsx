// A list of conditions or executors, each with the form of its provider.

import { useState } from 'react';
import { Button, Card, CardBody, CardHeader, CardTitle, Content, FormSelect, FormSelectOption, InputGroup, InputGroupItem } from '@patternfly/react-core';
import ArrowDownIcon from '@patternfly/react-icons/dist/esm/icons/arrow-down-icon';
import ArrowUpIcon from '@patternfly/react-icons/dist/esm/icons/arrow-up-icon';
import TrashIcon from '@patternfly/react-icons/dist/esm/icons/trash-icon';
import type { Config, Provider } from '../api/types';
import { any } from '../wording/problems';
import { defaults, ProviderForm } from './ProviderForm';

/** One of them while it is edited. */
export interface Part {
  id: string;
  config: Config;
  /** What was stored, with keys that no field shows. */
  before: Record<string, unknown>;
}

/** Whether all of them can work. */
export const work = (parts: Part[], providers: Provider[]) => parts.every((part) => !any(part.id, providers.find(({ id }) => id === part.id)?.properties ?? [], part.config));

interface Props {
  /** What they are, in the singular: "condition". */
  what: string;
  providers: Provider[];
  parts: Part[];
  readOnly: boolean;
  onChange(parts: Part[]): void;
}

export function PartsEditor({ what, providers, parts, readOnly, onChange }: Props) {
  const [next, setNext] = useState('');
  const replace = (index: number, part: Part) => onChange(parts.map((one, at) => (at === index ? part : one)));
  const move = (index: number, by: number) => {
    const order = [...parts];
    const [moved] = order.splice(index, 1);
    if (moved) {
      order.splice(index + by, 0, moved);
      onChange(order);
    }
  };
  const add = () => {
    const provider = providers.find(({ id }) => id === next);
    if (provider) {
      onChange([...parts, { id: provider.id, config: defaults(provider.properties), before: {} }]);
      setNext('');
    }
  };
  return (
    <div className="console-cards">
      {parts.map((part, index) => {
        const provider = providers.find(({ id }) => id === part.id);
        return (
          <Card key={`${part.id}-${index}`} isCompact>
            <CardHeader
              {...(!readOnly && {
                actions: {
                  actions: (
                    <>
                      <Button variant="plain" size="sm" aria-label={`Move ${part.id} up`} icon={<ArrowUpIcon />} isDisabled={index === 0} onClick={() => move(index, -1)} />
                      <Button variant="plain" size="sm" aria-label={`Move ${part.id} down`} icon={<ArrowDownIcon />} isDisabled={index === parts.length - 1} onClick={() => move(index, 1)} />
                      <Button variant="plain" size="sm" aria-label={`Remove ${part.id}`} icon={<TrashIcon />} onClick={() => onChange(parts.filter((_, at) => at !== index))} />
                    </>
                  ),
                },
              })}
            >
              <CardTitle component="h3">{part.id}</CardTitle>
            </CardHeader>
            <CardBody>
              <Content component="small">{provider?.helpText ?? `No component offers this ${what}.`}</Content>
              {provider && provider.properties.length > 0 && (
                <fieldset disabled={readOnly} className="console-fields">
                  <legend className="pf-v6-screen-reader">Settings of {part.id}</legend>
                  <ProviderForm prefix={`${what}-${index}`} provider={provider.id} properties={provider.properties} values={part.config} onChange={(config) => replace(index, { ...part, config })} />
                </fieldset>
              )}
            </CardBody>
          </Card>
        );
      })}
      {!readOnly && (
        <InputGroup>
          <InputGroupItem isFill>
            <FormSelect aria-label={`Kind of ${what}`} value={next} onChange={(_, value) => setNext(value)}>
              <FormSelectOption value="" label={`Choose a ${what}`.replace('a executor', 'an executor')} isPlaceholder />
              {providers.map(({ id }) => (
                <FormSelectOption key={id} value={id} label={id} />
              ))}
            </FormSelect>
          </InputGroupItem>
          <InputGroupItem>
            <Button variant="secondary" onClick={add} isDisabled={next === ''}>
              Add {what}
            </Button>
          </InputGroupItem>
        </InputGroup>
      )}
    </div>
  );
}
