// Sign in: the page for those who are not, and the form that a session that has ended shows too.

import { useState, type FormEvent } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, Form, FormGroup, FormHelperText, HelperText, HelperTextItem, InputGroup, InputGroupItem, TextInput } from '@patternfly/react-core';
import EyeIcon from '@patternfly/react-icons/dist/esm/icons/eye-icon';
import EyeSlashIcon from '@patternfly/react-icons/dist/esm/icons/eye-slash-icon';
import { ApiError, request } from '../api/http';
import type { Session } from '../api/types';
import { Brand } from '../parts/Brand';

interface FormProps {
  initialUser?: string;
  initialRealm?: string;
  onSignedIn(session: Session): void;
}

export function SignInForm({ initialUser = '', initialRealm = 'master', onSignedIn }: FormProps) {
  const [user, setUser] = useState(initialUser);
  const [password, setPassword] = useState('');
  const [realm, setRealm] = useState(initialRealm);
  const [otherRealm, setOtherRealm] = useState(initialRealm !== 'master');
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      onSignedIn(await request<Session>('/console/session', { method: 'POST', body: { user: user.trim(), password, realm: realm.trim() } }));
    } catch (failure) {
      setError(failure as ApiError);
      setPassword('');
      setBusy(false);
      document.getElementById('password')?.focus();
    }
  }

  return (
    <Form onSubmit={(event) => void submit(event)} noValidate>
      {error && (
        <Alert isInline variant="danger" title={error.message} component="p">
          {error.advice}
        </Alert>
      )}
      <FormGroup label="User name" fieldId="user" isRequired>
        <TextInput id="user" name="username" autoComplete="username" autoFocus={initialUser === ''} isRequired value={user} onChange={(_, value) => setUser(value)} />
      </FormGroup>
      <FormGroup label="Password" fieldId="password" isRequired>
        <InputGroup>
          <InputGroupItem isFill>
            <TextInput id="password" name="password" type={shown ? 'text' : 'password'} autoComplete="current-password" autoFocus={initialUser !== ''} isRequired value={password} onChange={(_, value) => setPassword(value)} />
          </InputGroupItem>
          <InputGroupItem>
            <Button variant="control" aria-label={shown ? 'Hide password' : 'Show password'} icon={shown ? <EyeSlashIcon /> : <EyeIcon />} onClick={() => setShown(!shown)} />
          </InputGroupItem>
        </InputGroup>
      </FormGroup>
      {otherRealm ? (
        <FormGroup label="Realm" fieldId="realm">
          <TextInput id="realm" name="realm" value={realm} onChange={(_, value) => setRealm(value)} />
          <FormHelperText>
            <HelperText>
              <HelperTextItem>The realm that your account is in. Administrators of all realms are in “master”.</HelperTextItem>
            </HelperText>
          </FormHelperText>
        </FormGroup>
      ) : (
        <div>
          <Button variant="link" isInline onClick={() => setOtherRealm(true)}>
            My account is in another realm
          </Button>
        </div>
      )}
      <Button type="submit" isBlock isLoading={busy} isDisabled={busy || user.trim() === '' || password === ''}>
        {busy ? 'Signing in' : 'Sign in'}
      </Button>
    </Form>
  );
}

export function SignIn({ onSignedIn }: { onSignedIn(session: Session): void }) {
  return (
    <main className="console-sign-in">
      <Card className="console-sign-in-card">
        <CardTitle component="h1">
          <Brand />
          <span className="console-sign-in-title">Sign in to the console</span>
        </CardTitle>
        <CardBody>
          <SignInForm onSignedIn={onSignedIn} />
        </CardBody>
      </Card>
    </main>
  );
}
