// "Test connection": whether a target answers and lets us do what we need. Nothing is changed anywhere.

import { useState } from 'react';
import { Alert, Button } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { Probed, TargetSettings } from '../api/targets';
import { MASK, targetName } from '../wording/targetProblems';
import { duration } from '../wording/components';
import { Failure, useAction } from './load';

type Props = {
  /** Name of a stored target, which is tried as it is stored. */
  stored: string;
  body?: undefined;
  ready?: undefined;
} | {
  stored?: undefined;
  /** What is tried: it need not be stored. */
  body: TargetSettings;
  /** All that it needs is given. */
  ready: boolean;
};

export function TestConnection({ stored, body, ready = true }: Props) {
  const { realm = '' } = useParams();
  const action = useAction();
  const [probed, setProbed] = useState<{ of: string; answer: Probed }>();
  const now = JSON.stringify(body ?? stored);
  // The server sends a stored secret where it was stored for, and to nobody that is only tried.
  const masked = JSON.stringify(body?.credentials ?? null).includes(`"${MASK}"`);
  const test = () =>
    void action.run(async () => {
      setProbed(undefined);
      const post = body === undefined ? request<Probed>(admin(realm, 'targets', stored, 'probe'), { method: 'POST' }) : request<Probed>(admin(realm, 'targets', 'probe'), { method: 'POST', body: { ...body, name: nameOf(body) } });
      setProbed({ of: now, answer: await post });
    });
  const answer = probed?.of === now ? probed.answer : undefined;
  return (
    <div>
      <div className="console-row console-middle">
        <Button variant="secondary" isLoading={action.busy} isDisabled={action.busy || !ready || masked} onClick={test}>
          Test connection
        </Button>
        {masked && <span className="console-faint">To test what you changed, type the secret again, or save it and test then.</span>}
      </div>
      <div role="status">
        {answer && (
          <Alert isInline variant={answer.ok ? 'success' : 'danger'} title={answer.ok ? `It answers, and we may do what we need (${duration(answer.micros)})` : `It does not work (${duration(answer.micros)})`} component="p" className="console-gap">
            {!answer.ok && <span className="console-break">{answer.message}</span>}
          </Alert>
        )}
      </div>
      {action.error && <Failure error={action.error} role="manage-realm" />}
    </div>
  );
}

/** It can be tried before it has a name. */
const nameOf = ({ name }: TargetSettings) => (name === '' || targetName(name) !== undefined ? 'new' : name);
