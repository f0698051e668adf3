// The suite of cases that came with the page, and files of one's own.

import { Alert, Button, Content, EmptyState, EmptyStateBody, ExpandableSection, FormSelect, FormSelectOption, Label, PageSection, Progress, Switch, Title } from '@patternfly/react-core';
import PlayIcon from '@patternfly/react-icons/dist/esm/icons/play-icon';
import { useEffect, useRef, useState } from 'react';
import { casesOf, type Ended, type Filed, run } from '../engine/cases.js';
import type { Component } from '../engine/component.js';
import type { Engine } from './engine.js';

/** Files are UTF-8, as everywhere. */
const TEXT = new TextDecoder('utf-8', { fatal: true });

const FILES = import.meta.glob('../../../../tests/cases/*/*.json', { import: 'default' });

/** What the page knows of a case. */
interface Entry extends Filed {
  ended?: Ended;
}

/** See above. */
export function CasesPage({ engine }: { engine: Engine }) {
  const [entries, setEntries] = useState<Entry[]>();
  const [done, setDone] = useState<number>();
  const [wrong, setWrong] = useState<string>();
  const [onlyRed, setOnlyRed] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef<Entry[]>(undefined);
  const own = useRef<Filed[]>(undefined);
  const [of, setOf] = useState<Component | undefined>(() => engine.loaded.findLast(({ builtIn }) => !builtIn)?.component);

  const runAll = async (cases: Filed[], component: Component | undefined) => {
    const ended: Entry[] = cases.map((one) => ({ ...one }));
    latest.current = ended;
    setEntries(ended);
    for (const [at, one] of ended.entries()) {
      // Others were chosen meanwhile.
      if (latest.current !== ended) return;
      setDone(at);
      one.ended = await run(engine.set, one, component);
      // Now and then, so that the page shows how far it is.
      if (at % 10 === 9) setEntries([...ended]);
    }
    if (latest.current !== ended) return;
    setEntries([...ended]);
    setDone(undefined);
  };
  useEffect(() => {
    void (async () => {
      const loaded = await Promise.all(Object.entries(FILES).map(async ([path, load]) => casesOf(path, await load())));
      // Files that were chosen stay, whatever else comes later.
      await (own.current ? runAll(own.current, of) : runAll(loaded.flat(), undefined));
    })().catch((error: unknown) => setWrong(error instanceof Error ? error.message : String(error)));
    // The cases run once for a set of components.
  }, [engine]);
  const choose = async (files: File[]) => {
    setWrong(undefined);
    try {
      const read = await Promise.all(
        files.map(async (file) => {
          try {
            return casesOf(file.webkitRelativePath || file.name, JSON.parse(TEXT.decode(await file.arrayBuffer())));
          } catch (error) {
            throw new Error(`${file.name} holds no cases: ${error instanceof Error ? error.message : error}`);
          }
        }),
      );
      if (read.flat().length === 0) throw new Error('They hold no cases.');
      own.current = read.flat();
      await runAll(own.current, of);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };

  const chosen = (name: string) => {
    const component = engine.loaded.find((one) => one.component.name === name)?.component;
    setOf(component);
    if (own.current) void runAll(own.current, component);
  };

  const green = entries?.filter(({ ended }) => ended?.passed).length ?? 0;
  const red = entries?.filter(({ ended }) => ended && !ended.passed).length ?? 0;
  const groups = Map.groupBy((entries ?? []).filter(({ ended }) => !onlyRed || (ended && !ended.passed)), ({ component, file }) => (component ? `${component}/${file}` : file));
  return (
    <PageSection aria-label="Cases">
      <Title headingLevel="h2" size="xl">
        Cases
      </Title>
      <Content component="p">
        Each case is one call of a component and the answer that is expected of it. The same files run natively in the server's tests. Those that came with this page have just run here; you can run files of your own, against a component that you added on the bench.
      </Content>
      <div className="case-actions">
        <Button variant="secondary" icon={<PlayIcon />} isDisabled={done !== undefined} onClick={() => input.current?.click()}>
          Run files of your own
        </Button>
        <input
          ref={input}
          id="case-files"
          type="file"
          accept=".json,application/json"
          multiple
          hidden
          aria-label="Files of cases"
          onChange={(event) => {
            void choose([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
        <FormSelect id="case-component" aria-label="Component that cases of your own are about" value={of?.name ?? ''} onChange={(_, name) => chosen(name)}>
          <FormSelectOption value="" label="of any component that has what they name" />
          {engine.loaded.map(({ component: { name } }) => (
            <FormSelectOption key={name} value={name} label={`of ${name}`} />
          ))}
        </FormSelect>
        <Switch id="only-red" label="Only those that fail" isChecked={onlyRed} onChange={(_, on) => setOnlyRed(on)} />
      </div>
      {wrong !== undefined && (
        <Alert component="h3" variant="danger" isInline title="The files cannot be run">
          {wrong} The form of cases is in tests/cases/README.md.
        </Alert>
      )}
      <div aria-live="polite" data-testid="cases-result" className="gap-above">
        {done !== undefined && entries && <Progress aria-label="Cases run" title={`Running ${entries.length} cases`} value={(100 * done) / entries.length} />}
        {done === undefined && entries && entries.length > 0 && <Alert component="h3" variant={red === 0 ? 'success' : 'danger'} isInline title={red === 0 ? `All ${green} cases are green` : `${red} of ${entries.length} cases are red`} />}
      </div>
      {entries?.length === 0 && (
        <EmptyState headingLevel="h3" titleText="No cases came with this page">
          <EmptyStateBody>Run files of your own, or build the bench in a checkout that has tests/cases.</EmptyStateBody>
        </EmptyState>
      )}
      {onlyRed && red === 0 && done === undefined && <Content component="p">No case fails.</Content>}
      {[...groups].map(([file, list]) => (
        <section key={file} aria-label={file} className="gap-above">
          <Title headingLevel="h3" size="md">
            {file} <Label isCompact>{list.length}</Label>
          </Title>
          <ul className="case-list">
            {list.map((entry, at) => (
              <CaseView key={at} entry={entry} />
            ))}
          </ul>
        </section>
      ))}
    </PageSection>
  );
}

function CaseView({ entry: { case: one, ended } }: { entry: Entry }) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <ExpandableSection
        isExpanded={open}
        onToggle={(_, expanded) => setOpen(expanded)}
        toggleContent={
          <span className="policy-name">
            <Label isCompact status={!ended ? 'custom' : ended.passed ? 'success' : 'danger'}>
              {!ended ? 'waits' : ended.passed ? 'green' : 'red'}
            </Label>
            {one.name}
          </span>
        }
      >
        {open && (
          <>
            {ended?.error !== undefined && <Alert component="h3" variant="danger" isInline isPlain title={ended.error} />}
            {ended && !ended.passed && ended.got !== undefined && (
              <div className="compared">
                <Block title="Expected" value={one.expected} />
                <Block title="Answered" value={ended.got} />
              </div>
            )}
            {ended?.log.map(({ level, message }, at) => (
              <pre key={at} className="code-block" tabIndex={0} aria-label="Log">
                {level}: {message}
              </pre>
            ))}
            <Block title="Case" value={one} />
          </>
        )}
      </ExpandableSection>
    </li>
  );
}

function Block({ title, value }: { title: string; value: unknown }) {
  return (
    <div>
      <div className="hint">{title}</div>
      <pre className="code-block" tabIndex={0} aria-label={title}>
        {JSON.stringify(value, null, 2)}
      </pre>
    </div>
  );
}
