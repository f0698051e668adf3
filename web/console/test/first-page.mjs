// How long the first pages take, on this machine: from the beginning of the navigation until they can be used, and how
// busy the browser's main thread is meanwhile. Each run is a new window with an empty cache; then the page is opened once
// more in it. Needs `cargo xtask build`.
//
//     node web/console/test/first-page.mjs [RUNS]

import { launch, open, signIn } from './browser.mjs';
import { start } from './server.mjs';

const runs = Number(process.argv[2] ?? 20);

/** Pages, and what is there when they can be used. */
const PAGES = [
  { name: 'console, sign-in', path: '/console/', ready: '#password' },
  { name: 'console, start', path: '/console/', ready: '.console-bars', signedIn: true },
  { name: 'bench', path: '/bench/', ready: '[data-testid=verdict]', text: '201' },
];

/** In the page: notes when it can be used. What was found is on the screen, and the main thread is free again. */
function watch({ ready, text }) {
  globalThis.usable = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      const found = document.querySelector(ready);
      if (!found || (text && !found.textContent.includes(text))) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    });
    observer.observe(document, { childList: true, subtree: true, characterData: true });
  });
}

const middle = (values, part) => Math.round(values.toSorted((a, b) => a - b)[Math.ceil(part * values.length) - 1]);

async function visit(page, session, url) {
  const metrics = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value * 1000]));
  const before = await metrics();
  await page.goto(url);
  const time = await page.evaluate(() => globalThis.usable);
  const after = await metrics();
  // A navigation may begin a new process, whose figures begin with zero.
  const spent = (name) => (after[name] >= before[name] ? after[name] - before[name] : after[name]);
  return { time, cpu: spent('TaskDuration'), script: spent('ScriptDuration'), looks: spent('LayoutDuration') + spent('RecalcStyleDuration') };
}

const [server, browser] = await Promise.all([start(), launch()]);
try {
  const { token } = await server.admin('POST', '/realms/master/clients-initial-access', { count: 5 });
  for (const name of ['one', 'two', 'three']) await server.register('master', { clientId: name }, { token });
  await server.register('master', { clientId: 'stranger' });
  const { page, context } = await open(browser, server);
  await page.goto(`${server.url}/console/`);
  await signIn(page);
  await page.getByRole('heading', { name: 'master', level: 1 }).waitFor();
  const cookies = await context.cookies();
  await context.close();

  console.log(`${runs} runs; milliseconds, median / 9 of 10 within`);
  console.log(`${'page'.padEnd(18)} ${'cache'.padEnd(6)} ${'usable after'.padEnd(14)} ${'main thread'.padEnd(14)} ${'script'.padEnd(14)} style and layout`);
  for (const { name, path, signedIn, ...sign } of PAGES) {
    const cold = [];
    const warm = [];
    // The first visit of all is the server's and the browser's own beginning.
    for (let run = 0; run <= runs; run += 1) {
      const { page, context } = await open(browser, server);
      if (signedIn) await context.addCookies(cookies);
      await page.addInitScript(watch, sign);
      const session = await context.newCDPSession(page);
      await session.send('Performance.enable');
      const visits = [await visit(page, session, server.url + path), await visit(page, session, server.url + path)];
      if (run > 0) {
        cold.push(visits[0]);
        warm.push(visits[1]);
      }
      await context.close();
    }
    for (const [cache, visits] of [['empty', cold], ['full', warm]]) {
      const figures = ['time', 'cpu', 'script', 'looks'].map((figure) => [0.5, 0.9].map((part) => middle(visits.map((visit) => visit[figure]), part)).join(' / ').padEnd(14));
      console.log(`${name.padEnd(18)} ${cache.padEnd(6)} ${figures.join(' ')}`.trimEnd());
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
