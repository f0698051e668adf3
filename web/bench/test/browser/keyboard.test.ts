// The bench without a mouse.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench } from './bench.js';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

const press = async (...keys: string[]) => {
  for (const key of keys) await bench.page.keyboard.press(key);
};

describe('with the keyboard', () => {
  test('the first key leads past the head of the page', async () => {
    await press('Tab');
    expect(await bench.page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await press('Enter');
    expect(await bench.page.evaluate(() => document.activeElement?.id)).toBe('main');
    await press('Tab');
    expect(await bench.page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);
  });

  test('everything can be reached, has a name, and is in sight when it is', async () => {
    await bench.verdict(/\b201 Created/);
    const count = await bench.page.locator('button:enabled, select:enabled, textarea:enabled, input:enabled:not([hidden]), a[href]').filter({ visible: true }).count();
    const reached = new Set<string>();
    for (let at = 0; at < 3 * count; at++) {
      await press('Tab');
      const focused = await bench.page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        if (element === document.body) return undefined;
        element.dataset.reached ??= String(Math.random());
        const { top, bottom } = element.getBoundingClientRect();
        return { id: element.dataset.reached, what: element.outerHTML.slice(0, 120), inSight: bottom > 0 && top < innerHeight };
      });
      if (!focused || reached.has(focused.id)) break;
      reached.add(focused.id);
      expect(focused.inSight, focused.what).toBe(true);
    }
    const missed = await bench.page
      .locator('button:enabled, select:enabled, textarea:enabled, input:enabled:not([hidden]), a[href]')
      .filter({ visible: true })
      .evaluateAll((elements) => elements.filter((element) => !(element as HTMLElement).dataset.reached).map((element) => element.outerHTML.slice(0, 160)));
    expect(missed).toEqual([]);
  });

  test('a request is made, judged and shared', async () => {
    const { page } = bench;
    await page.getByLabel('Begin with an example').focus();
    await page.keyboard.type('OpenID Connect: native');
    await expect.poll(() => page.getByLabel('Document', { exact: true }).inputValue()).toContain('"none"');
    await page.getByLabel('Document', { exact: true }).focus();
    await press('Control+A');
    await page.keyboard.insertText('{"redirect_uris": ["https://elsewhere.example/cb"]}');
    await bench.verdict(/\b403 Forbidden/);
    // Tab leaves the document, it does not indent it.
    await press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content-type');
    await page.locator('#policy-0-toggle button, button#policy-0-toggle').first().focus();
    await press('Enter');
    await page.getByRole('textbox', { name: 'trusted-hosts' }).waitFor();
    await page.getByRole('button', { name: 'Remove Trusted Hosts' }).focus();
    await press('Enter');
    await bench.verdict(/\b201 Created/);
    await page.getByRole('tab', { name: /^Policies/ }).focus();
    await press('Tab', 'Enter');
    await page.getByTestId('diff').waitFor();
    await page.getByRole('button', { name: 'Copy link' }).focus();
    await press('Enter');
    await page.getByText('Link copied').waitFor();
  });

  test('the colours are chosen, and kept', async () => {
    const { page } = bench;
    const isDark = () => page.evaluate(() => document.documentElement.classList.contains('pf-v6-theme-dark'));
    expect(await isDark()).toBe(false);
    await page.getByRole('button', { name: 'Use dark colours' }).focus();
    await press('Enter');
    expect(await isDark()).toBe(true);
    await page.reload();
    await page.getByRole('button', { name: 'Use light colours' }).waitFor();
    expect(await isDark()).toBe(true);
  });
});
