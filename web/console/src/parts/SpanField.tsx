// A span of time as people say it: a number and its unit. What is stored are seconds.

import { useState } from 'react';
import { FormGroup, FormSelect, FormSelectOption, NumberInput, Split, SplitItem, Switch } from '@patternfly/react-core';
import { Hint } from './Hint';

const UNITS: [string, string, number][] = [
  ['second', 'Seconds', 1],
  ['minute', 'Minutes', 60],
  ['hour', 'Hours', 3_600],
  ['day', 'Days', 86_400],
];

interface Props {
  id: string;
  label: string;
  /** Seconds. */
  value: number;
  /** Given: 0 is off, and a switch says so. Whoever turns it on begins with so many seconds. */
  suggestion?: number;
  readOnly: boolean;
  text: string;
  /** It works, but perhaps not as it is meant. */
  warning?: string | undefined;
  problem: string | undefined;
  onChange(seconds: number): void;
}

/** The largest unit that leaves a whole number. */
const unitOf = (seconds: number) => [...UNITS].reverse().find(([, , length]) => seconds > 0 && seconds % length === 0)?.[2] ?? 1;

export function SpanField({ id, label, value, suggestion, readOnly, text, warning, problem, onChange }: Props) {
  const [unit, setUnit] = useState(() => unitOf(value > 0 ? value : (suggestion ?? 0)));
  // An emptied field stays what it is: on.
  const on = suggestion === undefined || value !== 0;
  const count = value / unit;
  const [one] = UNITS.find(([, , length]) => length === unit) ?? UNITS[0]!;
  const set = (next: number) => onChange(Math.max(suggestion === undefined ? 0 : 1, Math.round(next)) * unit);
  const turn = (next: boolean) => {
    const seconds = next ? (suggestion ?? 0) : 0;
    if (next) {
      setUnit(unitOf(seconds));
    }
    onChange(seconds);
  };
  const input = (
    <Split hasGutter isWrappable>
      <SplitItem>
        <NumberInput
          inputProps={{ id, ...(problem !== undefined && { 'aria-invalid': true, 'aria-describedby': `${id}-problem` }) }}
          inputAriaLabel={label}
          minusBtnAriaLabel={`A ${one} less`.replace('A hour', 'An hour')}
          plusBtnAriaLabel={`A ${one} more`.replace('A hour', 'An hour')}
          value={Number.isNaN(count) ? ('' as unknown as number) : count}
          min={0}
          isDisabled={readOnly}
          widthChars={6}
          {...(problem !== undefined && { validated: 'error' as const })}
          onMinus={() => set(count - 1)}
          onPlus={() => set((Number.isNaN(count) ? 0 : count) + 1)}
          onChange={(event) => {
            const typed = (event.target as HTMLInputElement).value;
            onChange(typed === '' ? Number.NaN : Number(typed) * unit);
          }}
        />
      </SplitItem>
      <SplitItem className="console-choice">
        <FormSelect
          aria-label={`${label}: unit of time`}
          value={unit}
          isDisabled={readOnly}
          onChange={(_, chosen) => {
            setUnit(Number(chosen));
            onChange(count * Number(chosen));
          }}
        >
          {UNITS.map(([, caption, length]) => (
            <FormSelectOption key={length} value={length} label={caption} />
          ))}
        </FormSelect>
      </SplitItem>
    </Split>
  );
  return suggestion === undefined ? (
    <FormGroup label={label} fieldId={id} role="group">
      {input}
      <Hint id={id} text={warning ?? text} isWarning={warning !== undefined} problem={problem} />
    </FormGroup>
  ) : (
    <FormGroup fieldId={`${id}-on`}>
      <Switch id={`${id}-on`} label={label} isChecked={on} isDisabled={readOnly} onChange={(_, next) => turn(next)} />
      {on && <div className="console-gap-small">{input}</div>}
      <Hint id={id} text={warning ?? text} isWarning={warning !== undefined} problem={problem} />
    </FormGroup>
  );
}
