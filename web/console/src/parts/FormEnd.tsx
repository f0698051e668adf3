// The end of a form: what went wrong, the button that sends it, and the way back.

import { ActionGroup, Button } from '@patternfly/react-core';
import { Failure, type Action } from './load';
import { useUnsaved } from './useUnsaved';

interface Props {
  action: Action;
  /** What the form holds: nobody loses it unasked. */
  values: unknown;
  /** The role that it needs. */
  role: string;
  verb?: string;
  /** All that must be given is given. */
  ready: boolean;
  /** The user may send it; otherwise there is only the way back. */
  manage?: boolean;
  /** Address of the page that it leads back to. */
  back: string;
}

export function FormEnd({ action, values, role, verb = 'Save', ready, manage = true, back }: Props) {
  const unsaved = useUnsaved(values);
  return (
    <>
      {unsaved.question}
      {action.error && <Failure error={action.error} role={role} />}
      <ActionGroup>
        {manage && (
          <Button type="submit" isLoading={action.busy} isDisabled={action.busy || !ready}>
            {verb}
          </Button>
        )}
        <Button variant="link" component="a" href={back} onClick={unsaved.giveUp}>
          {manage ? 'Cancel' : 'Back'}
        </Button>
      </ActionGroup>
    </>
  );
}
