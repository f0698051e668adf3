// A secret as it is typed. One that is stored is masked, and what is typed takes its place.

import { TextInput } from '@patternfly/react-core';
import { MASK } from '../wording/targetProblems';
import { wrong } from './Hint';

interface Props {
  id: string;
  value: string;
  label?: string;
  readOnly?: boolean;
  problem?: string | undefined;
  onChange(value: string): void;
}

export function SecretInput({ id, value, label, readOnly = false, problem, onChange }: Props) {
  // Whoever types into the mask means a secret of his own.
  const change = (next: string) => onChange(value === MASK ? next.replace(/^\*+/, '') : next);
  return <TextInput id={id} type="password" autoComplete="new-password" value={value} readOnly={readOnly} {...(label && { 'aria-label': label })} {...wrong(id, problem)} onFocus={(event) => value === MASK && event.target.select()} onChange={(_, next) => change(next)} />;
}
