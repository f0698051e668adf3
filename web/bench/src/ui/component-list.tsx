// The components that decide, and a place to drop more of them.

import { Alert, Button, Card, CardBody, CardTitle, Content, Label, Progress, ProgressSize } from '@patternfly/react-core';
import TrashIcon from '@patternfly/react-icons/dist/esm/icons/trash-icon';
import UploadIcon from '@patternfly/react-icons/dist/esm/icons/upload-icon';
import { useEffect, useRef, useState } from 'react';
import type { Component } from '../engine/component.js';
import { ComponentSet } from '../engine/component-set.js';
import { registrationAuth } from '../engine/evaluate.js';
import type { Loaded } from '../worker/built-in.js';
import { dropped } from '../worker/dropped.js';
import type { Engine } from './engine.js';
import { requestOf, type State } from './state.js';

interface Properties {
  engine: Engine;
  setEngine: (engine: Engine) => void;
  state: State;
  set: (changed: Partial<State>) => void;
}

/** What is being done with a file, or why it was not taken. */
interface Job {
  file: string;
  doing?: string;
  refused?: string;
  /** It was taken: its component. */
  taken?: Loaded;
}

/** The set of some components: later ones take the place of what earlier ones offer. */
async function setOf(loaded: Loaded[]): Promise<ComponentSet> {
  let set = new ComponentSet();
  for (const { component } of loaded) set = await set.with(component, true);
  return set;
}

/** See above. */
export function ComponentList({ engine, setEngine, state, set }: Properties) {
  const [job, setJob] = useState<Job>();
  const [over, setOver] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(engine);
  latest.current = engine;

  const use = async (loaded: Loaded[]) => {
    const changed = { loaded, set: await setOf(loaded) };
    latest.current = changed;
    setEngine(changed);
    set({ added: loaded.filter(({ builtIn }) => !builtIn).map(({ component }) => ({ name: component.name, digest: component.digest })) });
  };
  const add = async (files: File[]) => {
    for (const file of files) {
      let component: Loaded['component'] | undefined;
      try {
        component = await dropped(file, (doing) => setJob({ file: file.name, doing }));
        // A new version of a file that was added before takes its place.
        const former = latest.current.loaded.filter((one) => !one.builtIn && one.component.name === component?.name);
        const others = latest.current.loaded.filter((one) => !former.includes(one));
        const taken = { component, size: file.size, builtIn: false };
        await use([...others, taken]);
        for (const one of former) one.component.end();
        setJob({ file: file.name, taken });
      } catch (error) {
        component?.end();
        setJob({ file: file.name, refused: error instanceof Error ? error.message : String(error) });
        return;
      }
    }
  };
  const remove = async (gone: Loaded) => {
    await use(engine.loaded.filter((one) => one !== gone));
    gone.component.end();
  };
  const take = useRef(add);
  take.current = add;
  // Files may be dropped anywhere: else the browser leaves the page to open what misses the frame.
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    };
    const left = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      setOver(false);
      frame.current?.scrollIntoView({ block: 'center' });
      void take.current([...event.dataTransfer.files]);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', left);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', left);
      removeEventListener('drop', drop);
    };
  }, []);
  const asked = state.policies[registrationAuth(requestOf(state, 0))].map(({ providerId }) => providerId);
  const missing = state.added.filter(({ digest }) => !engine.loaded.some(({ component }) => component.digest === digest));

  return (
    <Card component="section" aria-labelledby="components-title">
      <CardTitle component="h2" id="components-title">
        Components
      </CardTitle>
      <CardBody>
        {missing.length > 0 && (
          <Alert component="h3" variant="warning" isInline title="The link was made with components that are not here" className="gap-below">
            Drop these files: {missing.map(({ name, digest }) => `${name}.wasm (SHA-256 ${digest.slice(0, 12)}…)`).join(', ')}.
          </Alert>
        )}
        <ul className="components">
          {engine.loaded.map((one) => (
            <li key={`${one.component.name}-${one.component.digest}`}>
              <span className="component-name">{one.component.name}</span>{' '}
              <Label isCompact color={one.builtIn ? 'grey' : 'blue'}>
                {one.builtIn ? 'built in' : 'added'}
              </Label>{' '}
              <span className="hint">
                {Math.ceil(one.size / 1000)} kB, SHA-256 <code>{one.component.digest.slice(0, 12)}</code>
              </span>
              {!one.builtIn && <Button variant="plain" size="sm" aria-label={`Remove ${one.component.name}`} icon={<TrashIcon />} onClick={() => void remove(one)} />}
              <Offered ids={engine.set.offeredBy(one.component)} />
            </li>
          ))}
        </ul>
        <div ref={frame} className={over ? 'drop over' : 'drop'}>
          <Content component="p">Drop a component (policy, provider, or conditions and executors) anywhere on this page to try it, also in place of a built-in one.</Content>
          <Button variant="secondary" icon={<UploadIcon />} isDisabled={job?.doing !== undefined} onClick={() => input.current?.click()}>
            Choose a .wasm file
          </Button>
          <input
            ref={input}
            id="component-file"
            type="file"
            accept=".wasm,application/wasm"
            multiple
            hidden
            aria-label="Component files"
            onChange={(event) => {
              void add([...(event.target.files ?? [])]);
              event.target.value = '';
            }}
          />
        </div>
        <div aria-live="polite">
          {job?.doing !== undefined && <Progress className="gap-above" size={ProgressSize.sm} aria-label={`${job.doing} ${job.file}`} title={`${job.doing}: ${job.file}`} value={progressOf(job.doing)} measureLocation="none" />}
          {job?.taken && engine.loaded.includes(job.taken) && <Taken file={job.file} component={job.taken.component} set={engine.set} asked={asked} />}
          {job?.refused !== undefined && (
            <Alert component="h3" variant="danger" isInline title={`${job.file} cannot be used`} className="gap-above">
              {job.refused}
            </Alert>
          )}
        </div>
      </CardBody>
    </Card>
  );
}

