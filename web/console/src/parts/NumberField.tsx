// A number with its unit, its bounds and what it means.

import { FormGroup, NumberInput } from '@patternfly/react-core';
import { Hint } from './Hint';

interface Props {
  id: string;
  /** With its unit: "Wait (milliseconds)". */
  label: string;
  value: number;
  /** What the buttons add and take. */
  step?: number;
  min: number;
  max: number;
  readOnly: boolean;
  text: string;
  problem: string | undefined;
  onChange(value: number): void;
}

export function NumberField({ id, label, value, step = 1, min, max, readOnly, text, problem, onChange }: Props) {
  const within = (next: number) => onChange(Math.min(max, Math.max(min, next)));
  return (
    <FormGroup label={label} fieldId={id} role="group">
      <NumberInput
        inputProps={{ id, ...(problem !== undefined && { 'aria-invalid': true, 'aria-describedby': `${id}-problem` }) }}
        inputAriaLabel={label}
        minusBtnAriaLabel={`${step} less`}
        plusBtnAriaLabel={`${step} more`}
        value={Number.isNaN(value) ? '' as unknown as number : value}
        min={min}
        max={max}
        isDisabled={readOnly}
        widthChars={8}
        {...(problem !== undefined && { validated: 'error' as const })}
        onMinus={() => within(value - step)}
        onPlus={() => within(value + step)}
        onChange={(event) => {
          const typed = (event.target as HTMLInputElement).value;
          onChange(typed === '' ? Number.NaN : Number(typed));
        }}
      />
      <Hint id={id} text={text} problem={problem} />
    </FormGroup>
  );
}
