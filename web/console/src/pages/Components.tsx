// The component files of the server: what they offer, how they do, and new ones by drop.

import { useRef, useState, type DragEvent } from 'react';
import { Alert, Button, Label, PageSection, Progress, ProgressMeasureLocation } from '@patternfly/react-core';
import UploadIcon from '@patternfly/react-icons/dist/esm/icons/upload-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { ComponentFile } from '../api/types';
import { request } from '../api/http';
import { Empty } from '../parts/Empty';
import { Heading } from '../parts/Heading';
import { asApiError, Show, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';

/** What became of a dropped file. */
interface Upload {
  file: string;
  state: 'checked' | 'done' | 'refused';
  text: string;
}

export function StateLabel({ state }: { state: ComponentFile['state'] }) {
  const [text, status] = ({ active: ['Active', 'success'], failing: ['Failing', 'danger'], refused: ['Refused', 'warning'] } as const)[state];
  return (
    <Label isCompact status={status}>
      {text}
    </Label>
  );
}

/** Microseconds as people read them. */
export function duration(micros: number | undefined): string {
  return micros === undefined || micros === null ? '–' : micros >= 10_000 ? `${(micros / 1000).toFixed(0)} ms` : micros >= 1000 ? `${(micros / 1000).toFixed(1)} ms` : `${Math.round(micros)} µs`;
}

/** A component's name from its file's name. */
const componentName = (file: File) => file.name.replace(/\.wasm$/, '');

export default function Components() {
  const notice = useNotice();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [uploads, setUploads] = useState<Upload[]>([]);
  const components = useLoad((signal) => request<ComponentFile[]>('/admin/components', { signal }), []);

  const upload = async (files: FileList | null) => {
    for (const file of files ?? []) {
      const report = (state: Upload['state'], text: string) => setUploads((before) => [...before.filter((one) => one.file !== file.name), { file: file.name, state, text }]);
      if (!file.name.endsWith('.wasm')) {
        report('refused', 'This is no component: its name must end in .wasm. Build the policy first.');
        continue;
      }
      report('checked', 'It is sent and checked. Compiling takes a few seconds.');
      try {
        await request(`/admin/components/${encodeURIComponent(componentName(file))}`, { method: 'PUT', bytes: file, headers: { 'Content-Type': 'application/wasm' } });
        report('done', 'It is active: requests that begin now use it.');
        notice(`${componentName(file)} is active`);
      } catch (error) {
        const { message, status } = asApiError(error);
        report('refused', `${message} ${status === 400 ? 'Nothing has changed; a version of before goes on.' : ''}`);
      }
    }
    components.reload();
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void upload(event.dataTransfer.files);
  };
  return (
    <>
      <Heading title="Components" text="WebAssembly files that hold the policies and providers of every realm. A new one is used at once, without a restart." />
      <PageSection hasBodyWrapper={false}>
        <div
          className={over ? 'console-drop console-drop-over' : 'console-drop'}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          <UploadIcon />
          <span>Drop a component file (.wasm) here, or</span>
          <Button variant="secondary" onClick={() => input.current?.click()}>
            Choose a file
          </Button>
          <input ref={input} type="file" accept=".wasm,application/wasm" multiple hidden aria-label="Component files" onChange={(event) => void upload(event.target.files)} />
        </div>
        <div aria-live="polite" className="console-uploads">
          {uploads.map((one) =>
            one.state === 'checked' ? (
              <Progress key={one.file} title={`${one.file}: ${one.text}`} measureLocation={ProgressMeasureLocation.none} value={60} aria-label={`${one.file} is being checked`} />
            ) : (
              <Alert key={one.file} isInline variant={one.state === 'done' ? 'success' : 'danger'} title={one.file} component="p">
                {one.text}
              </Alert>
            ),
          )}
        </div>
        <Show from={components} what="components" role="admin (of realm master)">
          {(data) =>
            data.length === 0 ? (
              <Empty title="No components">Drop a component file above.</Empty>
            ) : (
              <Table aria-label="Components" variant="compact" gridBreakPoint="grid-lg">
                <Thead>
                  <Tr>
                    <Th>Name</Th>
                    <Th>State</Th>
                    <Th>Offers</Th>
                    <Th>Used by</Th>
                    <Th>Calls</Th>
                    <Th>Refusals</Th>
                    <Th>Failures</Th>
                    <Th>Median</Th>
                    <Th>99 %</Th>
                  </Tr>
                </Thead>
                <Tbody>
                  {data.map((one) => (
                    <Tr key={one.name}>
                      <Td dataLabel="Name">
                        <a href={`#/-/components/${encodeURIComponent(one.name)}`}>{one.name}</a>
                        <div className="console-faint">{{ 'built-in': 'Built in', folder: 'From the folder', database: 'Uploaded' }[one.source]}</div>
                      </Td>
                      <Td dataLabel="State">
                        <StateLabel state={one.state} />
                        {one.reason && <div className="console-faint">{one.reason}</div>}
                      </Td>
                      <Td dataLabel="Offers" className="console-break">
                        {one.providers.slice(0, 4).join(', ')}
                        {one.providers.length > 4 && ` and ${one.providers.length - 4} more`}
                      </Td>
                      <Td dataLabel="Used by">{one.usedBy.length === 0 ? 'Nobody' : `${one.usedBy.length} ${one.usedBy.length === 1 ? 'policy' : 'policies'}`}</Td>
                      <Td dataLabel="Calls">{one.calls.toLocaleString()}</Td>
                      <Td dataLabel="Refusals">{one.refusals.toLocaleString()}</Td>
                      <Td dataLabel="Failures">{one.failures.toLocaleString()}</Td>
                      <Td dataLabel="Median">{duration(one.medianMicros)}</Td>
                      <Td dataLabel="99 %">{duration(one.p99Micros)}</Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Show>
      </PageSection>
    </>
  );
}
