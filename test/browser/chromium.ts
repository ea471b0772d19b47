/** A real Chromium for tests of the pages: Debian's, or the one that CHROMIUM names. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { chromiumPath } from '../../tools/screens/chromium-path.ts';

const executablePath = chromiumPath();

/** True where the pages can be tried; where they cannot, that is said, and in CI it is a failure. */
export const hasBrowser = executablePath !== undefined || process.env['CI'] === 'true';
if (executablePath === undefined) {
  console.warn('NO CHROMIUM: the pages are not tried. Install it (Debian: chromium) or name it in CHROMIUM.');
}

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where the looks of the pages are left, for people to look at. */
const shots = join(import.meta.dirname, '../../dist/screenshots');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function openBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('no Chromium is installed');
  mkdirSync(shots, { recursive: true });
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}

export interface WatchedPage {
  readonly page: Page;
  /** Every URL that the page asked for, itself included. */
  readonly urls: string[];
  /** What the page complained of: errors, refused scripts and styles. */
  readonly complaints: string[];
}

/** A page in a context of its own whose requests and complaints are written down. */
export async function watchedPage(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const urls: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A refused call is what some tests are about.
    const isStatus = message.text().startsWith('Failed to load resource: the server responded');
    if (message.type() === 'error' && !isStatus) complaints.push(message.text());
  });
  return { page, urls, complaints };
}

/** What passes is not written down: that takes longer than to look. */
const RUN_AXE = "axe.run({ resultTypes: ['violations'] })";

interface AxeResults {
  violations: { id: string; impact: string | null; nodes: { html: string }[] }[];
}

/** Both colour schemes, a desk and a phone: nothing serious for axe, nothing wider than the screen; a picture of each is left. */
export async function expectGoodLooks(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth - clientWidth;
    });
    expect(overflow, `${name} at ${width} px is wider than the screen`).toBeLessThanOrEqual(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await painted(page);
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      // A page keeps what it was once given until it is loaded again.
      if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
      const { violations } = (await page.evaluate(RUN_AXE)) as AxeResults;
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const told = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      expect(told, `${name} at ${width} px, ${colorScheme}`).toEqual([]);
    }
  }
  if (before !== null) await page.setViewportSize(before);
}

/** A new size and scheme take two frames to be on the screen. */
const painted = (page: Page): Promise<void> =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))));
