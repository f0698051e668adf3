// The menu at the end of a row, named after what the row is about.

import { MenuToggle } from '@patternfly/react-core';
import EllipsisVIcon from '@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon';
import { ActionsColumn, type IAction } from '@patternfly/react-table';

/** `of` names the row: "Actions of …". */
export function RowActions({ of, items }: { of: string; items: IAction[] }) {
  return (
    <ActionsColumn
      items={items}
      actionsToggle={({ onToggle, isOpen, isDisabled, toggleRef }) => (
        <MenuToggle ref={toggleRef} variant="plain" aria-label={`Actions of ${of}`} icon={<EllipsisVIcon />} onClick={onToggle} isExpanded={isOpen} isDisabled={isDisabled} />
      )}
    />
  );
}
