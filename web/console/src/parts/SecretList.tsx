// A few secrets, newest first: a new one is added at the top.

import { useRef } from 'react';
import { Button, InputGroup, InputGroupItem } from '@patternfly/react-core';
import MinusCircleIcon from '@patternfly/react-icons/dist/esm/icons/minus-circle-icon';
import PlusCircleIcon from '@patternfly/react-icons/dist/esm/icons/plus-circle-icon';
import { MASK } from '../wording/targetProblems';
import { Hint } from './Hint';
import { SecretInput } from './SecretInput';

interface Props {
  id: string;
  /** What one of them is: "Signing secret". */
  label: string;
  values: string[];
  /** How many there may be. */
  most: number;
  readOnly: boolean;
  /** What is wrong with one of them, if anything is. */
  check(value: string): string | undefined;
  onChange(values: string[]): void;
}

export function SecretList({ id, label, values, most, readOnly, check, onChange }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const small = label.charAt(0).toLowerCase() + label.slice(1);
  const add = () => {
    onChange(['', ...values]);
    requestAnimationFrame(() => list.current?.querySelector<HTMLInputElement>('input')?.focus());
  };
  // The server takes masks for the stored ones in their order: of several, only the last can be taken out or replaced.
  const last = values.lastIndexOf(MASK);
  return (
    <div ref={list} className="console-lines">
      {!readOnly && (
        <Button variant="link" isInline icon={<PlusCircleIcon />} isDisabled={values.length >= most} onClick={add}>
          Add {small}
        </Button>
      )}
      {values.map((value, index) => {
        const line = index === 0 ? id : `${id}-${index}`;
        const problem = check(value);
        const stays = value === MASK && index !== last;
        return (
          <div key={index}>
            <InputGroup className="console-line">
              <InputGroupItem isFill>
                <SecretInput id={line} label={`${label} ${index + 1}${value === MASK ? ', stored' : ''}`} value={value} readOnly={readOnly || stays} problem={problem} onChange={(next) => onChange(values.map((before, at) => (at === index ? next : before)))} />
              </InputGroupItem>
              {!readOnly && (
                <InputGroupItem>
                  <Button variant="plain" aria-label={`Remove ${small} ${index + 1}`} icon={<MinusCircleIcon />} isDisabled={values.length === 1 || stays} onClick={() => onChange(values.filter((_, at) => at !== index))} />
                </InputGroupItem>
              )}
            </InputGroup>
            <Hint id={line} problem={problem} />
          </div>
        );
      })}
    </div>
  );
}
