// Makes an initial access token and shows it, once.

import { useState, type FormEvent } from 'react';
import { ActionGroup, Button, Form, FormGroup, FormSelect, FormSelectOption, NumberInput, PageSection, Split, SplitItem, TextInput } from '@patternfly/react-core';
import { useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { InitialAccessToken } from '../api/types';
import { FormEnd } from '../parts/FormEnd';
import { Heading } from '../parts/Heading';
import { Hint } from '../parts/Hint';
import { useAction } from '../parts/load';
import { Secret } from '../parts/Secret';
import { TextList } from '../parts/TextList';
import { span } from '../parts/times';
import { MOST, webOrigin } from '../wording/problems';

const UNITS: [string, number][] = [
  ['Minutes', 60],
  ['Hours', 3_600],
  ['Days', 86_400],
];

export default function CreateInitialAccessToken() {
  const { realm = '' } = useParams();
  const action = useAction();
  const [name, setName] = useState('');
  const [time, setTime] = useState(1);
  const [unit, setUnit] = useState(86_400);
  const [count, setCount] = useState(1);
  const [webOrigins, setWebOrigins] = useState<string[]>([]);
  const [made, setMade] = useState<InitialAccessToken>();
  const list = `#/${encodeURIComponent(realm)}/clients/tokens`;
  const endless = time === 0;
  const tooLong = time * unit > MOST;
  const useless = count === 0;

  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const origins = webOrigins.map((origin) => origin.trim()).filter((origin) => origin !== '');
      const body = { ...(name.trim() !== '' && { name: name.trim() }), expiration: time * unit, count, ...(origins.length > 0 && { webOrigins: origins }) };
      setMade(await request<InitialAccessToken>(admin(realm, 'clients-initial-access'), { method: 'POST', body }));
    });
  };
  const above: [string, string][] = [
    ['Clients', `#/${encodeURIComponent(realm)}/clients`],
    ['Initial access token', list],
  ];
  if (made?.token) {
    return (
      <>
        <Heading title="Initial access token created" above={above} />
        <PageSection hasBodyWrapper={false} className="console-limited">
          <Secret label="Initial access token" value={made.token} text={`It is shown this once. It registers ${made.count === 1 ? 'one client' : `${made.count} clients`}${made.expiration === 0 ? '' : ` within ${span(made.expiration)}`}.`} />
          <p className="console-gap">Who has it registers a client like this:</p>
          <pre className="console-pre" tabIndex={0} aria-label="Example">{`curl ${location.origin}/realms/${encodeURIComponent(realm)}/clients-registrations/openid-connect \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"client_name": "My app", "redirect_uris": ["https://app.example.com/callback"]}'`}</pre>
          <ActionGroup className="console-gap">
            <Button component="a" href={list}>
              I have copied it
            </Button>
          </ActionGroup>
        </PageSection>
      </>
    );
  }
  return (
    <>
      <Heading title="Create initial access token" text="It can only be used to register clients." above={above} />
      <PageSection hasBodyWrapper={false}>
        <Form isWidthLimited onSubmit={save}>
          <FormGroup label="Name" fieldId="name">
            <TextInput id="name" value={name} maxLength={255} onChange={(_, value) => setName(value)} />
            <Hint id="name" text="For you, to tell it from others: whom it is for." />
          </FormGroup>
          <FormGroup label="Expiration" fieldId="expiration" role="group">
            <Split hasGutter isWrappable>
              <SplitItem>
                <NumberInput inputProps={{ id: 'expiration' }} inputAriaLabel="Expiration" minusBtnAriaLabel="Less time" plusBtnAriaLabel="More time" value={time} min={0} onMinus={() => setTime(Math.max(0, time - 1))} onPlus={() => setTime(time + 1)} onChange={(event) => setTime(number(event))} />
              </SplitItem>
              <SplitItem>
                <FormSelect aria-label="Unit of time" value={unit} onChange={(_, value) => setUnit(Number(value))} isDisabled={endless}>
                  {UNITS.map(([caption, seconds]) => (
                    <FormSelectOption key={seconds} value={seconds} label={caption} />
                  ))}
                </FormSelect>
              </SplitItem>
            </Split>
            <Hint id="expiration" text={endless ? 'It never expires. Prefer a short time: whoever finds it can use it.' : 'After this time it registers nothing any more. 0 means for ever.'} problem={tooLong ? 'That is too long: 68 years are the most. 0 means for ever.' : undefined} />
          </FormGroup>
          <FormGroup label="Count" fieldId="count" role="group">
            <NumberInput inputProps={{ id: 'count' }} inputAriaLabel="Count" minusBtnAriaLabel="Fewer clients" plusBtnAriaLabel="More clients" value={count} min={1} max={MOST} onMinus={() => setCount(Math.max(1, count - 1))} onPlus={() => setCount(count + 1)} onChange={(event) => setCount(number(event))} />
            <Hint id="count" text="How many clients can be registered with it." problem={useless ? 'Nobody could use it: 1 is the least.' : undefined} />
          </FormGroup>
          <FormGroup label="Web origins" fieldId="web-origins" role="group">
            <TextList id="web-origins" label="Web origin" values={webOrigins} placeholder="https://app.example.com" check={(origin) => webOrigin(origin, ['*'])} onChange={setWebOrigins} />
            <Hint id="web-origins" text="Pages that may use it in a browser, as browsers send them. None: no page may." />
          </FormGroup>
          <FormEnd action={action} values={[name, time, unit, count, webOrigins]} role="manage-clients" ready={!tooLong && !useless && webOrigins.every((origin) => webOrigin(origin, ['*']) === undefined)} back={list} />
        </Form>
      </PageSection>
    </>
  );
}

function number(event: React.FormEvent<HTMLInputElement>): number {
  return Math.min(MOST, Math.max(0, Math.floor(Number((event.target as HTMLInputElement).value) || 0)));
}
