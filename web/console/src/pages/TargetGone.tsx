// The question before a target is deleted: what becomes of its clients there.

import { useState } from 'react';
import { Button, Modal, ModalBody, ModalFooter, ModalHeader, Radio } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, query, request } from '../api/http';
import type { Target } from '../api/targets';
import { Failure, useAction } from '../parts/load';
import { useNotice } from '../parts/notices';

interface Props {
  target: Target;
  onClose(): void;
  /** `gone`: it is not there any more; else it is leaving. */
  onDone(gone: boolean): void;
}

export function TargetGone({ target, onClose, onDone }: Props) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  const action = useAction();
  const [clients, setClients] = useState<'keep' | 'remove'>('keep');
  const remove = () =>
    void action
      .run(async () => {
        await request(`${admin(realm, 'targets', target.name)}${query({ clients })}`, { method: 'DELETE' });
        notice(clients === 'keep' ? `Target “${target.name}” is deleted` : `Target “${target.name}” is leaving`, clients === 'keep' ? 'Its clients are still there.' : 'It is gone once its clients are removed there.');
      })
      .then((done) => {
        if (done) {
          onClose();
          onDone(clients === 'keep');
        }
      });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="target-gone">
      <ModalHeader title={`Delete target “${target.name}”?`} labelId="target-gone" titleIconVariant="warning" />
      <ModalBody>
        <div className="console-choices" role="radiogroup" aria-label="What becomes of the clients at the target">
          <Radio id="keep" name="clients" label="Keep its clients" description="They stay at the target as they are and still work there; nothing that happens here reaches them any more." isChecked={clients === 'keep'} onChange={() => setClients('keep')} />
          <Radio id="remove" name="clients" label="Remove its clients" description="Every client that was delivered from here is removed there first: nobody can sign in with it any more. The target is listed as leaving until all are gone." isChecked={clients === 'remove'} onChange={() => setClients('remove')} />
        </div>
        {action.error && <Failure error={action.error} role="manage-realm" />}
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" isLoading={action.busy} isDisabled={action.busy} onClick={remove}>
          Delete
        </Button>
        <Button variant="link" onClick={onClose} isDisabled={action.busy}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  );
}
