// The settings of a realm that touch registration.

import { useState, type FormEvent } from 'react';
import { ActionGroup, Button, Form, FormGroup, FormSection, FormSelect, FormSelectOption, NumberInput, PageSection, Switch, TextArea, TextInput } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { ApiError, admin, request } from '../api/http';
import type { Realm } from '../api/types';
import { Confirm } from '../parts/Confirm';
import { Heading } from '../parts/Heading';
import { Hint, wrong } from '../parts/Hint';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { ManyOf } from '../parts/ManyOf';
import { useNotice } from '../parts/notices';
import { span } from '../parts/times';
import { useUnsaved } from '../parts/useUnsaved';
import { useSession } from '../session';
import { frontendUrl, metadataUrl, MOST, rate, trustedIssuers } from '../wording/problems';
import { eventTypes } from './Events';

const ROTATE = 'clientRegistration.rotateOnRead';
const UNKNOWN = 'clientRegistration.unknownMetadata';
const ISSUERS = 'clientRegistration.trustedIssuers';
const PER_ADDRESS = 'clientRegistration.anonymousPerAddress';
const PER_REALM = 'clientRegistration.anonymousPerRealm';
const FRONTEND = 'frontendUrl';

export default function RealmSettings() {
  const { realm = '' } = useParams();
  const { may, refresh } = useSession();
  const navigate = useNavigate();
  const notice = useNotice();
  const loaded = useLoad((signal) => request<Realm>(admin(realm), { signal }), [realm]);
  const [deleting, setDeleting] = useState(false);
  const [reverted, setReverted] = useState(0);
  const manage = may(realm, 'manage-realm');
  return (
    <>
      <Heading
        title="Realm settings"
        text="Those that touch the registration of clients."
        actions={
          manage &&
          realm !== 'master' && (
            <Button variant="secondary" isDanger onClick={() => setDeleting(true)}>
              Delete realm
            </Button>
          )
        }
      />
      <PageSection hasBodyWrapper={false}>
        <Show from={loaded} what="the settings" role="view-realm">
          {(data) => (data.id === undefined ? <Failure error={new ApiError(403, 'Your account may not see the settings of this realm.', '')} role="view-realm" /> : <Settings key={`${reverted} ${JSON.stringify(data)}`} stored={data} manage={manage} reload={loaded.reload} revert={() => setReverted(reverted + 1)} />)}
        </Show>
      </PageSection>
      {deleting && (
        <Confirm
          title={`Delete realm “${realm}”?`}
          verb="Delete realm"
          mustType={realm}
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await request(admin(realm), { method: 'DELETE' });
            navigate('/');
            await refresh();
            notice(`Realm “${realm}” is deleted`);
          }}
        >
          All its clients, users, tokens, policies and events are gone for good.
        </Confirm>
      )}
    </>
  );
}

