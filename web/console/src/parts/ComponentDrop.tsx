// Where component files are dropped: each is sent, checked by the server, and what became of it is told.

import { useRef, useState, type DragEvent } from 'react';
import { Alert, AlertActionLink, Button, Checkbox, Spinner } from '@patternfly/react-core';
import UploadIcon from '@patternfly/react-icons/dist/esm/icons/upload-icon';
import { query, request } from '../api/http';
import type { ComponentFile } from '../api/types';
import { asApiError } from './load';

/** What became of a dropped file. */
interface Upload {
  file: string;
  state: 'checked' | 'done' | 'refused';
  title: string;
  text: string;
  /** Sends it once more although realms need what it lacks. */
  force?: () => void;
}

interface Props {
  /** The component that every file is a version of; absent: a file's name says which. */
  name?: string;
  onDone(): void;
}

/** The end of the name of a file's signature, as in the server's folder. */
const SIGNATURE = '.sig';

export function ComponentDrop({ name, onDone }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [activate, setActivate] = useState(true);
  const [uploads, setUploads] = useState<Upload[]>([]);

  const report = (upload: Upload) => setUploads((before) => [...before.filter((one) => one.file !== upload.file), upload]);

  const send = async (file: File, signature: string | undefined, force: boolean) => {
    const component = name ?? file.name.replace(/\.wasm$/, '');
    report({ file: file.name, state: 'checked', title: `${file.name} is sent and checked`, text: 'Compiling takes a few seconds.' });
    try {
      const path = `/admin/components/${encodeURIComponent(component)}${query({ activate, ...(force && { force }) })}`;
      await request<ComponentFile>(path, { method: 'PUT', bytes: file, headers: { 'Content-Type': 'application/wasm', ...(signature !== undefined && { 'Matricula-Signature': signature }) } });
      report(
        activate
          ? { file: file.name, state: 'done', title: `${component} is active`, text: 'Requests that begin now use this version.' }
          : { file: file.name, state: 'done', title: `${component} is stored`, text: 'Nothing uses this version yet. Compare it, watch it or activate it.' },
      );
    } catch (error) {
      const { message, status } = asApiError(error);
      const unchanged = status === 400 || status === 409 ? ' Nothing has changed.' : '';
      report({ file: file.name, state: 'refused', title: `${file.name} was refused`, text: `${message.replace(/[^.!?]$/, '$&.')}${unchanged}`, ...(status === 409 && !force && { force: () => void send(file, signature, true).then(onDone) }) });
    }
  };

  const upload = async (list: FileList | null) => {
    const files = [...(list ?? [])];
    for (const file of files) {
      if (file.name.endsWith(SIGNATURE)) {
        if (!files.some((one) => `${one.name}${SIGNATURE}` === file.name)) {
          report({ file: file.name, state: 'refused', title: `${file.name} was not sent`, text: 'A signature goes with its component: drop both at once.' });
        }
        continue;
      }
      if (file.name.endsWith('.wasm')) {
        const signature = files.find((one) => one.name === `${file.name}${SIGNATURE}`);
        await send(file, signature && (await signature.text()).trim(), false);
      } else {
        report({ file: file.name, state: 'refused', title: `${file.name} was not sent`, text: 'This is no component: its name must end in .wasm. Build the policy first.' });
      }
    }
    onDone();
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void upload(event.dataTransfer.files);
  };
  return (
    <>
      <div
        className={over ? 'console-drop console-drop-over' : 'console-drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <div className="console-drop-row">
          <UploadIcon />
          <span>{name === undefined ? 'Drop a component file (.wasm) here' : 'Drop another version (.wasm) here'}, with its signature (.wasm.sig) if the server wants one, or</span>
          <Button variant="secondary" onClick={() => input.current?.click()}>
            Choose a file
          </Button>
        </div>
        <Checkbox id="activate-at-once" label="Let it decide at once" description="Otherwise it is only stored, to be compared or watched first." isChecked={activate} onChange={(_, on) => setActivate(on)} />
        <input
          ref={input}
          type="file"
          accept=".wasm,.sig,application/wasm"
          multiple
          hidden
          aria-label="Component files"
          onChange={(event) => {
            void upload(event.target.files).finally(() => {
              // The same file may be chosen again after it was built anew.
              if (input.current) input.current.value = '';
            });
          }}
        />
      </div>
      <div aria-live="polite" className="console-uploads">
        {uploads.map((one) => (
          <Alert
            key={one.file}
            isInline
            variant={{ checked: 'info', done: 'success', refused: 'danger' }[one.state] as 'info' | 'success' | 'danger'}
            title={one.title}
            component="p"
            {...(one.state === 'checked' && { customIcon: <Spinner size="md" aria-label={one.title} /> })}
            {...(one.force && { actionLinks: <AlertActionLink onClick={one.force}>Upload it all the same</AlertActionLink> })}
          >
            {one.text}
          </Alert>
        ))}
      </div>
    </>
  );
}
