// A form that holds what was not saved: whoever is about to lose it is asked first. The browser asks before a reload or a
// closed window, the console before another of its pages.

import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { guardLeaving, leave } from '../leaving';

export interface Unsaved {
  /** The question; to be put somewhere into the form. */
  question: ReactNode;
  /** What was typed is given up: for buttons that say so. */
  giveUp(): void;
  /** What the form held is saved: for those that stay. */
  saved(): void;
}

/** `values` is what the form holds; what it held at first is taken as saved. */
export function useUnsaved(values: unknown): Unsaved {
  const now = JSON.stringify(values);
  const [stored, setStored] = useState(now);
  const [asked, setAsked] = useState(false);
  /** Where the form is. */
  const here = useRef({ hash: '', state: null as unknown });
  const release = useRef(() => {});
  const changed = now !== stored;
  useEffect(() => {
    if (!changed) {
      return undefined;
    }
    here.current = { hash: location.hash, state: history.state };
    release.current = guardLeaving(() => {
      const left = location.hash !== here.current.hash;
      setAsked(left);
      return left;
    });
    const closed = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', closed);
    return () => {
      release.current();
      window.removeEventListener('beforeunload', closed);
    };
  }, [changed]);

  const stay = () => {
    history.pushState(here.current.state, '', here.current.hash);
    setAsked(false);
  };
  const question = asked && (
    <Modal isOpen variant="small" onClose={stay} aria-labelledby="unsaved-title" aria-describedby="unsaved-text">
      <ModalHeader title="Leave without saving?" labelId="unsaved-title" titleIconVariant="warning" />
      <ModalBody id="unsaved-text">What you changed on this page is not saved. It is lost when you leave.</ModalBody>
      <ModalFooter>
        <Button onClick={stay}>Stay here</Button>
        <Button variant="link" isDanger onClick={leave}>
          Leave without saving
        </Button>
      </ModalFooter>
    </Modal>
  );
  const saved = () => {
    release.current();
    setStored(now);
  };
  return { question, giveUp: () => release.current(), saved };
}
