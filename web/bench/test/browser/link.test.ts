// A link holds what was chosen, and nothing leaves the browser for it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { Bench, benchUrl } from './bench.js';

/** Waits until the address is such a one and stays as it is: each change is in it only a moment later. */
async function settled(page: Page, fits: (url: string) => boolean): Promise<string> {
  let last = '';
  await expect.poll(
    () => {
      const stays = page.url() === last;
      last = page.url();
      return stays && fits(last);
    },
    { interval: 500 },
  ).toBe(true);
  return last;
}

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

describe('a link', () => {
  test('shows the same request, policies and answer to somebody else', async () => {
    await bench.example('keycloak-mapper');
    await bench.page.getByLabel('Network address').fill('127.0.0.1');
    await bench.openPolicy('Allowed Protocol Mapper Types');
    await bench.page.getByLabel('Name', { exact: true }).fill('Mappers of ours');
    const refused = await bench.verdict(/\b403 Forbidden/);
    await expect.poll(() => bench.verdict(/\b403/)).toContain('Mappers of ours');
    await bench.page.getByRole('button', { name: 'Copy link' }).click();
    await bench.page.getByText('Link copied').waitFor();
    const link = await bench.page.evaluate(() => navigator.clipboard.readText());
    expect(link.startsWith(`${benchUrl()}#bench=`)).toBe(true);
    expect(refused).toContain('403');

    const other = await Bench.open(link);
    expect(await other.verdict(/\b403 Forbidden/)).toBe(await bench.verdict(/\b403 Forbidden/));
    expect(await other.page.getByLabel('Document', { exact: true }).inputValue()).toBe(await bench.page.getByLabel('Document', { exact: true }).inputValue());
    await other.close();
  });

  test('in the address bar follows each change', async () => {
    const { page } = bench;
    const begun = await settled(page, (url) => url.includes('#bench='));
    await bench.document('{"redirect_uris": ["https://app.example.com/1"]}');
    const before = await settled(page, (url) => url !== begun);
    await bench.document('{"redirect_uris": ["https://app.example.com/2"]}');
    await settled(page, (url) => url !== before);
    await page.reload();
    await expect.poll(() => page.getByLabel('Document', { exact: true }).inputValue()).toContain('https://app.example.com/2');
  });

  test('that is damaged is named, and the bench begins anew', async () => {
    await bench.visit(`${benchUrl()}#bench=damaged`);
    await bench.page.getByText('The link could not be read').waitFor();
    await bench.verdict(/\b201 Created/);
  });
});
