/** The pages that need no token, in a real browser. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningEdge, runEdge } from '../support/running-edge.ts';
import { expectGoodLooks, hasBrowser, openBrowser, type WatchedPage, watchedPage } from './chromium.ts';

const IMAGE = 'flatcar_production_image.bin.bz2';

describe.skipIf(!hasBrowser)('pages for everybody', () => {
  let edge: RunningEdge;
  let browser: Browser;
  beforeAll(async () => {
    edge = await runEdge({ MIRROR: 'stable/amd64-usr', MIRROR_FILES: `version.txt,${IMAGE}` });
    await edge.release('4593.2.5', { [IMAGE]: 300_000 });
    await edge.api('/api/mirrors/stable/amd64-usr/current', { method: 'PUT' });
    expect((await edge.ended('4593.2.5')).state).toBe('complete');
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await edge?.stop();
  });

  const open = async (path: string, options = {}): Promise<WatchedPage> => {
    const watched = await watchedPage(browser, options);
    await watched.page.goto(`${edge.url}${path}`);
    return watched;
  };
  const expectQuiet = ({ urls, complaints }: WatchedPage) => {
    expect(complaints).toEqual([]);
    expect(urls.filter((url) => !url.startsWith(edge.url))).toEqual([]);
  };

  it('the public page tells what is current and verified, and copies a digest', async () => {
    const watched = await open('/', { permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = watched;
    const card = page.getByRole('listitem').filter({ hasText: 'stable amd64-usr' }).first();
    expect(await card.textContent()).toMatch(/4593\.2\.5.*since .* UTC.*mirrored, verified/s);
    await page.getByText('2 verified files').click();
    const listed = await (
      await fetch(`${edge.url}/stable/amd64-usr/4593.2.5/`, { headers: { accept: 'application/json' } })
    ).json();
    const image = (listed as { name: string; sha512: string; signedBy: string }[]).find(({ name }) => name === IMAGE);
    const file = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: IMAGE, exact: true }) });
    expect(await file.last().textContent()).toContain(image?.signedBy);
    await page.getByRole('button', { name: `Copy sha512 of ${IMAGE}` }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(image?.sha512);
    await expectGoodLooks(page, 'home');
    expectQuiet(watched);
  });

  it('the public page says all of it without JavaScript', async () => {
    const { page } = await open('/', { javaScriptEnabled: false });
    expect(await page.getByText('2 verified files').isVisible()).toBe(true);
    await page.getByText('2 verified files').click();
    expect(await page.getByRole('link', { name: IMAGE, exact: true }).isVisible()).toBe(true);
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await page.getByText(`curl -fsS ${edge.url}/keys/signing-key.asc | gpg --import`).isVisible()).toBe(true);
  });

  it('says in one line what upstream does not have', async () => {
    const { page } = await open('/');
    expect(await page.getByText('Upstream has none of').textContent()).toContain('beta amd64-usr');
    expect(await page.getByRole('listitem').filter({ hasText: 'beta amd64-usr' }).count()).toBe(0);
  });

  it('shows a listing as it shows the rest', async () => {
    const { page, complaints } = await open('/stable/amd64-usr/4593.2.5/');
    await expectGoodLooks(page, 'listing');
    await page.getByRole('link', { name: 'Folder above' }).click();
    await page.getByRole('link', { name: '4593.2.5/' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('the API page shows a call with all of its answers', async () => {
    const watched = await open('/api/docs');
    const { page } = watched;
    await page.getByText('Create or replace a machine').click();
    const call = page.locator('#putMachine');
    expect(await call.textContent()).toMatch(/expires_in.*pointer.*422/s);
    await expectGoodLooks(page, 'api');
    expectQuiet(watched);
  });

  it('every link of the public page leads somewhere', async () => {
    const { page } = await open('/');
    const links = await page.evaluate(() => [...document.querySelectorAll('a')].map(({ href }) => href));
    for (const link of new Set(links)) {
      const { status } = await fetch(link, { method: 'HEAD' });
      expect(status, link).toBe(200);
    }
  });
});
