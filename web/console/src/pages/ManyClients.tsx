// Chooses clients by what they have in common, and does something with all of them.

import { useState, type FormEvent } from 'react';
import { Alert, Button, Card, CardBody, CardTitle, Form, FormGroup, FormSelect, FormSelectOption, ActionGroup, Grid, GridItem, PageSection, TextInput } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router';
import { admin, request } from '../api/http';
import type { BulkAction, ClientSearch, ClientState, Matched, OriginKind } from '../api/life';
import type { InitialAccessToken } from '../api/types';
import { BulkQuestion, matched } from '../parts/BulkQuestion';
import { useFilters } from '../parts/filters';
import { Heading } from '../parts/Heading';
import { Hint } from '../parts/Hint';
import { Failure, useAction, useLoad } from '../parts/load';
import { useSession } from '../session';
import { actions, origins, states } from '../wording/life';
import { many } from '../wording/targets';

/** What is typed; all of it texts. */
interface Typed {
  clientId: string;
  name: string;
  softwareId: string;
  redirectHost: string;
  state: string;
  origin: string;
  initialAccessToken: string;
  createdAfter: string;
  createdBefore: string;
  use: '' | 'never' | 'before';
  lastUsedBefore: string;
}

/** What the server is asked for; empty: nothing is given. */
function searchOf({ use, lastUsedBefore, createdAfter, createdBefore, state, origin, ...texts }: Typed): ClientSearch {
  const moment = (day: string) => new Date(`${day}T00:00`).getTime();
  const named = Object.fromEntries(Object.entries(texts).flatMap(([name, value]) => (value.trim() === '' ? [] : [[name, value.trim()]])));
  return {
    ...named,
    ...(state !== '' && { state: state as ClientState }),
    ...(origin !== '' && { origin: origin as OriginKind }),
    ...(createdAfter !== '' && { createdAfter: moment(createdAfter) }),
    ...(createdBefore !== '' && { createdBefore: moment(createdBefore) }),
    ...(use === 'never' && { neverUsed: true }),
    ...(use === 'before' && lastUsedBefore !== '' && { lastUsedBefore: moment(lastUsedBefore) }),
  };
}

