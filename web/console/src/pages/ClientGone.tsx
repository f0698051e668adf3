// The question before a client is deleted, or refused while it waits.

import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Client } from '../api/types';
import { Confirm } from '../parts/Confirm';
import { useNotice } from '../parts/notices';

interface Props {
  client: Client;
  what: 'delete' | 'refuse';
  onClose(): void;
  onDone(): void;
}

export function ClientGone({ client, what, onClose, onDone }: Props) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  const refuse = what === 'refuse';
  return (
    <Confirm
      title={refuse ? `Refuse ${client.clientId}?` : `Delete ${client.clientId}?`}
      verb={refuse ? 'Refuse' : 'Delete'}
      onClose={onClose}
      onConfirm={async () => {
        await request(admin(realm, 'clients', client.id, ...(refuse ? ['refuse'] : [])), { method: refuse ? 'POST' : 'DELETE' });
        notice(`${client.clientId}: ${refuse ? 'refused' : 'deleted'}`);
        onDone();
      }}
    >
      The client, its roles and its tokens are gone for good. Who uses it can no longer sign in with it.
    </Confirm>
  );
}
