// Who is signed in, and what happens when the session comes to its end.

import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { admin, request, setCsrf, watchSession } from './api/http';
import type { Session } from './api/types';
import { SignInForm } from './pages/SignIn';

/** Seconds before the end of a session at which the administrator is warned. */
const WARNING = 120;

interface SessionContext {
  session: Session;
  signOut(): Promise<void>;
  /** Reads the session anew: the list of realms may have changed. */
  refresh(): Promise<void>;
  /** Whether the user has this role in a realm. */
  may(realm: string, ...roles: string[]): boolean;
}

const Context = createContext<SessionContext | null>(null);

export function useSession(): SessionContext {
  const context = useContext(Context);
  if (!context) {
    throw new Error('useSession outside of a session');
  }
  return context;
}

interface Props {
  /** Shown while it is not known whether somebody is signed in. */
  waiting: ReactNode;
  /** Told who is when the page is opened, before anything of it is shown. */
  onOpened(session: Session): void;
  /** Shown when nobody is. */
  signIn(done: (session: Session) => void): ReactNode;
  children: ReactNode;
}

export function SessionGate({ waiting, onOpened, signIn, children }: Props) {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [ended, setEnded] = useState(false);
  const [warned, setWarned] = useState(false);
  const [failed, setFailed] = useState<Error>();
  const waitingForSession = useRef<(() => void)[]>([]);
  // When the session ends unless it is used before, on this machine's clock.
  const end = useRef(0);
  const idle = useRef(1800);

  const accept = useCallback((next: Session | null) => {
    setSession(next);
    if (next) {
      setCsrf(next.csrf);
      idle.current = Math.max(next.expiresIn, 1);
      end.current = Date.now() + next.expiresIn * 1000;
      setEnded(false);
      setWarned(false);
      for (const go of waitingForSession.current.splice(0)) {
        go();
      }
    }
  }, []);

  const read = useCallback(async () => request<Session | null>('/console/session'), []);

  useEffect(() => {
    read().then((opened) => {
      if (opened) {
        onOpened(opened);
      }
      accept(opened);
    }, setFailed);
  }, [read, accept, onOpened]);

  useEffect(() => {
    if (!session) {
      return undefined;
    }
    const timer = setInterval(() => {
      const left = (end.current - Date.now()) / 1000;
      if (left > Math.min(WARNING, idle.current / 4)) {
        return;
      }
      // The server knows: another window may have used the session.
      void read().then(
        (current) => {
          if (!current) {
            setEnded(true);
            return;
          }
          end.current = Date.now() + current.expiresIn * 1000;
          setWarned(current.expiresIn <= Math.min(WARNING, idle.current / 4));
        },
        () => undefined,
      );
    }, 15_000);
    return () => clearInterval(timer);
  }, [session, read]);

  const refresh = useCallback(async () => {
    const current = await read();
    if (current) {
      end.current = Date.now() + current.expiresIn * 1000;
      setSession(current);
    } else {
      setEnded(true);
    }
  }, [read]);

  useEffect(() => {
    watchSession(
      () =>
        new Promise((resolve) => {
          waitingForSession.current.push(resolve);
          setEnded(true);
        }),
      () => {
        end.current = Math.max(end.current, Date.now() + idle.current * 1000);
        setWarned(false);
      },
      // What is missing may be the whole realm.
      () => void refresh().catch(() => undefined),
    );
  }, [refresh]);

  const context = useMemo<SessionContext | null>(
    () =>
      session
        ? {
            session,
            async signOut() {
              await request('/console/session', { method: 'DELETE' });
              setCsrf('');
              setSession(null);
            },
            refresh,
            may: (realm, ...roles) => session.administrator || (realm === session.realm && roles.some((role) => session.roles.includes(role))),
          }
        : null,
    [session, refresh],
  );

  if (failed) {
    return (
      <main className="console-alone">
        <h1>The console cannot start</h1>
        <p>{failed.message}</p>
        <Button onClick={() => location.reload()}>Try again</Button>
      </main>
    );
  }
  if (session === undefined) {
    return waiting;
  }
  if (!context || session === null) {
    return signIn(accept);
  }
  return (
    <Context.Provider value={context}>
      {children}
      <Modal isOpen={ended} variant="small" aria-labelledby="session-ended" disableFocusTrap={false}>
        <ModalHeader title="Your session has ended" labelId="session-ended" description="Sign in to go on where you were. Nothing that you typed is lost." />
        <ModalBody>
          <SignInForm initialUser={session.user} initialRealm={session.realm} onSignedIn={accept} />
        </ModalBody>
      </Modal>
      <Modal isOpen={warned && !ended} variant="small" aria-labelledby="session-warning" onClose={() => setWarned(false)}>
        <ModalHeader title="Your session is about to end" labelId="session-warning" titleIconVariant="warning" />
        <ModalBody>Nothing was done for a while. In about two minutes you will have to sign in again.</ModalBody>
        <ModalFooter>
          <Button onClick={() => void request(admin(session.realm)).catch(() => undefined)}>Stay signed in</Button>
          <Button variant="link" onClick={() => void context.signOut()}>
            Sign out
          </Button>
        </ModalFooter>
      </Modal>
    </Context.Provider>
  );
}
