// Links and the browser's buttons change the address before anybody can say no. What is here hears of it before the router
// does, which is why main.tsx loads it first, and can keep it from the router: then the page stays.

/** Says whether the page stays. */
type Guard = () => boolean;

let guard: Guard | undefined;

window.addEventListener('popstate', (event) => {
  if (guard?.()) {
    event.stopImmediatePropagation();
  }
});

/** Asks `next` before the page is left; the answer ends it. */
export function guardLeaving(next: Guard): () => void {
  guard = next;
  return () => {
    if (guard === next) {
      guard = undefined;
    }
  };
}

/** Goes on to the address that was asked for. */
export function leave(): void {
  guard = undefined;
  window.dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
}