export default function ManyClients() {
  const { realm = '' } = useParams();
  const { may } = useSession();
  const navigate = useNavigate();
  const action = useAction();
  const filters = useFilters();
  const [typed, setTyped] = useState<Typed>({ clientId: filters.of('clientId'), name: '', softwareId: '', redirectHost: '', state: filters.of('state'), origin: '', initialAccessToken: '', createdAfter: '', createdBefore: '', use: '', lastUsedBefore: '' });
  const [found, setFound] = useState<Matched>();
  const [asked, setAsked] = useState<{ what: BulkAction; found: Matched }>();
  const set = (changes: Partial<Typed>) => {
    setTyped({ ...typed, ...changes });
    setFound(undefined);
  };
  const tokens = useLoad((signal) => request<InitialAccessToken[]>(admin(realm, 'clients-initial-access'), { signal }), [realm]);
  const search = searchOf(typed);
  const empty = Object.keys(search).length === 0;
  const at = `#/${encodeURIComponent(realm)}/clients`;
  const manage = may(realm, 'manage-clients');

  const count = (event: FormEvent) => {
    event.preventDefault();
    // How many they are does not depend on what is done.
    void action.run(async () => setFound(await matched(realm, 'disable', { search })));
  };
  const ask = (what: BulkAction) => void action.run(async () => setAsked({ what, found: await matched(realm, what, { search }) }));
  const text = (id: 'clientId' | 'name' | 'softwareId' | 'redirectHost', label: string, hint: string) => (
    <GridItem>
      <FormGroup label={label} fieldId={id}>
        <TextInput id={id} value={typed[id]} onChange={(_, value) => set({ [id]: value })} />
        <Hint id={id} text={hint} />
      </FormGroup>
    </GridItem>
  );
  const choice = (id: 'state' | 'origin' | 'initialAccessToken' | 'use', label: string, any: string, options: [string, string][]) => (
    <FormGroup label={label} fieldId={id}>
      <FormSelect id={id} value={typed[id]} onChange={(_, value) => set({ [id]: value })}>
        <FormSelectOption value="" label={any} />
        {options.map(([value, caption]) => (
          <FormSelectOption key={value} value={value} label={caption} />
        ))}
      </FormSelect>
    </FormGroup>
  );
  const day = (id: 'createdAfter' | 'createdBefore' | 'lastUsedBefore', label: string) => (
    <FormGroup label={label} fieldId={id}>
      <TextInput id={id} type="date" value={typed[id]} onChange={(_, value) => set({ [id]: value })} />
    </FormGroup>
  );
  return (
    <>
      <Heading
        title="Change many clients"
        text="Choose them by what they have in common. You see how many they are before anything is done."
        above={[['Clients', at]]}
      />
      <PageSection hasBodyWrapper={false}>
        <div className="console-cards console-limited">
          <Form onSubmit={count}>
            <Grid hasGutter md={6}>
              {text('clientId', 'Client ID', 'A part of it, in any case.')}
              {text('name', 'Name', 'A part of it, in any case.')}
              {text('softwareId', 'Software', 'Its software_id, in full.')}
              {text('redirectHost', 'Host of a redirect URI', 'In full, without scheme and port.')}
              <GridItem>{choice('state', 'State', 'Any', Object.entries(states).filter(([state]) => state !== 'leaving'))}</GridItem>
              <GridItem>{choice('use', 'Use', 'Whether used or not', [['never', 'Never used'], ['before', 'Not used since a day']])}</GridItem>
              {typed.use === 'before' && <GridItem>{day('lastUsedBefore', 'Not used since')}</GridItem>}
              <GridItem>{choice('origin', 'Origin', 'Any', Object.entries(origins))}</GridItem>
              <GridItem>{choice('initialAccessToken', 'Initial access token', 'Any, or none', (tokens.data ?? []).map(({ id, name }) => [id, name ?? id]))}</GridItem>
              <GridItem>{day('createdAfter', 'Made since')}</GridItem>
              <GridItem>{day('createdBefore', 'Made before')}</GridItem>
            </Grid>
            {action.error && <Failure error={action.error} role="manage-clients" />}
            <ActionGroup>
              <Button type="submit" isLoading={action.busy} isDisabled={action.busy || empty || !manage || (typed.use === 'before' && typed.lastUsedBefore === '')}>
                Count them
              </Button>
              <Button variant="link" component="a" href={at}>
                Back to the list
              </Button>
            </ActionGroup>
            {!manage && <Alert isInline isPlain variant="info" title="It needs the role manage-clients of this realm" component="p" />}
          </Form>
          {found && (
            <Card>
              <CardTitle component="h2">{found.matched === 0 ? 'No client is like that' : `${many(found.matched, 'client')} ${found.matched === 1 ? 'is' : 'are'} like that`}</CardTitle>
              {found.matched > 0 && (
                <CardBody>
                  <ul className="console-plain-list console-columns console-break">
                    {found.sample.map((clientId) => (
                      <li key={clientId}>
                        <a href={`${at}?search=${encodeURIComponent(clientId)}`}>{clientId}</a>
                      </li>
                    ))}
                  </ul>
                  {found.matched > found.sample.length && <p className="console-faint">And {(found.matched - found.sample.length).toLocaleString('en')} more.</p>}
                  <div className="console-row console-gap">
                    {Object.entries(actions).map(([what, { verb }]) => (
                      <Button key={what} variant="secondary" isDanger={what === 'delete'} isDisabled={action.busy} onClick={() => ask(what as BulkAction)}>
                        {verb}
                      </Button>
                    ))}
                  </div>
                </CardBody>
              )}
            </Card>
          )}
        </div>
      </PageSection>
      {asked && <BulkQuestion action={asked.what} chosen={{ search }} found={asked.found} onClose={() => setAsked(undefined)} onBegun={({ id }) => navigate(`/${encodeURIComponent(realm)}/clients/jobs/${encodeURIComponent(id)}`)} />}
    </>
  );
}
