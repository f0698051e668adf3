// Every policy's decision, in the order in which they were asked.

import { Content, Label } from '@patternfly/react-core';
import type { ClientPolicyEvaluation } from '../engine/client-policies.js';
import type { Noted } from '../engine/policies.js';

interface Properties {
  policies: Noted[];
  clientPolicies: ClientPolicyEvaluation[];
}

const COLOURS = { accept: 'green', amend: 'blue', hold: 'orange', reject: 'red' } as const;
const VERDICTS = { accept: 'accepts', amend: 'amends', hold: 'holds', reject: 'refuses' } as const;
const CONDITIONS = { yes: 'holds', no: 'does not hold', abstain: 'says nothing' } as const;
const EXECUTORS = { accept: ['green', 'accepts'], amend: ['blue', 'amends'], keep: ['blue', 'keeps the token'], reject: ['red', 'refuses'] } as const;

/** See above. */
export function Decisions({ policies, clientPolicies }: Properties) {
  if (policies.length + clientPolicies.length === 0) {
    return <Content component="p">No policy was asked: the document was refused before, or none wants to judge this operation.</Content>;
  }
  return (
    <>
      {clientPolicies.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label="Client policies">
          <table className="table">
            <caption className="hint">Client policies, which run first</caption>
            <thead>
              <tr>
                <th scope="col">Policy</th>
                <th scope="col">When</th>
                <th scope="col">Conditions and executors</th>
              </tr>
            </thead>
            <tbody>
              {clientPolicies.map((one, at) => (
                <ClientPolicy key={at} evaluation={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {policies.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label="Decisions of policies">
          <table className="table" data-testid="decisions">
            <caption className="hint">Neighbours of one component are asked by one call: its time stands at each of them</caption>
            <thead>
              <tr>
                <th scope="col">Policy</th>
                <th scope="col">When</th>
                <th scope="col">Says</th>
                <th scope="col" className="number">
                  µs
                </th>
              </tr>
            </thead>
            <tbody>
              {policies.map((policy, at) => (
                <Decision key={at} policy={policy} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function ClientPolicy({ evaluation: { name, event, applies, conditions, executors } }: { evaluation: ClientPolicyEvaluation }) {
  return (
    <tr>
      <th scope="row">
        {name}{' '}
        <Label isCompact color={applies ? 'blue' : 'grey'}>
          {applies ? 'applies' : 'does not apply'}
        </Label>
      </th>
      <td>{event}</td>
      <td>
        <ul>
          {conditions.map(({ condition, verdict }, at) => (
            <li key={`c${at}`}>
              {condition} <span className="hint">{CONDITIONS[verdict]}</span>
            </li>
          ))}
          {executors.map(({ executor, verdict, violation, changes }, at) => (
            <li key={`e${at}`}>
              {executor}{' '}
              <Label isCompact color={EXECUTORS[verdict][0]}>
                {EXECUTORS[verdict][1]}
              </Label>{' '}
              {violation?.message}
              {changes.map(({ field, before, after }) => (
                <div key={field}>
                  <code>{field}</code>: <del>{JSON.stringify(before)}</del> → <ins>{JSON.stringify(after)}</ins>
                </div>
              ))}
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

function Decision({ policy }: { policy: Noted }) {
  const details = policy.violations.length + policy.changes.length + policy.hints.length > 0;
  return (
    <>
      <tr className={details ? 'has-details' : ''}>
        <th scope="row">
          {policy.name} <span className="provider-id">{policy.provider}</span>
          {policy.mode === 'shadow' && (
            <>
              {' '}
              <Label isCompact color="purple">
                only watched
              </Label>
            </>
          )}
        </th>
        <td>{policy.hook}</td>
        <td>
          <Label isCompact color={COLOURS[policy.verdict]}>
            {VERDICTS[policy.verdict]}
          </Label>
        </td>
        <td className="number">{policy.micros}</td>
      </tr>
      {details && (
        <tr className="details">
          <td colSpan={4}>
            <ul>
              {policy.violations.map(({ field, value, message }, at) => (
                <li key={`v${at}`}>
                  {message}
                  {field !== undefined && (
                    <>
                      {': '}
                      <code>{field}</code> {value !== undefined && <code>{value}</code>}
                    </>
                  )}
                </li>
              ))}
              {policy.changes.map(({ field, before, after }) => (
                <li key={`c${field}`}>
                  <code>{field}</code>: <del>{JSON.stringify(before)}</del> → <ins>{JSON.stringify(after)}</ins>
                </li>
              ))}
              {policy.hints.map((hint, at) => (
                <li key={`h${at}`} className="hint">
                  For the operator: {hint}
                </li>
              ))}
            </ul>
          </td>
        </tr>
      )}
    </>
  );
}
