// The initial access tokens of a realm; the tokens themselves are shown to nobody.

import { Button, Label, PageSection } from '@patternfly/react-core';
import KeyIcon from '@patternfly/react-icons/dist/esm/icons/key-icon';
import { Table, Tbody, Td, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { InitialAccessToken } from '../api/types';
import { Columns } from '../parts/Columns';
import { Deletion } from '../parts/Deletion';
import { Empty } from '../parts/Empty';
import { Show, useLoad } from '../parts/load';
import { distance, moment } from '../parts/times';
import { useSession } from '../session';
import { ClientTabs } from './ClientTabs';

/** A token is spent, expired or good. */
function state(token: InitialAccessToken): 'good' | 'spent' | 'expired' {
  if (token.expiration > 0 && (token.timestamp + token.expiration) * 1000 < Date.now()) {
    return 'expired';
  }
  return token.remainingCount > 0 ? 'good' : 'spent';
}

export default function InitialAccessTokens() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const tokens = useLoad((signal) => request<InitialAccessToken[]>(admin(realm, 'clients-initial-access'), { signal }), [realm]);
  const manage = may(realm, 'manage-clients', 'manage-client');
  const create = (
    <Button component="a" href={`#/${encodeURIComponent(realm)}/clients/tokens/create`}>
      Create initial access token
    </Button>
  );
  return (
    <>
      <ClientTabs active="tokens" text="With an initial access token somebody without an account can register clients, as many as it is good for." actions={manage && tokens.data && tokens.data.length > 0 && create} />
      <PageSection hasBodyWrapper={false}>
        <Show from={tokens} what="initial access tokens" role="view-clients">
          {(data) =>
            data.length === 0 ? (
              <Empty title="No initial access tokens" icon={KeyIcon} actions={manage && create}>
                Make one and give it to somebody who shall register clients. Anonymous callers are kept out by a new realm's policies.
              </Empty>
            ) : (
              <Table aria-label="Initial access tokens" variant="compact" gridBreakPoint="grid-lg">
                <Columns of={['Name or ID', 'Status', 'Created', 'Expires', 'Remaining']} actions={['Actions']} />
                <Tbody>
                  {[...data].reverse().map((token) => (
                    <Tr key={token.id}>
                      <Td dataLabel="Name or ID" className="console-break">
                        {token.name ? <strong>{token.name}</strong> : <code>{token.id}</code>}
                        {token.policies && token.policies.length > 0 && <div className="console-faint">With policies: {token.policies.map((policy) => policy.name).join(', ')}</div>}
                      </Td>
                      <Td dataLabel="Status">
                        <Label isCompact {...(state(token) === 'good' ? { status: 'success' as const } : { color: 'grey' as const })}>
                          {{ good: 'Good', spent: 'Spent', expired: 'Expired' }[state(token)]}
                        </Label>
                      </Td>
                      <Td dataLabel="Created">{moment(token.timestamp * 1000)}</Td>
                      <Td dataLabel="Expires">{token.expiration === 0 ? 'Never' : <span title={moment((token.timestamp + token.expiration) * 1000)}>{distance((token.timestamp + token.expiration) * 1000)}</span>}</Td>
                      <Td dataLabel="Remaining">
                        {token.remainingCount} of {token.count}
                      </Td>
                      <Td isActionCell>
                        {manage && (
                          <Deletion
                            of={`token ${token.name ?? token.id}`}
                            question={`Delete the token ${token.name ? `“${token.name}”` : token.id}?`}
                            done="The initial access token is deleted"
                            onDelete={() => request(admin(realm, 'clients-initial-access', token.id), { method: 'DELETE' })}
                            onDone={tokens.reload}
                          >
                            Nobody can register clients with it any more. Clients that were registered with it stay.
                          </Deletion>
                        )}
                      </Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Show>
      </PageSection>
    </>
  );
}
