// Coloured words for the states of targets, of deliveries and of sweeps. The word says it, the colour only helps.

import { Label } from '@patternfly/react-core';
import type { DeliveryState, Sweep, Target } from '../api/targets';
import { deliveryHelp, deliveryStates } from '../wording/targets';

const looks = { success: { status: 'success' }, info: { status: 'info' }, warning: { status: 'warning' }, danger: { status: 'danger' }, grey: { color: 'grey' } } as const;

const targets = { ready: ['Ready', 'success'], paused: ['Paused', 'grey'], resting: ['Resting', 'warning'], leaving: ['Leaving', 'info'], broken: ['Broken', 'danger'] } as const;

export function TargetLabel({ target: { state, enabled } }: { target: Pick<Target, 'state' | 'enabled'> }) {
  const [text, look] = targets[state];
  return (
    <Label isCompact {...looks[look]}>
      {state === 'paused' && !enabled ? 'Disabled' : text}
    </Label>
  );
}

const deliveries = { delivered: ['Delivered', 'success'], pending: ['Pending', 'info'], failing: ['Failing', 'danger'], refused: ['Refused', 'danger'], paused: ['Paused', 'grey'], leaving: ['Leaving', 'warning'] } as const;

export const deliveryName = (state: DeliveryState) => deliveries[state][0];

export function DeliveryLabel({ state }: { state: DeliveryState }) {
  const [text, look] = deliveries[state];
  return (
    <Label isCompact title={deliveryHelp[state]} {...looks[look]}>
      {text}
    </Label>
  );
}

const sweeps = { running: ['Under way', 'info'], done: ['Done', 'success'], stopped: ['Stopped', 'warning'], failed: ['Failed', 'danger'] } as const;

export function SweepLabel({ state }: { state: Sweep['state'] }) {
  const [text, look] = sweeps[state];
  return (
    <Label isCompact {...looks[look]}>
      {text}
    </Label>
  );
}

/** How many clients are in which state; each number leads to them. */
export function Counts({ target, at }: { target: Pick<Target, 'deliveries'>; at: string }) {
  const there = deliveryStates.filter((state) => target.deliveries[state] > 0);
  return there.length === 0 ? (
    <>None</>
  ) : (
    <ul className="console-counts">
      {there.map((state) => (
        <li key={state}>
          <a href={`${at}/deliveries?state=${state}`}>
            {target.deliveries[state].toLocaleString('en')} {state}
          </a>
        </li>
      ))}
    </ul>
  );
}