function Settings({ stored, manage, reload, revert }: { stored: Realm; manage: boolean; reload(): void; revert(): void }) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  const action = useAction();
  const [enabled, setEnabled] = useState(stored.enabled === true);
  const [ssl, setSsl] = useState(stored.sslRequired ?? 'external');
  const [attributes, setAttributes] = useState(stored.attributes ?? {});
  const [idle, setIdle] = useState(stored.ssoSessionIdleTimeout ?? 1800);
  const [most, setMost] = useState(stored.ssoSessionMaxLifespan ?? 36000);
  const [access, setAccess] = useState(stored.accessTokenLifespan ?? 300);
  const [events, setEvents] = useState(stored.eventsEnabled === true);
  const [types, setTypes] = useState(stored.enabledEventTypes ?? []);
  const [issuer, setIssuer] = useState(stored.authorizationServer?.issuer ?? '');
  const [metadata, setMetadata] = useState(stored.authorizationServer?.metadataUrl ?? '');
  const [trust, setTrust] = useState(stored.authorizationServer?.trustTokens !== false);
  const set = (name: string, value: string) => setAttributes({ ...attributes, [name]: value });
  const unsaved = useUnsaved([enabled, ssl, attributes, idle, most, access, events, types, issuer, metadata, trust]);
  const lockout = realm === 'master' && !enabled;
  const text = (name: string) => attributes[name] ?? '';
  const problems = { frontend: frontendUrl(text(FRONTEND)), perAddress: rate(text(PER_ADDRESS)), perRealm: rate(text(PER_REALM)), issuers: trustedIssuers(text(ISSUERS)), issuer: frontendUrl(issuer), metadata: metadataUrl(metadata) };
  const works = Object.values(problems).every((problem) => problem === undefined);

  const save = (event: FormEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const named = Object.fromEntries([ROTATE, UNKNOWN, ISSUERS, PER_ADDRESS, PER_REALM, FRONTEND].map((name) => [name, attributes[name]?.trim() ?? '']));
      // What has no field here stays.
      const authorizationServer = issuer.trim() === '' ? null : { ...stored.authorizationServer, issuer: issuer.trim(), metadataUrl: metadata.trim() || null, trustTokens: trust };
      await request(admin(realm), {
        method: 'PUT',
        body: { enabled, sslRequired: ssl, accessTokenLifespan: access, ssoSessionIdleTimeout: idle, ssoSessionMaxLifespan: most, eventsEnabled: events, enabledEventTypes: types, authorizationServer, attributes: named },
      });
      unsaved.saved();
      notice('The settings are saved');
      reload();
    });
  };
  return (
    <Form isWidthLimited onSubmit={save}>
      {unsaved.question}
      <FormSection title="General" titleElement="h2">
        <FormGroup fieldId="enabled">
          <Switch id="enabled" label="Enabled" isChecked={enabled} isDisabled={!manage} onChange={(_, on) => setEnabled(on)} />
          <Hint id="enabled" isWarning={lockout} text={lockout ? 'Nobody can sign in to the console then, you included.' : 'A disabled realm registers no clients and issues no tokens.'} />
        </FormGroup>
        <FormGroup label="Require TLS" fieldId="ssl">
          <FormSelect id="ssl" value={ssl} isDisabled={!manage} onChange={(_, value) => setSsl(value as typeof ssl)}>
            <FormSelectOption value="all" label="Of every caller" />
            <FormSelectOption value="external" label="Of callers from outside: neither this machine nor private networks" />
            <FormSelectOption value="none" label="Of nobody" />
          </FormSelect>
        </FormGroup>
        <FormGroup label="Frontend URL" fieldId="frontend">
          <TextInput id="frontend" value={text(FRONTEND)} placeholder="https://id.example.com" readOnly={!manage} {...wrong('frontend', problems.frontend)} onChange={(_, value) => set(FRONTEND, value)} />
          <Hint id="frontend" text="Replaces scheme and host of the realm's addresses. Empty: those that the caller used." problem={problems.frontend} />
        </FormGroup>
      </FormSection>
      <FormSection title="Authorization server" titleElement="h2">
        <FormGroup label="Issuer" fieldId="issuer">
          <TextInput id="issuer" value={issuer} placeholder="https://sso.example.com/realms/demo" readOnly={!manage} {...wrong('issuer', problems.issuer)} onChange={(_, value) => setIssuer(value)} />
          <Hint id="issuer" text="The server that logs people in, to the letter as it calls itself. Discovery of this realm is then that server's, with registration here. Empty: none." problem={problems.issuer} />
        </FormGroup>
        {issuer.trim() !== '' && (
          <>
            <FormGroup label="Address of its metadata" fieldId="metadata">
              <TextInput id="metadata" value={metadata} placeholder={`${issuer.trim().replace(/\/$/, '')}/.well-known/openid-configuration`} readOnly={!manage} {...wrong('metadata', problems.metadata)} onChange={(_, value) => setMetadata(value)} />
              <Hint id="metadata" text="Empty: where the issuer says. Where a proxy sends that address to this server, this one leads around it." problem={problems.metadata} />
            </FormGroup>
            <FormGroup fieldId="trust">
              <Switch id="trust" label="Its access tokens register clients" isChecked={trust} isDisabled={!manage} onChange={(_, on) => setTrust(on)} />
              <Hint id="trust" text="As the realm's own do, with the roles that they name." />
            </FormGroup>
          </>
        )}
      </FormSection>
      <FormSection title="Registration" titleElement="h2">
        <FormGroup label="Registrations without a token, per address" fieldId="per-address">
          <TextInput id="per-address" value={text(PER_ADDRESS)} placeholder="20/hour" readOnly={!manage} {...wrong('per-address', problems.perAddress)} onChange={(_, value) => set(PER_ADDRESS, value)} />
          <Hint id="per-address" text="How often one address may register a client: a number, a slash, and second, minute, hour or day. Empty: as the server's options say; “none”: no limit." problem={problems.perAddress} />
        </FormGroup>
        <FormGroup label="Registrations without a token, in the realm" fieldId="per-realm">
          <TextInput id="per-realm" value={text(PER_REALM)} placeholder="200/day" readOnly={!manage} {...wrong('per-realm', problems.perRealm)} onChange={(_, value) => set(PER_REALM, value)} />
          <Hint id="per-realm" text="The same for all addresses together." problem={problems.perRealm} />
        </FormGroup>
        <FormGroup label="Unknown members of OpenID Connect metadata" fieldId="unknown">
          <FormSelect id="unknown" value={attributes[UNKNOWN] === 'reject' ? 'reject' : ''} isDisabled={!manage} onChange={(_, value) => set(UNKNOWN, value)}>
            <FormSelectOption value="" label="Are ignored, as RFC 7591 says" />
            <FormSelectOption value="reject" label="Are refused, as in Keycloak" />
          </FormSelect>
        </FormGroup>
        <FormGroup fieldId="rotate">
          <Switch id="rotate" label="A new registration access token with each reading" isChecked={attributes[ROTATE] === 'true'} isDisabled={!manage} onChange={(_, on) => set(ROTATE, on ? 'true' : '')} />
          <Hint id="rotate" text="Off: only an update brings a new one, as in Keycloak." />
        </FormGroup>
        <FormGroup label="Trusted issuers" fieldId="issuers">
          <TextArea id="issuers" className="console-code" rows={4} value={text(ISSUERS)} readOnly={!manage} {...wrong('issuers', problems.issuers)} spellCheck={false} resizeOrientation="vertical" placeholder='[{"issuer": "https://ci.example", "audience": "matricula", "rolesClaim": "roles"}]' onChange={(_, value) => set(ISSUERS, value)} />
          <Hint id="issuers" text="Bearer tokens of these issuers register clients like the realm's own. A JSON list." problem={problems.issuers} />
        </FormGroup>
      </FormSection>
      <FormSection title="Sessions and tokens" titleElement="h2">
        <Seconds id="access" label="Access tokens are good for" value={access} manage={manage} onChange={setAccess} />
        <Seconds id="idle" label="A session ends when it is not used for" value={idle} manage={manage} warning={idle > most ? 'It never comes to that: a session ends before in any case.' : undefined} onChange={setIdle} />
        <Seconds id="most" label="A session of the console ends in any case after" value={most} manage={manage} onChange={setMost} />
      </FormSection>
      <FormSection title="Events" titleElement="h2">
        <FormGroup fieldId="events">
          <Switch id="events" label="Store events" isChecked={events} isDisabled={!manage} onChange={(_, on) => setEvents(on)} />
        </FormGroup>
        {events && (
          <FormGroup label="Which" fieldId="types">
            <ManyOf id="types" label="Event types" options={Object.keys(eventTypes)} values={types} onChange={setTypes} />
            <Hint id="types" text="None chosen: all but readings." />
          </FormGroup>
        )}
      </FormSection>
      {action.error && <Failure error={action.error} role="manage-realm" />}
      {manage && (
        <ActionGroup>
          <Button type="submit" isLoading={action.busy} isDisabled={action.busy || !works}>
            Save
          </Button>
          <Button variant="link" onClick={revert}>
            Revert
          </Button>
        </ActionGroup>
      )}
    </Form>
  );
}

function Seconds({ id, label, value, manage, warning, onChange }: { id: string; label: string; value: number; manage: boolean; warning?: string | undefined; onChange(value: number): void }) {
  const set = (next: number) => onChange(Math.min(MOST, Math.max(1, Math.floor(next) || 1)));
  return (
    <FormGroup label={`${label} (seconds)`} fieldId={id} role="group">
      <NumberInput inputProps={{ id }} inputAriaLabel={`${label}, in seconds`} minusBtnAriaLabel="A minute less" plusBtnAriaLabel="A minute more" value={value} min={1} max={MOST} isDisabled={!manage} widthChars={8} onMinus={() => set(value - 60)} onPlus={() => set(value + 60)} onChange={(event) => set(Number((event.target as HTMLInputElement).value))} />
      <Hint id={id} isWarning={warning !== undefined} text={warning ?? span(value)} />
    </FormGroup>
  );
}
