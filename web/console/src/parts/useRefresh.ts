// Reads anew, again and again, while something is under way.

import { useEffect, useRef } from 'react';

/** Milliseconds between two readings. */
const PACE = 2_000;
/** How long nobody may touch the page until it stops: a window that is forgotten does not keep its session alive. */
const PATIENCE = 600_000;

/** Calls `reload` from time to time while `active`, the window is seen and somebody is there. */
export function useRefresh(active: boolean, reload: () => void): void {
  const latest = useRef(reload);
  latest.current = reload;
  const touched = useRef(Date.now());
  useEffect(() => {
    if (!active) {
      return undefined;
    }
    touched.current = Date.now();
    const touch = () => (touched.current = Date.now());
    const timer = setInterval(() => {
      if (!document.hidden && Date.now() - touched.current < PATIENCE) {
        latest.current();
      }
    }, PACE);
    for (const event of ['pointermove', 'keydown']) {
      window.addEventListener(event, touch);
    }
    return () => {
      clearInterval(timer);
      for (const event of ['pointermove', 'keydown']) {
        window.removeEventListener(event, touch);
      }
    };
  }, [active]);
}
