// What can be done with the clients that are selected.

import { useState } from 'react';
import { Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import type { BulkAction } from '../api/life';
import { actions } from '../wording/life';
import { many } from '../wording/targets';

export function BulkActions({ count, isDisabled, onChoose }: { count: number; isDisabled: boolean; onChoose(action: BulkAction): void }) {
  const [open, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      toggle={(ref) => (
        <MenuToggle ref={ref} variant="primary" isDisabled={isDisabled} isExpanded={open} onClick={() => setOpen(!open)}>
          Change {many(count, 'client')}
        </MenuToggle>
      )}
    >
      <DropdownList>
        {Object.entries(actions).map(([action, { verb }]) => (
          <DropdownItem
            key={action}
            isDanger={action === 'delete'}
            onClick={() => {
              setOpen(false);
              onChoose(action as BulkAction);
            }}
          >
            {verb}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  );
}
