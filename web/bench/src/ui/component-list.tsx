// The components that decide, and a place to drop more of them.

import { Alert, Button, Card, CardBody, CardTitle, Content, Label, Progress, ProgressSize } from '@patternfly/react-core';
import TrashIcon from '@patternfly/react-icons/dist/esm/icons/trash-icon';
import UploadIcon from '@patternfly/react-icons/dist/esm/icons/upload-icon';
import { type DragEvent, useRef, useState } from 'react';
import { ComponentSet } from '../engine/component-set.js';
import type { Loaded } from '../worker/built-in.js';
import { dropped } from '../worker/dropped.js';
import type { Engine } from './app.js';
import type { State } from './state.js';

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
        await use([...others, { component, size: file.size, builtIn: false }]);
        for (const one of former) one.component.end();
        setJob(undefined);
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
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void add([...event.dataTransfer.files]);
  };
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
        <div
          className={over ? 'drop over' : 'drop'}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          <Content component="p">Drop a component here (policy, provider, or conditions and executors) to try it, also in place of a built-in one.</Content>
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
