// A list's search field: Enter or the arrow searches, the cross takes the search away.

import { useEffect, useState, type FormEvent } from 'react';
import { SearchInput } from '@patternfly/react-core';

interface Props {
  label: string;
  placeholder: string;
  /** What is being searched for. */
  value: string;
  onSearch(text: string): void;
}

export function SearchField({ label, placeholder, value, onSearch }: Props) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const search = (event: FormEvent) => {
    event.preventDefault();
    onSearch(typed.trim());
  };
  return (
    <form onSubmit={search} role="search">
      <SearchInput aria-label={label} placeholder={placeholder} value={typed} onChange={(_, text) => setTyped(text)} onSearch={search as never} onClear={() => onSearch('')} />
    </form>
  );
}
