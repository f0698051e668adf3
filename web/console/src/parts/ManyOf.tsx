// Some of a given list (Keycloak: MultivaluedList).

import { useState } from 'react';
import { Badge, Label, LabelGroup, MenuSearch, MenuSearchInput, MenuToggle, SearchInput, Select, SelectList, SelectOption } from '@patternfly/react-core';

interface Props {
  id: string;
  /** What they are, in the plural: "Client scopes". */
  label: string;
  options: string[];
  values: string[];
  /** How one of them is called, where its value tells nobody anything. */
  caption?: (value: string) => string;
  isDisabled?: boolean;
  onChange(values: string[]): void;
}

export function ManyOf({ id, label, options, values, caption = (value) => value, isDisabled = false, onChange }: Props) {
  const [open, setOpen] = useState(false);
  const [part, setPart] = useState('');
  const all = [...new Set([...options, ...values])];
  const found = all.filter((option) => caption(option).toLowerCase().includes(part.toLowerCase()));
  const toggle = (option: string) => onChange(values.includes(option) ? values.filter((value) => value !== option) : [...values, option]);
  return (
    <div>
      <Select
        isOpen={open}
        isScrollable
        maxMenuHeight="18rem"
        onOpenChange={setOpen}
        onSelect={(_, option) => toggle(String(option))}
        toggle={(ref) => (
          <MenuToggle id={id} ref={ref} isDisabled={isDisabled} onClick={() => setOpen(!open)} isExpanded={open} isFullWidth badge={values.length > 0 ? <Badge isRead>{values.length}</Badge> : undefined}>
            {values.length === 0 ? `Choose ${label.toLowerCase()}` : `${label}: ${values.length} chosen`}
          </MenuToggle>
        )}
      >
        {all.length > 8 && (
          <MenuSearch>
            <MenuSearchInput>
              <SearchInput aria-label={`Search in ${label.toLowerCase()}`} value={part} onChange={(_, text) => setPart(text)} onClear={() => setPart('')} />
            </MenuSearchInput>
          </MenuSearch>
        )}
        <SelectList aria-label={label}>
          {found.map((option) => (
            <SelectOption key={option} value={option} hasCheckbox isSelected={values.includes(option)}>
              {caption(option)}
            </SelectOption>
          ))}
          {found.length === 0 && <SelectOption isDisabled>Nothing has “{part}” in it</SelectOption>}
        </SelectList>
      </Select>
      {values.length > 0 && (
        <LabelGroup className="console-gap-small" numLabels={40} aria-label={`Chosen ${label.toLowerCase()}`}>
          {values.map((value) => (
            <Label key={value} variant="outline" {...(!isDisabled && { onClose: () => toggle(value), closeBtnAriaLabel: `Remove ${caption(value)}` })}>
              {caption(value)}
            </Label>
          ))}
        </LabelGroup>
      )}
    </div>
  );
}
