// The pages and their addresses. Each page is a script of its own, fetched when it is opened; but for the first one.

import { lazy, Suspense } from 'react';
import { Spinner } from '@patternfly/react-core';
import { HashRouter, Navigate, Route, Routes, useParams } from 'react-router';
import { realmIn } from './address';
import { askAhead } from './api/http';
import type { Session } from './api/types';
import { Layout } from './Layout';
import Start, { startReads } from './pages/Start';
import { SignIn } from './pages/SignIn';
import { Guarded } from './parts/Guarded';
import { Notices } from './parts/notices';
import { SessionGate, useSession } from './session';
import { NotFound } from './pages/NotFound';

const Clients = lazy(() => import('./pages/Clients'));
const CreateClient = lazy(() => import('./pages/CreateClient'));
const Client = lazy(() => import('./pages/Client'));
const InitialAccessTokens = lazy(() => import('./pages/InitialAccessTokens'));
const CreateInitialAccessToken = lazy(() => import('./pages/CreateInitialAccessToken'));
const RegistrationPolicies = lazy(() => import('./pages/RegistrationPolicies'));
const RegistrationPolicy = lazy(() => import('./pages/RegistrationPolicy'));
const TryIt = lazy(() => import('./pages/TryIt'));
const LifeCycle = lazy(() => import('./pages/LifeCycle'));
const ClientJobs = lazy(() => import('./pages/ClientJobs'));
const ClientJob = lazy(() => import('./pages/ClientJob'));
const ManyClients = lazy(() => import('./pages/ManyClients'));
const Decisions = lazy(() => import('./pages/Decisions'));
const Decision = lazy(() => import('./pages/Decision'));
const Events = lazy(() => import('./pages/Events'));
const ClientPolicies = lazy(() => import('./pages/ClientPolicies'));
const ClientPolicy = lazy(() => import('./pages/ClientPolicy'));
const ClientProfile = lazy(() => import('./pages/ClientProfile'));
const Targets = lazy(() => import('./pages/Targets'));
const CreateTarget = lazy(() => import('./pages/CreateTarget'));
const Target = lazy(() => import('./pages/Target'));
const RealmSettings = lazy(() => import('./pages/RealmSettings'));
const CreateRealm = lazy(() => import('./pages/CreateRealm'));
const Approve = lazy(() => import('./pages/Approve'));
const Components = lazy(() => import('./pages/Components'));
const Component = lazy(() => import('./pages/Component'));

const Waiting = () => (
  <div className="console-alone">
    <Spinner aria-label="Loading" />
  </div>
);

/** A page of a realm. Another realm is another page: nothing of the one before stays. */
function OfRealm() {
  const { realm = '' } = useParams();
  const { session } = useSession();
  if (!session.realms.includes(realm)) {
    return <NotFound text={`There is no realm “${realm}”, or your account may not see it. It may have been deleted meanwhile.`} way={[`Go to realm ${session.realm}`, `#/${encodeURIComponent(session.realm)}`]} />;
  }
  return (
    <Routes key={realm}>
      <Route index element={<Start />} />
      <Route path="clients" element={<Clients />} />
      <Route path="clients/create" element={<CreateClient />} />
      <Route path="clients/tokens" element={<InitialAccessTokens />} />
      <Route path="clients/tokens/create" element={<CreateInitialAccessToken />} />
      <Route path="clients/registration/:set" element={<RegistrationPolicies />} />
      <Route path="clients/registration/:set/try" element={<TryIt />} />
      <Route path="clients/registration/:set/create" element={<RegistrationPolicy />} />
      <Route path="clients/registration/:set/:id" element={<RegistrationPolicy />} />
      <Route path="clients/life-cycle" element={<LifeCycle />} />
      <Route path="clients/life-cycle/:part" element={<LifeCycle />} />
      <Route path="clients/jobs" element={<ClientJobs />} />
      <Route path="clients/jobs/:id" element={<ClientJob />} />
      <Route path="clients/many" element={<ManyClients />} />
      <Route path="clients/:id" element={<Client />} />
      <Route path="clients/:id/:tab" element={<Client />} />
      <Route path="targets" element={<Targets />} />
      <Route path="targets/-/create" element={<CreateTarget />} />
      <Route path="targets/:name" element={<Target />} />
      <Route path="targets/:name/:tab" element={<Target />} />
      <Route path="targets/:name/:tab/:id" element={<Target />} />
      <Route path="decisions" element={<Decisions />} />
      <Route path="decisions/:id" element={<Decision />} />
      <Route path="events" element={<Events />} />
      <Route path="client-policies" element={<ClientPolicies />} />
      <Route path="client-policies/:tab" element={<ClientPolicies />} />
      <Route path="client-policies/policies/create" element={<ClientPolicy />} />
      <Route path="client-policies/policies/edit/:name" element={<ClientPolicy />} />
      <Route path="client-policies/profiles/create" element={<ClientProfile />} />
      <Route path="client-policies/profiles/edit/:name" element={<ClientProfile />} />
      <Route path="settings" element={<RealmSettings />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

/** The realm of an address that names none: the last one of this window, else the user's own. */
function usual(session: Session): string {
  let last: string | null = null;
  try {
    last = sessionStorage.getItem('matricula-realm');
  } catch {
    // A browser that keeps nothing begins with the user's own realm.
  }
  return last !== null && session.realms.includes(last) ? last : session.realm;
}

function Home() {
  const { session } = useSession();
  return <Navigate to={`/${encodeURIComponent(usual(session))}`} replace />;
}

/** The start page's figures are asked for before it is drawn, which takes longer. */
function readAhead(session: Session) {
  const path = location.hash.slice(1);
  const realm = realmIn(path) || usual(session);
  if (/^\/?[^/]*\/?$/.test(path) && session.realms.includes(realm)) {
    startReads(realm).forEach(askAhead);
  }
}

export function App() {
  return (
    <SessionGate waiting={<Waiting />} onOpened={readAhead} signIn={(done) => <SignIn onSignedIn={done} />}>
      <HashRouter>
        <Notices>
          <Layout>
            <Guarded>
              <Suspense fallback={<Waiting />}>
                <Routes>
                  <Route path="/" element={<Home />} />
                  <Route path="/-/create-realm" element={<CreateRealm />} />
                  <Route path="/-/approve" element={<Approve />} />
                  <Route path="/-/approve/:code" element={<Approve />} />
                  <Route path="/-/components" element={<Components />} />
                  <Route path="/-/components/:name" element={<Component />} />
                  <Route path="/:realm/*" element={<OfRealm />} />
                </Routes>
              </Suspense>
            </Guarded>
          </Layout>
        </Notices>
      </HashRouter>
    </SessionGate>
  );
}
