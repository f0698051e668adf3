// Several texts, one line each (Keycloak: MultivaluedString).

import { useRef } from 'react';
import { Button, InputGroup, InputGroupItem, TextInput } from '@patternfly/react-core';
import MinusCircleIcon from '@patternfly/react-icons/dist/esm/icons/minus-circle-icon';
import PlusCircleIcon from '@patternfly/react-icons/dist/esm/icons/plus-circle-icon';
import { Hint, wrong } from './Hint';

interface Props {
  id: string;
  /** What one of them is, for screen readers and the button: "Trusted host". */
  label: string;
  values: string[];
  placeholder?: string;
  /** What is wrong with one of them, if anything is. */
  check?: (value: string) => string | undefined;
  onChange(values: string[]): void;
}

export function TextList({ id, label, values, placeholder, check, onChange }: Props) {
  const list = useRef<HTMLDivElement>(null);
  // What follows a verb begins small, but abbreviations stay what they are.
  const small = label.charAt(0).toLowerCase() + label.slice(1);
  const shown = values.length === 0 ? [''] : values;
  const add = () => {
    onChange([...shown, '']);
    requestAnimationFrame(() => list.current?.querySelector<HTMLInputElement>('div:last-of-type > .console-line input')?.focus());
  };
  return (
    <div ref={list} className="console-lines">
      {shown.map((value, index) => {
        const problem = check?.(value);
        const line = index === 0 ? id : `${id}-${index}`;
        return (
          <div key={index}>
            <InputGroup className="console-line">
              <InputGroupItem isFill>
                <TextInput
                  id={line}
                  aria-label={`${label} ${index + 1}`}
                  value={value}
                  {...(placeholder && { placeholder })}
                  {...wrong(line, problem)}
                  onChange={(_, text) => onChange(shown.map((before, at) => (at === index ? text : before)))}
                  onKeyDown={(event) => {
                    if (event.key === 'Enter' && value !== '') {
                      event.preventDefault();
                      add();
                    }
                  }}
                />
              </InputGroupItem>
              <InputGroupItem>
                <Button variant="plain" aria-label={`Remove ${small} ${index + 1}`} icon={<MinusCircleIcon />} isDisabled={shown.length === 1 && value === ''} onClick={() => onChange(shown.filter((_, at) => at !== index))} />
              </InputGroupItem>
            </InputGroup>
            <Hint id={line} problem={problem} />
          </div>
        );
      })}
      <Button variant="link" isInline icon={<PlusCircleIcon />} onClick={add}>
        Add {small}
      </Button>
    </div>
  );
}
