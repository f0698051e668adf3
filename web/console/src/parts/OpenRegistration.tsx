// The warning where whoever reaches the server can register clients as often as they like.

import { Alert } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Limits, Policy } from '../api/types';
import { isOpen } from '../wording/exposure';
import { useLoad } from './load';

/** `policies` are those of the realm; undefined: not known, or not to be seen by this user. */
export function OpenRegistration({ policies }: { policies: Policy[] | undefined }) {
  const { realm = '' } = useParams();
  const open = policies !== undefined && isOpen(policies);
  const limits = useLoad(async (signal) => (open ? request<Limits>(admin(realm, 'client-registration-policy', 'limits'), { signal }) : undefined), [realm, open]);
  if (!open || !limits.data || limits.data.anonymousPerAddress !== null || limits.data.anonymousPerRealm !== null) {
    return null;
  }
  const at = `#/${encodeURIComponent(realm)}`;
  return (
    <Alert isInline variant="warning" title="Registration without a token is open, and nothing limits how often" component="h2" className="console-failure">
      Trusted Hosts checks no callers here: whoever reaches the server can register clients, as far as the other policies for anonymous access agree. Set <em>Registrations without a token, per address</em> in the{' '}
      <a href={`${at}/settings`}>realm settings</a> (the operator can for all realms, with <code>--anonymous-per-address</code>), or <a href={`${at}/clients/registration/anonymous`}>let Trusted Hosts check callers</a>.
    </Alert>
  );
}
