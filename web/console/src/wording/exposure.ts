// Whether registration without a token is open, as far as the policies tell.

import type { Policy } from '../api/types';

/** Whether no policy for anonymous callers looks at where they are: Trusted Hosts, unless it only watches. */
export function isOpen(policies: Policy[]): boolean {
  return !policies.some(
    ({ subType, providerId, config }) => subType === 'anonymous' && providerId === 'trusted-hosts' && config?.['mode']?.[0] !== 'shadow' && config?.['host-sending-registration-request-must-match']?.[0] !== 'false',
  );
}
