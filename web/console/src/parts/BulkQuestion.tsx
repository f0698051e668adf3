// The question before many clients are changed: how many they are, said by the server, and some of them. What is agreed to is
// done to as many as were told, or not at all.

import { useState } from 'react';
import { useParams } from 'react-router';
import { ApiError, admin, request } from '../api/http';
import type { BulkAction, Chosen, Job, Matched } from '../api/life';
import { actions, question } from '../wording/life';
import { Confirm } from './Confirm';

/** So many deletions have to be typed. */
const MANY = 10;

/** Client ids that are named in the question. */
const NAMED = 10;

/** Asks the server how many clients are chosen. */
export const matched = (realm: string, action: BulkAction, chosen: Chosen) => request<Matched>(admin(realm, 'client-jobs'), { method: 'POST', body: { action, ...chosen, dryRun: true } });

interface Props {
  action: BulkAction;
  chosen: Chosen;
  found: Matched;
  onClose(): void;
  onBegun(job: Job): void;
}

export function BulkQuestion({ action, chosen, found: first, onClose, onBegun }: Props) {
  const { realm = '' } = useParams();
  const [found, setFound] = useState(first);
  const begin = async () => {
    let job: Job;
    try {
      job = await request<Job>(admin(realm, 'client-jobs'), { method: 'POST', body: { action, ...chosen, expect: found.matched } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) {
        throw error;
      }
      const now = await matched(realm, action, chosen);
      setFound(now);
      throw new ApiError(409, `Meanwhile there are ${now.matched.toLocaleString('en')} of them. Nothing was done.`, 'Look at the number and confirm once more.');
    }
    onBegun(job);
  };
  const named = found.sample.slice(0, NAMED);
  return (
    <Confirm
      title={question(action, found.matched)}
      verb={actions[action].verb}
      variant={action === 'delete' || action === 'disable' ? 'danger' : 'primary'}
      {...(action === 'delete' && found.matched >= MANY && { mustType: String(found.matched) })}
      onClose={onClose}
      onConfirm={begin}
    >
      <p>{actions[action].so}</p>
      <div className="console-gap-small">
        <ul className="console-plain-list console-break">
          {named.map((clientId) => (
            <li key={clientId}>{clientId}</li>
          ))}
        </ul>
      </div>
      {found.matched > named.length && <p className="console-faint">And {(found.matched - named.length).toLocaleString('en')} more.</p>}
    </Confirm>
  );
}
