// One request: what is chosen on the left, what the server would answer on the right.

import { Button, Content, Grid, GridItem, PageSection } from '@patternfly/react-core';
import ArrowDownIcon from '@patternfly/react-icons/dist/esm/icons/arrow-down-icon';
import CheckIcon from '@patternfly/react-icons/dist/esm/icons/check-icon';
import ShareIcon from '@patternfly/react-icons/dist/esm/icons/share-alt-icon';
import { useState } from 'react';
import { registrationAuth } from '../engine/evaluate.js';
import type { Engine } from './engine.js';
import { AnswerView } from './answer-view.js';
import { CallerForm } from './caller-form.js';
import { ComponentList } from './component-list.js';
import { PolicyList } from './policy-list.js';
import { RealmForm } from './realm-form.js';
import { RequestForm } from './request-form.js';
import { encode, requestOf, type State } from './state.js';
import { useOutcome } from './use-outcome.js';

interface Properties {
  engine: Engine;
  setEngine: (engine: Engine) => void;
  state: State;
  setState: (change: (state: State) => State) => void;
}

/** The bench. */
export function BenchPage({ engine, setEngine, state, setState }: Properties) {
  const set = (changed: Partial<State>) => setState((current) => ({ ...current, ...changed }));
  const tried = useOutcome(engine.set, state);
  const auth = registrationAuth(requestOf(state, 0));
  return (
    <PageSection aria-label="Bench">
      <div className="intro">
        <Content component="p">
          Try a registration request against providers and policies. Everything runs in this browser, with the components of the server; nothing is sent or stored. Drop a <code>.wasm</code> file on this page to try a component of your own.
        </Content>
        <ShareButton state={state} />
      </div>
      <Grid hasGutter>
        <GridItem span={12} xl={6} className="column">
          <RequestForm engine={engine} state={state} set={set} setState={setState} />
          <CallerForm state={state} set={set} />
          <PolicyList engine={engine} state={state} auth={auth} set={set} wrong={tried.wrongConfigurations} />
          <ComponentList engine={engine} setEngine={setEngine} state={state} set={set} />
          <RealmForm state={state} set={set} invalid={tried.invalidJson} />
          <ToAnswer status={tried.outcome?.answer.status} />
        </GridItem>
        <GridItem span={12} xl={6} className="column answer-column">
          <AnswerView tried={tried} state={state} set={set} />
        </GridItem>
      </Grid>
    </PageSection>
  );
}

/** On narrow screens the answer is far below the request: how it ends, and the way there. */
function ToAnswer({ status }: { status: number | undefined }) {
  const go = () => {
    const title = document.getElementById('answer-title');
    title?.scrollIntoView();
    title?.focus({ preventScroll: true });
  };
  return (
    <Button className="to-answer" variant={status === undefined ? 'warning' : status < 400 ? 'primary' : 'danger'} icon={<ArrowDownIcon />} onClick={go}>
      Answer: {status ?? 'not tried'}
    </Button>
  );
}

function ShareButton({ state }: { state: State }) {
  const [copied, setCopied] = useState<boolean | string>(false);
  const copy = async () => {
    const link = `${location.href.split('#')[0]}#bench=${await encode(state)}`;
    history.replaceState(null, '', link);
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
    } catch {
      setCopied('The link is in the address bar: copy it there.');
    }
    setTimeout(() => setCopied(false), 4000);
  };
  return (
    <div className="share">
      <Button variant="secondary" icon={copied === true ? <CheckIcon /> : <ShareIcon />} onClick={copy}>
        {copied === true ? 'Link copied' : 'Copy link'}
      </Button>
      <span role="status" className="hint">
        {copied === true ? 'It holds everything but added components.' : copied || ''}
      </span>
    </div>
  );
}
