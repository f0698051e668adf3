// Coloured words for states. The word says it, the colour only helps.

import { Label } from '@patternfly/react-core';
import type { Outcome, Verdict } from '../api/types';

export function OutcomeLabel({ outcome, failed = false }: { outcome: Outcome; failed?: boolean | undefined }) {
  const [text, status] = failed ? (['No answer', 'danger'] as const) : ({ accept: ['Let through', 'success'], hold: ['Waiting', 'warning'], reject: ['Refused', 'danger'] } as const)[outcome];
  return (
    <Label status={status} isCompact>
      {text}
    </Label>
  );
}

export function VerdictLabel({ verdict, shadow }: { verdict: Verdict; shadow: boolean }) {
  const [text, status] = ({ accept: ['Agreed', 'success'], amend: ['Changed it', 'info'], hold: ['Held it', 'warning'], reject: ['Refused it', 'danger'], fail: ['No answer', 'danger'] } as const)[verdict];
  return (
    <>
      <Label status={status} isCompact>
        {text}
      </Label>{' '}
      {shadow && (
        <Label isCompact variant="outline">
          Shadow
        </Label>
      )}
    </>
  );
}

export function EnabledLabel({ enabled, held, asleep }: { enabled: boolean; held?: boolean; asleep?: boolean }) {
  if (held) {
    return (
      <Label status="warning" isCompact>
        Waiting
      </Label>
    );
  }
  if (asleep) {
    return (
      <Label status="info" isCompact>
        Asleep
      </Label>
    );
  }
  return (
    <Label isCompact {...(enabled ? { status: 'success' as const } : { color: 'grey' as const })}>
      {enabled ? 'Enabled' : 'Disabled'}
    </Label>
  );
}
