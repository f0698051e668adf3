// The rules about the life of clients as a form. What is typed can be tried before it is saved.

import { useState, type FormEvent } from 'react';
import { ActionGroup, Button, Form, FormGroup, FormSection, Switch } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import { sent, type LifeCycle } from '../api/life';
import type { InitialAccessToken } from '../api/types';
import { Hint } from '../parts/Hint';
import { Failure, useAction, useLoad } from '../parts/load';
import { ManyOf } from '../parts/ManyOf';
import { useNotice } from '../parts/notices';
import { NumberField } from '../parts/NumberField';
import { SpanField } from '../parts/SpanField';
import { useUnsaved } from '../parts/useUnsaved';
import { problems } from '../wording/life';
import { RulesDryRun } from './RulesDryRun';

const HOUR = 3_600;
const DAY = 86_400;

interface Props {
  /** What of it is shown; what is not stays as it is. */
  part: 'rules' | 'secrets';
  stored: LifeCycle;
  manage: boolean;
  reload(): void;
  revert(): void;
}

export function LifeCycleForm({ part, stored, manage, reload, revert }: Props) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  const action = useAction();
  const [value, setValue] = useState(stored);
  const unsaved = useUnsaved(value);
  const set = (changes: Partial<LifeCycle>) => setValue((before) => ({ ...before, ...changes }));
  const { exempt, perSoftware } = value;
  const wrong = problems(value);
  const works = Object.values(wrong).every((problem) => problem === undefined);
  const rules = value.neverUsedAfter + value.idleAfter + value.deleteAfter;
  const readOnly = !manage;
  // Ids tell nobody anything; who may not see tokens sees them all the same.
  const tokens = useLoad((signal) => request<InitialAccessToken[]>(admin(realm, 'clients-initial-access'), { signal }), [realm]);
  const tokenName = (id: string) => {
    const token = tokens.data?.find((one) => one.id === id);
    return token?.name ?? (token || !tokens.data ? id : `${id} (deleted since)`);
  };

  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await request(admin(realm), { method: 'PUT', body: { lifeCycle: sent(value) } });
      unsaved.saved();
      notice(part === 'rules' ? 'The rules are saved' : 'The settings are saved');
      reload();
    });
  };
  return (
    <Form isWidthLimited onSubmit={save}>
      {unsaved.question}
      {part === 'rules' ? (
        <>
          <FormSection title="Rules" titleElement="h2">
            <SpanField id="never-used" label="Put clients to sleep that were never used" value={value.neverUsedAfter} suggestion={30 * DAY} readOnly={readOnly} problem={wrong.neverUsedAfter} text={value.neverUsedAfter === 0 ? 'Off.' : 'So long after they were made, or after this realm began to record uses.'} onChange={(neverUsedAfter) => set({ neverUsedAfter })} />
            <SpanField
              id="idle"
              label="Put clients to sleep that are not used any more"
              value={value.idleAfter}
              suggestion={90 * DAY}
              readOnly={readOnly}
              problem={wrong.idleAfter}
              warning={value.idleAfter > 0 && value.idleAfter <= HOUR ? 'Uses are recorded once an hour: clients that are in use would be put to sleep.' : undefined}
              text={value.idleAfter === 0 ? 'Off.' : 'So long after their last use.'}
              onChange={(idleAfter) => set({ idleAfter })}
            />
            <SpanField id="delete" label="Delete clients that are asleep for long" value={value.deleteAfter} suggestion={90 * DAY} readOnly={readOnly} problem={wrong.deleteAfter} text={value.deleteAfter === 0 ? 'Off: nothing is deleted by itself.' : 'So long after they were put to sleep, by whomever. It is the only rule that deletes.'} onChange={(deleteAfter) => set({ deleteAfter })} />
            <FormGroup fieldId="per-software-on">
              <Switch id="per-software-on" label="Keep few clients of one software" isChecked={perSoftware.max !== 0} isDisabled={readOnly} onChange={(_, on) => set({ perSoftware: { ...perSoftware, max: on ? 5 : 0 } })} />
              <Hint id="per-software-on" text={perSoftware.max === 0 ? 'Off.' : 'When one more is registered without a token, the oldest that was never used is put to sleep. One software: the same software_id, else name, and the same redirect URIs.'} />
            </FormGroup>
            {perSoftware.max !== 0 && (
              <>
                <NumberField id="max" label="Clients of one software" value={perSoftware.max} min={1} max={10_000} readOnly={readOnly} problem={wrong.max} text="Those that were used are never put to sleep by it." onChange={(max) => set({ perSoftware: { ...perSoftware, max } })} />
                <SpanField id="grace" label="Leave new ones alone for" value={perSoftware.grace} readOnly={readOnly} problem={wrong.grace} text="They may be used for the first time yet." onChange={(grace) => set({ perSoftware: { ...perSoftware, grace } })} />
              </>
            )}
          </FormSection>
          <FormSection title="Clients that no rule takes" titleElement="h2">
            <FormGroup fieldId="administrators">
              <Switch id="administrators" label="Those that nobody registered" isChecked={exempt.administrators} isDisabled={readOnly} onChange={(_, administrators) => set({ exempt: { ...exempt, administrators } })} />
              <Hint id="administrators" isWarning={!exempt.administrators} text={exempt.administrators ? 'Made by administrators, or imported.' : 'Rules take clients too that administrators made or imported.'} />
            </FormGroup>
            <FormGroup label="Those that were registered with" fieldId="tokens">
              <ManyOf id="tokens" label="Initial access tokens" options={tokens.data?.map(({ id }) => id) ?? []} values={exempt.initialAccessTokens} caption={tokenName} isDisabled={readOnly} onChange={(initialAccessTokens) => set({ exempt: { ...exempt, initialAccessTokens } })} />
              <Hint id="tokens" text="Always left alone too: clients of the server, disabled and waiting ones, and those with the attribute life.exempt = true." />
            </FormGroup>
          </FormSection>
          <FormSection title="Runs" titleElement="h2">
            <FormGroup fieldId="require-use">
              <Switch id="require-use" label="Only while somebody reports uses" isChecked={value.requireUse} isDisabled={readOnly} onChange={(_, requireUse) => set({ requireUse })} />
              <Hint id="require-use" isWarning={!value.requireUse} text={value.requireUse ? 'If no use was recorded for 7 days, no rule does anything.' : 'If uses are not reported, clients that are in use are put to sleep, and deleted.'} />
            </FormGroup>
            <SpanField id="run-every" label="Time between two runs" value={value.runEvery} readOnly={readOnly} problem={wrong.runEvery} text="By the clock. The first one comes so long after the rules were set." onChange={(runEvery) => set({ runEvery })} />
            <NumberField id="max-per-run" label="Clients per run" value={value.maxPerRun} step={100} min={1} max={10_000} readOnly={readOnly} problem={wrong.maxPerRun} text="At most, put to sleep and deleted together. A run that would take more than a tenth of all clients, and at least 10, asks first." onChange={(maxPerRun) => set({ maxPerRun })} />
          </FormSection>
          <FormSection title="Removed clients" titleElement="h2">
            <SpanField id="tombstones" label="Remember them for" value={value.tombstones} readOnly={readOnly} problem={wrong.tombstones} text={value.tombstones === 0 ? 'Not at all: who comes with the token of a removed client is not told that it is gone.' : 'Who comes with the token of a removed client is told that it is gone. Nothing else of it is kept.'} onChange={(tombstones) => set({ tombstones })} />
          </FormSection>
          <RulesDryRun rules={sent(value)} ready={works} any={rules > 0} />
        </>
      ) : (
        <>
          <FormSection title="Secrets and tokens" titleElement="h2">
            <SpanField id="secret-lifetime" label="Secrets expire" value={value.secretLifetime} suggestion={90 * DAY} readOnly={readOnly} problem={wrong.secretLifetime} text={value.secretLifetime === 0 ? 'Off.' : 'So long after they were made. Once half of it is over, an update by the client brings a new one. Secrets of today do not expire before they are renewed.'} onChange={(secretLifetime) => set({ secretLifetime })} />
            <SpanField id="secret-grace" label="The secret before is good for a while" value={value.secretGrace} suggestion={DAY} readOnly={readOnly} problem={wrong.secretGrace} text={value.secretGrace === 0 ? 'Off: it is void at once.' : 'So long after a new one was made, unless it ends before.'} onChange={(secretGrace) => set({ secretGrace })} />
            <FormGroup fieldId="token-grace">
              <Switch id="token-grace" label="The registration access token before is good until the new one is used" isChecked={value.registrationTokenGrace} isDisabled={readOnly} onChange={(_, registrationTokenGrace) => set({ registrationTokenGrace })} />
              <Hint id="token-grace" text={value.registrationTokenGrace ? 'A lost answer is not a lost client. At most 24 hours.' : 'Off: it is void at once. A client that does not get the answer has lost its token.'} />
            </FormGroup>
          </FormSection>
          <FormSection title="Registrations that wait for an approval" titleElement="h2">
            <SpanField id="approval-expires" label="They wait for" value={value.approvalExpires} readOnly={readOnly} problem={wrong.approvalExpires} text="What nobody approved and fetched by then is deleted." onChange={(approvalExpires) => set({ approvalExpires })} />
            <SpanField id="approval-interval" label="Callers ask again every" value={value.approvalInterval} readOnly={readOnly} problem={wrong.approvalInterval} text="Who asks sooner is told to slow down." onChange={(approvalInterval) => set({ approvalInterval })} />
          </FormSection>
        </>
      )}
      {action.error && <Failure error={action.error} role="manage-realm" />}
      {manage && (
        <ActionGroup>
          <Button type="submit" isLoading={action.busy} isDisabled={action.busy || !works}>
            Save
          </Button>
          <Button
            variant="link"
            onClick={() => {
              unsaved.giveUp();
              revert();
            }}
          >
            Revert
          </Button>
        </ActionGroup>
      )}
    </Form>
  );
}
