// The client before and after, member by member.

import { Content, Switch } from '@patternfly/react-core';
import { Fragment, useState } from 'react';
import { same } from '../engine/amendment.js';
import type { Operation } from '../engine/contract.js';
import type { Outcome } from '../engine/evaluate.js';
import { type Line, lines, text } from './client-lines.js';

const TITLES: Record<Operation, [before: string, after: string]> = {
  register: ['As sent', 'As it would be stored'],
  update: ['As it is stored', 'As it would be stored'],
  read: ['As it is stored', 'As the Admin API shows it'],
  delete: ['As it is stored', 'After the request'],
};

/** See above. */
export function ClientDiff({ outcome, operation }: { outcome: Outcome; operation: Operation }) {
  const [all, setAll] = useState(false);
  const { before, after } = outcome;
  const [titleBefore, titleAfter] = TITLES[operation];
  if (after === null && before === null) return <Content component="p">There is no client: the document could not be read.</Content>;
  const every = lines(before, after).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const shown = all || after === null ? every : every.filter((line) => !same(line.before, line.after));
  return (
    <>
      {after === null && <Content component="p">{operation === 'delete' && outcome.decision === 'accept' ? 'The client would be gone. This is what it was:' : 'Nothing would be stored. This is what the request is about:'}</Content>}
      {after !== null && <Switch id="diff-all" className="gap-above" label={`Also the ${every.length - every.filter((line) => !same(line.before, line.after)).length} members that stay the same`} isChecked={all} onChange={(_, on) => setAll(on)} />}
      {shown.length === 0 ? (
        <Content component="p">Nothing changes.</Content>
      ) : (
        <div className="table-frame" tabIndex={0} role="region" aria-label="Client before and after">
          <table className="table diff" data-testid="diff">
            <thead>
              <tr>
                <th scope="col">Member</th>
                <th scope="col">{titleBefore}</th>
                {after !== null && <th scope="col">{titleAfter}</th>}
              </tr>
            </thead>
            <tbody>
              {shown.map((line) => (
                <tr key={line.name} className={after === null ? '' : kind(line)}>
                  <th scope="row">
                    <code>
                      {line.name.split(/(?<=[._])/).map((part, at) => (
                        <Fragment key={at}>
                          {part}
                          <wbr />
                        </Fragment>
                      ))}
                    </code>
                  </th>
                  <td>{after !== null && line.before !== undefined && !same(line.before, line.after) ? <del>{text(line.before)}</del> : text(line.before)}</td>
                  {after !== null && <td>{line.after !== undefined && !same(line.before, line.after) ? <ins>{text(line.after)}</ins> : text(line.after)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function kind({ before, after }: Line): string {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  return same(before, after) ? '' : 'changed';
}
