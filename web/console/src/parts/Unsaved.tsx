// In a form: the browser asks before a reload or a closed window takes what was typed.

import { useEffect, useRef } from 'react';

export function Unsaved() {
  const here = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const form = here.current?.closest('form');
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    const typed = () => window.addEventListener('beforeunload', ask);
    form?.addEventListener('input', typed);
    return () => {
      form?.removeEventListener('input', typed);
      window.removeEventListener('beforeunload', ask);
    };
  }, []);
  return <span ref={here} hidden />;
}