/** What can be done with a component that was just added. */
function Taken({ file, component, set, asked }: { file: string; component: Component; set: ComponentSet; asked: string[] }) {
  const of = (offers: ReadonlyMap<string, { component: Component }>) => [...offers].flatMap(([id, offered]) => (offered.component === component ? [id] : []));
  const policies = of(set.policies);
  const providers = of(set.providers);
  const used = policies.filter((id) => asked.includes(id));
  const unused = policies.filter((id) => !asked.includes(id));
  const parts = [...of(set.conditions), ...of(set.executors)];
  return (
    <Alert component="h3" variant="success" isInline title={`${file} is here`} className="gap-above">
      {used.length > 0 && <p>From now on it is asked for {listed(used)}.</p>}
      {unused.length > 0 && (
        <p>
          It offers {listed(unused)}. Choose it at{' '}
          <Button variant="link" isInline onClick={() => document.getElementById('add-policy')?.focus()}>
            Add a policy
          </Button>{' '}
          to have it asked.
        </p>
      )}
      {providers.length > 0 && (
        <p>
          It reads {listed(providers)}. Choose it at{' '}
          <Button variant="link" isInline onClick={() => document.getElementById('provider')?.focus()}>
            Provider
          </Button>
          .
        </p>
      )}
      {parts.length > 0 && <p>It offers {listed(parts)}. Name it in the client policies below to have it asked.</p>}
    </Alert>
  );
}

/** Ids in a sentence. */
function listed(ids: string[]): string {
  const shown = ids.slice(0, 5).map((id) => `“${id}”`);
  return ids.length > 5 ? `${shown.join(', ')} and ${ids.length - 5} more` : shown.join(', ');
}

/** More ids than this are shown on demand. */
const SHORT = 12;

/** What a component offers. */
function Offered({ ids }: { ids: string[] }) {
  if (ids.length === 0) return <div className="hint">Everything that it offers is replaced by a component below.</div>;
  if (ids.length <= SHORT) return <div className="hint">{ids.join(', ')}</div>;
  return (
    <details className="hint">
      <summary>offers {ids.length} policies, conditions and executors</summary>
      {ids.join(', ')}
    </details>
  );
}

/** The steps of adding a file, in percent. */
function progressOf(doing: string): number {
  return { Reading: 20, 'Translating for this browser': 50, Starting: 85 }[doing] ?? 10;
}
