// Who the server is at a target: the type, and what it needs.

import { FormGroup, FormSelect, FormSelectOption, Switch, TextInput } from '@patternfly/react-core';
import type { Connector, Credentials } from '../api/targets';
import { credentialTypes } from '../wording/targets';
import { baseUrl, isLost, LIMITS, MASK, signingSecret } from '../wording/targetProblems';
import { Hint, wrong } from './Hint';
import { SecretInput } from './SecretInput';
import { SecretList } from './SecretList';

interface Props {
  connector: Connector;
  value: Credentials;
  /** Secrets that are stored may stay where the calls go now. */
  stay: boolean;
  readOnly: boolean;
  onChange(value: Credentials): void;
}

const STORED = 'It is stored, and shown to nobody. What you type takes its place.';

export function CredentialsFields({ connector, value, stay, readOnly, onChange }: Props) {
  const set = (changes: Partial<Credentials>) => onChange({ ...value, ...changes });
  const secret = (member: 'token' | 'password' | 'clientSecret', label: string) => {
    const typed = value[member] ?? '';
    const lost = isLost(member, typed, stay);
    const id = `credentials-${member}`;
    return (
      <FormGroup label={label} fieldId={id} isRequired>
        <SecretInput id={id} value={lost ? '' : typed} readOnly={readOnly} problem={lost ? 'missing' : undefined} onChange={(next) => set({ [member]: next })} />
        <Hint id={id} text={typed === MASK ? STORED : 'It is shown to nobody once it is stored.'} problem={lost ? 'It would go to another address than it was stored for: type it again.' : undefined} />
      </FormGroup>
    );
  };
  const text = (member: 'user' | 'clientId' | 'scope', label: string, hint?: string, problem?: string) => (
    <FormGroup label={label} fieldId={`credentials-${member}`} isRequired={member !== 'scope'}>
      <TextInput id={`credentials-${member}`} value={value[member] ?? ''} readOnly={readOnly} autoComplete="off" {...wrong(`credentials-${member}`, problem)} onChange={(_, next) => set({ [member]: next })} />
      <Hint id={`credentials-${member}`} text={hint} problem={problem} />
    </FormGroup>
  );
  const tokenUrlProblem = baseUrl(value.tokenUrl ?? '');
  return (
    <>
      {connector.credentials.length > 1 && (
        <FormGroup label="Credentials" fieldId="credentials">
          <FormSelect id="credentials" value={value.type} isDisabled={readOnly} onChange={(_, type) => onChange({ type })}>
            {connector.credentials.map((type) => (
              <FormSelectOption key={type} value={type} label={credentialTypes[type] ?? type} />
            ))}
          </FormSelect>
        </FormGroup>
      )}
      {value.type === 'bearer' && secret('token', 'Token')}
      {value.type === 'basic' && (
        <>
          {text('user', 'User', undefined, value.user?.includes(':') ? 'It must not contain a colon.' : undefined)}
          {secret('password', 'Password')}
        </>
      )}
      {value.type === 'client-credentials' && (
        <>
          <FormGroup label="Token URL" fieldId="credentials-tokenUrl" isRequired>
            <TextInput id="credentials-tokenUrl" value={value.tokenUrl ?? ''} readOnly={readOnly} placeholder="https://sso.example.com/realms/demo/protocol/openid-connect/token" {...wrong('credentials-tokenUrl', tokenUrlProblem)} onChange={(_, tokenUrl) => set({ tokenUrl })} />
            <Hint id="credentials-tokenUrl" text="Where the server gets its access token (grant client_credentials)." problem={tokenUrlProblem} />
          </FormGroup>
          {text('clientId', 'Client ID', connector.id === 'keycloak' ? 'Of a client whose service account has the role manage-clients of realm-management there.' : undefined)}
          {secret('clientSecret', 'Client secret')}
          {text('scope', 'Scope', 'Asked for with the token. Empty: none.')}
        </>
      )}
      {value.type === 'standard-webhooks' && <SigningSecrets value={value} readOnly={readOnly} onChange={onChange} />}
    </>
  );
}

function SigningSecrets({ value, readOnly, onChange }: { value: Credentials; readOnly: boolean; onChange(value: Credentials): void }) {
  const made = value.secrets === undefined;
  const stored = value.secrets?.includes(MASK) === true;
  return (
    <>
      {!stored && (
        <FormGroup fieldId="credentials-make">
          <Switch id="credentials-make" label="Make a signing secret" isChecked={made} isDisabled={readOnly} onChange={(_, on) => onChange(on ? { type: value.type } : { ...value, secrets: [''] })} />
          <Hint id="credentials-make" text={made ? 'It is shown once, when the target is created. The receiver checks with it that events are from here.' : 'The receiver has one already.'} />
        </FormGroup>
      )}
      {value.secrets && (
        <FormGroup label="Signing secrets" fieldId="credentials-secrets" role="group">
          <SecretList id="credentials-secrets" label="Signing secret" values={value.secrets} most={LIMITS.secrets} readOnly={readOnly} check={signingSecret} onChange={(secrets) => onChange({ ...value, secrets })} />
          <Hint id="credentials-secrets" text="whsec_ and 24 to 64 bytes in base64; events are signed with each. To change one without a gap, add the new one before it, give it to the receiver, then remove the old one." />
        </FormGroup>
      )}
    </>
  );
}
