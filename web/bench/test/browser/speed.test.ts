// How long the page takes from a change to the answer on the screen. Figures to read: nothing depends on them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bench } from './bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => bench.close());

test('tells how long a change takes', async () => {
  await bench.verdict(/\b201 Created/);
  const times = await bench.page.evaluate(async () => {
    const field = document.getElementById('document') as HTMLTextAreaElement;
    const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')?.set;
    const shown = document.querySelector('.answer') as HTMLElement;
    const times: number[] = [];
    for (let change = 0; change < 40; change++) {
      // Refused with the address in the answer, so that one sees which change it belongs to.
      const address = `https://elsewhere-${change}.example/cb`;
      const began = performance.now();
      const answered = new Promise<void>((done) => {
        const observer = new MutationObserver(() => {
          if (!shown.textContent?.includes(address)) return;
          observer.disconnect();
          requestAnimationFrame(() => done());
        });
        observer.observe(shown, { childList: true, characterData: true, subtree: true });
      });
      set?.call(field, JSON.stringify({ redirect_uris: [address] }));
      field.dispatchEvent(new Event('input', { bubbles: true }));
      await answered;
      times.push(performance.now() - began);
    }
    return times.slice(5).toSorted((a, b) => a - b);
  });
  const figure = (part: number) => `${Math.round(times[Math.floor(part * (times.length - 1))] ?? 0)} ms`;
  console.log(`from a change to the answer on the screen: median ${figure(0.5)}, 9 of 10 within ${figure(0.9)}`);
  expect(times).toHaveLength(35);
});
