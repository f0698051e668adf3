// "Are you sure?" with what will happen, for what cannot be undone.

import { useState, type ReactNode } from 'react';
import { Button, Modal, ModalBody, ModalFooter, ModalHeader, TextInput, FormGroup } from '@patternfly/react-core';
import { Failure, useAction } from './load';

interface Props {
  title: string;
  children: ReactNode;
  /** The button's text: the verb. */
  verb: string;
  variant?: 'danger' | 'primary';
  /** Must be typed before it is done: for what destroys a lot. */
  mustType?: string;
  onConfirm(): Promise<void>;
  /** Does it although the server says who needs what goes (409): offered once it has said so. */
  onForced?(): Promise<void>;
  onClose(): void;
}

export function Confirm({ title, children, verb, variant = 'danger', mustType, onConfirm, onForced, onClose }: Props) {
  const [typed, setTyped] = useState('');
  const action = useAction();
  const needed = onForced !== undefined && action.error?.status === 409;
  const confirm = (how: () => Promise<void>) => void action.run(how).then((done) => done && onClose());
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="confirm-title" aria-describedby="confirm-text">
      <ModalHeader title={title} labelId="confirm-title" {...(variant === 'danger' && { titleIconVariant: 'warning' as const })} />
      <ModalBody id="confirm-text">
        {children}
        {mustType && (
          <FormGroup label={`Type “${mustType}” to confirm`} fieldId="confirm-typed" className="console-gap">
            <TextInput id="confirm-typed" value={typed} onChange={(_, value) => setTyped(value)} autoComplete="off" />
          </FormGroup>
        )}
        {action.error && <Failure error={action.error} />}
      </ModalBody>
      <ModalFooter>
        {needed ? (
          <Button variant="danger" isLoading={action.busy} isDisabled={action.busy} onClick={() => confirm(onForced)}>
            {verb} all the same
          </Button>
        ) : (
          <Button variant={variant} isLoading={action.busy} isDisabled={action.busy || (mustType !== undefined && typed !== mustType)} onClick={() => confirm(onConfirm)}>
            {verb}
          </Button>
        )}
        <Button variant="link" onClick={onClose} isDisabled={action.busy}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
