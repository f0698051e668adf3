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
  onClose(): void;
}

export function Confirm({ title, children, verb, variant = 'danger', mustType, onConfirm, onClose }: Props) {
  const [typed, setTyped] = useState('');
  const action = useAction();
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
        <Button
          variant={variant}
          isLoading={action.busy}
          isDisabled={action.busy || (mustType !== undefined && typed !== mustType)}
          onClick={() => void action.run(onConfirm).then((done) => done && onClose())}
        >
          {verb}
        </Button>
        <Button variant="link" onClick={onClose} isDisabled={action.busy}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
