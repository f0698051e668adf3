// A registration whose caller waits for an approval, found by the code that the caller shows. Nothing happens by itself.

import { useState, type FormEvent } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, DescriptionList, Form, FormGroup, PageSection, TextInput } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { ApiError, admin, query, request } from '../api/http';
import type { ClientApproval, Decision } from '../api/types';
import { ClientDetails } from '../parts/ClientDetails';
import { Confirm } from '../parts/Confirm';
import { Entry } from '../parts/Entry';
import { Heading } from '../parts/Heading';
import { Hint, wrong } from '../parts/Hint';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { Sentences } from '../parts/Sentences';
import { distance, moment } from '../parts/times';
import { useSession } from '../session';
import { sentences } from '../wording/decisions';
import { codeLetters, verificationCode } from '../wording/problems';

/** Realms that are asked at the same time. */
const AT_ONCE = 6;

interface Found {
  realm: string;
  approval: ClientApproval;
  /** Absent: it is not kept any more, or the user may not see it. */
  decision: Decision | undefined;
}

export default function Approve() {
  const { code } = useParams();
  return (
    <>
      <Heading title="Approve a client" text="Somebody wants to register a client and waits until you have looked at it. The application shows a code of eight letters." />
      <PageSection hasBodyWrapper={false}>{code === undefined ? <Enter /> : <Look key={code} code={code} />}</PageSection>
    </>
  );
}

function Enter() {
  const navigate = useNavigate();
  const [code, setCode] = useState('');
  const problem = verificationCode(code);
  const look = (event: FormEvent) => {
    event.preventDefault();
    navigate(`/-/approve/${codeLetters(code)}`);
  };
  return (
    <Form isWidthLimited onSubmit={look}>
      <FormGroup label="Code" fieldId="code" isRequired>
        <TextInput id="code" value={code} isRequired autoFocus autoComplete="off" spellCheck="false" placeholder="XXXX-XXXX" {...wrong('code', problem)} onChange={(_, value) => setCode(value)} />
        <Hint id="code" text="As the application shows it; small letters and no hyphen will do." problem={problem} />
      </FormGroup>
      <div>
        <Button type="submit" isDisabled={codeLetters(code).length !== 8 || problem !== undefined}>
          Look at it
        </Button>
      </div>
    </Form>
  );
}

/** Looks in each realm that the user may see. */
async function find(realms: string[], code: string, signal: AbortSignal): Promise<Found> {
  for (let at = 0; at < realms.length; at += AT_ONCE) {
    const some = realms.slice(at, at + AT_ONCE);
    const answers = await Promise.all(some.map((realm) => inRealm(realm, code, signal)));
    const found = answers.find((answer) => answer !== undefined);
    if (found) {
      return found;
    }
  }
  throw new ApiError(404, 'No registration waits with this code.', 'Compare it with the one that the application shows. Somebody may have decided already, or its time is over: then the application has to ask again.');
}

async function inRealm(realm: string, code: string, signal: AbortSignal): Promise<Found | undefined> {
  try {
    const approval = await request<ClientApproval>(admin(realm, 'client-approvals', code), { signal, mayBeMissing: true });
    return { realm, approval, decision: await said(realm, approval.decision, signal) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      return undefined;
    }
    throw error;
  }
}

async function said(realm: string, id: string, signal: AbortSignal): Promise<Decision | undefined> {
  try {
    const [decision] = await request<Decision[]>(`${admin(realm, 'client-registration-policy', 'decisions')}${query({ id })}`, { signal });
    return decision;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) {
      return undefined;
    }
    throw error;
  }
}

function Look({ code }: { code: string }) {
  const { session } = useSession();
  // The user's own realm first: most look no further.
  const realms = [session.realm, ...session.realms.filter((realm) => realm !== session.realm)];
  const found = useLoad((signal) => find(realms, code, signal), [code]);
  return (
    <>
      <Show from={found} what="the registration" role="view-clients">
        {(data) => <Waits found={data} />}
      </Show>
      {found.error && (
        <Button variant="link" isInline component="a" href="#/-/approve">
          Enter another code
        </Button>
      )}
    </>
  );
}

function Waits({ found: { realm, approval, decision } }: { found: Found }) {
  const { may } = useSession();
  const navigate = useNavigate();
  const notice = useNotice();
  const action = useAction();
  const [refusing, setRefusing] = useState(false);
  const { client, verificationCode: shown } = approval;
  const decide = (verb: 'approve' | 'refuse') => request(`${admin(realm, 'client-approvals', shown)}/${verb}`, { method: 'POST' });
  const approve = () =>
    action.run(async () => {
      await decide('approve');
      notice('The client is approved', 'The application gets it as soon as it asks.');
      navigate(`/${encodeURIComponent(realm)}/clients/${encodeURIComponent(client.id)}`);
    });
  return (
    <div className="console-cards">
      <Alert isInline variant="warning" title={`Does the application show ${shown}?`} component="h2">
        Approve the client only if it does, and if you know who asks for it. Whoever waits gets the client with all that it may do.
      </Alert>
      {action.error && <Failure error={action.error} role="manage-clients" />}
      <div className="console-row">
        <Button onClick={() => void approve()} isLoading={action.busy} isDisabled={action.busy || !may(realm, 'manage-clients')}>
          Approve
        </Button>
        <Button variant="secondary" isDanger onClick={() => setRefusing(true)} isDisabled={action.busy || !may(realm, 'manage-clients')}>
          Refuse
        </Button>
        {!may(realm, 'manage-clients') && <span className="console-faint">It needs the role manage-clients of this realm.</span>}
      </div>
      <Card>
        <CardTitle component="h2">The request</CardTitle>
        <CardBody>
          <DescriptionList orientation={{ md: 'horizontal' }} horizontalTermWidthModifier={{ default: '14rem' }}>
            <Entry term="Code">
              <code className="console-code">{shown}</code>
            </Entry>
            <Entry term="Realm">{realm}</Entry>
            <Entry term="From">{approval.address}</Entry>
            <Entry term="Came">
              {moment(approval.requested)} ({distance(approval.requested)})
            </Entry>
            <Entry term="Ends">
              {moment(approval.expires)} ({distance(approval.expires)})
            </Entry>
            <Entry term="Why it waits">{approval.reason || 'The policy gave no reason.'}</Entry>
          </DescriptionList>
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">The client as it would be stored</CardTitle>
        <CardBody>
          <ClientDetails client={client} />
          <details>
            <summary>All of it</summary>
            <pre className="console-pre" tabIndex={0} aria-label="The client as it would be stored">
              {JSON.stringify(client, null, 2)}
            </pre>
          </details>
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">What the policies said</CardTitle>
        <CardBody>{decision ? <Sentences sentences={sentences(decision)} /> : 'Your account may not see decisions: that needs the role view-events of this realm.'}</CardBody>
      </Card>
      {refusing && (
        <Confirm
          title="Refuse the client?"
          verb="Refuse"
          onConfirm={async () => {
            await decide('refuse');
            notice('The client is refused', 'The application is told when it asks.');
            navigate('/-/approve');
          }}
          onClose={() => setRefusing(false)}
        >
          It is deleted, and the application is told that it was refused.
        </Confirm>
      )}
    </div>
  );
}
