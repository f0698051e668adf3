// What is said below a field: what it means, or what is wrong with what was typed.

import { FormHelperText, HelperText, HelperTextItem } from '@patternfly/react-core';

interface Props {
  /** Id of the field. */
  id: string;
  /** What it means. */
  text?: string | undefined;
  /** What is wrong, in place of what it means. */
  problem?: string | undefined;
  /** It works, but perhaps not as it is meant. */
  isWarning?: boolean;
}

const idOf = (id: string) => `${id}-problem`;

/** How a field shows that something is wrong with it. */
export function wrong(id: string, problem: string | undefined): { validated?: 'error'; 'aria-invalid'?: true; 'aria-describedby'?: string } {
  return problem === undefined ? {} : { validated: 'error', 'aria-invalid': true, 'aria-describedby': idOf(id) };
}

export function Hint({ id, text, problem, isWarning }: Props) {
  if (problem === undefined && !text) {
    return null;
  }
  return (
    <FormHelperText>
      <HelperText isLiveRegion={problem !== undefined}>
        <HelperTextItem {...(problem !== undefined ? { variant: 'error' as const, id: idOf(id) } : isWarning ? { variant: 'warning' as const } : {})}>{problem ?? text}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
