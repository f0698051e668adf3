// The bench in Chromium: what a person does there, and what must never happen on the way.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, expect } from 'vitest';
import { serverUrl } from '../server.js';

/** How a page is looked at. */
export interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
  /** What is done before the page is opened; then the page is not waited for. */
  before?: (context: BrowserContext) => Promise<unknown>;
}

/** How long anything on the page may take, in milliseconds: it is there at once, but on a busy machine. */
const PATIENCE = 15_000;

let browser: Promise<Browser> | undefined;

/** The browser of a file of tests. */
function started(): Promise<Browser> {
  const executablePath = process.env.BROWSER;
  if (!executablePath) throw new Error('No browser to test in: run these tests by `cargo xtask test web`.');
  browser ??= chromium.launch({ executablePath });
  return browser;
}

afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** Where the server has the bench. */
export const benchUrl = () => `${serverUrl()}/bench/`;

/** A tab with the bench. */
export class Bench {
  /** What no page may do: ask another host, break its own policy, fail. */
  private readonly offences: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
  ) {}

  /** Opens the bench and waits until it can be used. */
  static async open(address = benchUrl(), { width = 1440, height = 900, dark = false, before }: Look = {}): Promise<Bench> {
    const context = await (await started()).newContext({
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(PATIENCE);
    const bench = new Bench(await context.newPage(), context);
    const own = new URL(address).origin;
    context.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== 'data:' && origin !== own) bench.offences.push(`asked ${request.url()}`);
    });
    context.on('response', (response) => {
      if (response.status() >= 400) bench.offences.push(`${response.status()} at ${response.url()}`);
    });
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') bench.offences.push(`console: ${message.text()}`);
    });
    context.on('weberror', (error) => bench.offences.push(`error: ${error.error()}`));
    await before?.(context);
    if (before) await bench.page.goto(address);
    else await bench.visit(address);
    return bench;
  }

  /** Follows a link to the bench. */
  async visit(address: string) {
    const isOpen = this.page.url().split('#')[0] === address.split('#')[0];
    // Another fragment alone would not leave the page that is open, and that page writes its own there when an answer comes.
    if (isOpen) await this.page.goto('about:blank');
    await this.page.goto(address);
    await this.page.getByRole('main').getByRole('heading', { level: 2 }).first().waitFor();
  }

  /** Looks at the open page in another way. */
  async look({ width = 1440, height = 900, dark = false }: Look) {
    await this.page.setViewportSize({ width, height });
    const toggle = this.page.getByRole('button', { name: `Use ${dark ? 'dark' : 'light'} colours` });
    if (await toggle.isVisible()) await toggle.click();
  }

  /** Closes the tab, whatever happened there. */
  async abandon() {
    await this.context.close();
  }

  /** Closes the tab; it must have kept to its place. */
  async close() {
    await this.context.close();
    expect(this.offences).toEqual([]);
  }

  /** The sentence that says how the request ends, once it matches. */
  async verdict(expected: RegExp | string): Promise<string> {
    const verdict = this.page.getByTestId('verdict');
    await verdict.getByText(expected).first().waitFor();
    return verdict.innerText();
  }

  async example(id: string) {
    await this.page.getByLabel('Begin with an example').selectOption(id);
  }

  async document(text: string) {
    await this.page.getByLabel('Document', { exact: true }).fill(text);
  }

  async part(name: string | RegExp) {
    await this.page.getByRole('tab', { name }).click();
  }

  /** The table of decisions: policy, hook, verdict. */
  async decisions(): Promise<string[][]> {
    await this.part(/^Policies/);
    return this.page.getByTestId('decisions').locator('tbody tr:not(.details)').evaluateAll((rows) =>
      rows.map((row) => {
        const name = row.querySelector('th')?.firstChild?.textContent ?? '';
        return [name, ...[...row.querySelectorAll('td')].slice(0, 2).map((cell) => cell.innerText)];
      }),
    );
  }

  /** Opens the settings of a policy of the list. */
  async openPolicy(name: string) {
    await this.page.locator('.policies').getByRole('button', { name, exact: false }).first().click();
  }

  /** Chooses component files, as if they had been dropped. */
  async add(...files: (string | { name: string; mimeType: string; buffer: Buffer })[]) {
    for (const file of files) await this.page.locator('#component-file').setInputFiles(file as string);
  }

  /** A picture of the whole page or of the screen, in the folder of pictures. */
  async picture(name: string, fullPage = true) {
    const folder = process.env.SCREENSHOTS;
    if (!folder) throw new Error('No folder for pictures: run these tests by `cargo xtask test web`.');
    mkdirSync(folder, { recursive: true });
    // Nothing may be on its way when the picture is taken.
    await this.page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
    const size = this.page.viewportSize() ?? { width: 0, height: 0 };
    if (fullPage) {
      // The page scrolls inside of itself.
      const hidden = await this.page.evaluate(() => Math.max(...[...document.querySelectorAll('#root, #root > *, #root > * > *, main')].map(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)));
      await this.page.setViewportSize({ ...size, height: size.height + Math.max(hidden, 0) });
    }
    await this.page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
    await this.page.setViewportSize(size);
  }
}
