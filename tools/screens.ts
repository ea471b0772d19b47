/**
 * `npm run screens [-- --docs]`: starts an edge with something in it, and takes a picture of every page of it, for a desk, a phone and a dark
 * room, into dist/screens. Look at all of them after a change of the pages.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startUpstream } from './release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText } from './release-server/signing-key.ts';
import { chromiumPath } from './screens/chromium-path.ts';
import { type Filled, fillMachines, fillReleases, VERSIONS } from './screens/fill.ts';
import { freePort, startDev } from './wrangler-dev.ts';

const TOKEN = 'operator-token-of-the-screens-32-bytes';
const NOBODY = 'no-such-machine';
/** Runs in the page: how much wider it is than its window. */
const OVER = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
/** Runs in the page: an editor measures its lines when it comes into view. */
const THROUGH = `(async () => {
  for (let at = 0; at < document.body.scrollHeight; at += innerHeight / 2) {
    scrollTo(0, at);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  scrollTo(0, 0);
})()`;
const LOOKS = [
  { name: 'desk', width: 1440, height: 900, colorScheme: 'light' },
  { name: 'phone', width: 390, height: 844, colorScheme: 'light' },
  { name: 'dark', width: 1440, height: 900, colorScheme: 'dark' },
] as const;

/** Screens whose calls are not answered yet, and screens whose calls fail: by the ending of their pictures. */
const STATES = ['loading', 'error'] as const;
const SCREENS = [
  'overview',
  'jobs',
  'releases',
  'machines',
  'machine',
  'profile',
  'fleets',
  'tokens',
  'announcements',
  'audit',
];

/** Every page by the name of its picture; what begins with `#` is a screen of the console. */
const FULL: Readonly<Record<string, string>> = {
  listing: '/stable/amd64-usr/',
  release: `/stable/amd64-usr/${VERSIONS[2]}/`,
  api: '/api/docs',
  overview: '#/overview',
  jobs: '#/jobs',
  releases: '#/releases',
  machines: '#/machines',
  'machines-stale': '#/machines?state=stale',
  machine: '#/machines/web-03',
  'machine-new': '#/machines/db-1',
  'machine-absent': `#/machines/${NOBODY}`,
  profiles: '#/profiles',
  profile: '#/profiles/web',
  fleets: '#/fleets',
  fleet: '#/fleets/room-1',
  tokens: '#/tokens',
  announcements: '#/announcements',
  audit: '#/audit',
  // The last: it is kept for half a minute, and was empty before.
  home: '/',
};
const EMPTY: Readonly<Record<string, string>> = Object.fromEntries(
  ['home', 'overview', 'jobs', 'releases', 'machines', 'profiles', 'fleets', 'audit'].map((name) => [
    `empty-${name}`,
    FULL[name] ?? '/',
  ]),
);

async function main(): Promise<void> {
  const root = dirname(import.meta.dirname);
  const into = join(root, 'dist', 'screens');
  const isForDocs = process.argv.includes('--docs');
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    console.error('no Chromium is installed (Debian: chromium); name one in CHROMIUM');
    process.exitCode = 1;
    return;
  }
  mkdirSync(into, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-screens-'));
  const server = await startUpstream();
  const upstream = server.tenant('flatcar');
  const key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
  upstream.put('key.asc', Buffer.from(publicKeyText(key)));
  const edge = await startDev({
    port: await freePort(),
    vars: {
      UPSTREAM_URL: `${server.url}/flatcar/{channel}/{board}/{version}/{file}`,
      UPDATE_URL: `${server.url}/flatcar/update/{board}/{version}/{file}`,
      SIGNING_KEY_URL: `${server.url}/flatcar/key.asc`,
      SIGNING_KEY_FINGERPRINTS: fingerprint(key),
      ...{ OPERATOR_TOKEN: TOKEN, CAPABILITY_SECRET: TOKEN, MIRROR: 'stable/amd64-usr' },
    },
    persistTo: join(folder, 'state'),
    logFile: join(folder, 'wrangler.log'),
  });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const filled: Filled = { url: edge.url, token: TOKEN, upstream, key };
    let count = await takeAll(browser, edge.url, EMPTY, into);
    await fillReleases(filled);
    await fillMachines(filled);
    count += await takeAll(browser, edge.url, FULL, into);
    for (const state of STATES) count += await takeStates(browser, edge.url, state, into);
    if (isForDocs) await takeForDocs(browser, edge.url, join(root, 'docs', 'pictures', 'console.jpg'));
    console.log(`${count} pictures in ${into}`);
  } finally {
    await browser.close();
    await edge.stop();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes every page in every look, and says what is wider than its screen. */
async function takeAll(browser: Browser, url: string, pages: Readonly<Record<string, string>>, into: string) {
  let count = 0;
  for (const { name: look, width, height, colorScheme } of LOOKS) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const page = await context.newPage();
    await page.addInitScript((token) => sessionStorage.setItem('flatcar-edge-token', token), TOKEN);
    if (pages === FULL) await page.route('**/api/activity', (route) => route.fulfill({ json: playedActivity() }));
    for (const [name, address] of Object.entries(pages)) {
      await page.goto(address.startsWith('#') ? `${url}/console${address}` : `${url}${address}`);
      if (address.startsWith('#')) await page.reload();
      await settled(page);
      await page.evaluate(THROUGH);
      const over = await page.evaluate<number>(OVER);
      if (over > 0) console.log(`${name} at ${width} px is ${over} px wider than the screen`);
      await page.screenshot({ path: join(into, `${name}-${look}.png`), fullPage: true });
      count += 1;
    }
    await context.close();
  }
  return count;
}

/** Takes each screen while its calls hang, or after they were refused; the page itself is there. */
async function takeStates(
  browser: Browser,
  url: string,
  state: (typeof STATES)[number],
  into: string,
): Promise<number> {
  let count = 0;
  for (const { name: look, width, height, colorScheme } of LOOKS) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const page = await context.newPage();
    await page.addInitScript((token) => sessionStorage.setItem('flatcar-edge-token', token), TOKEN);
    await page.route(/\/(api|health)/, (route) =>
      state === 'error'
        ? route.fulfill({ status: 503, json: REFUSAL, contentType: 'application/problem+json' })
        : undefined,
    );
    for (const name of SCREENS) {
      await page.goto(`${url}/console${FULL[name]}`);
      await page.reload();
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.waitForTimeout(200);
      const over = await page.evaluate<number>(OVER);
      if (over > 0) console.log(`${name}-${state} at ${width} px is ${over} px wider than the screen`);
      await page.screenshot({ path: join(into, `${name}-${state}-${look}.png`), fullPage: true });
      count += 1;
    }
    await context.close();
  }
  return count;
}

const REFUSAL = {
  ...{ type: 'about:blank', title: 'The store does not answer', status: 503, code: 'store-unreachable' },
  detail: 'R2 did not answer within 2.3 seconds; try again',
};

/** Takes the picture that the README shows: what a machine boots, and which layer has set each line. */
/** Two weeks as a busy place would have them: an edge that has just begun has no hour behind it. */
function playedActivity(): object {
  const items = Array.from({ length: 14 * 24 }, (_, index) => {
    const from = Date.now() - (14 * 24 - index) * 3_600_000;
    const tide = 1 + Math.sin((index / 24) * 2 * Math.PI) + (index % 5) / 5;
    const span = { from: new Date(from).toISOString(), to: new Date(from + 3_600_000).toISOString() };
    const boots = Math.round(40 * tide);
    return {
      ...{ ...span, boots, failedBoots: index === 200 ? 12 : 0, downloads: Math.round(120 * tide) },
      ...{ bytes: Math.round(tide * 4e9), refusedFiles: index === 120 ? 3 : 0, updates: 0 },
    };
  });
  return { items, cursor: null };
}

async function takeForDocs(browser: Browser, url: string, path: string): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1180, height: 560 } });
  const page = await context.newPage();
  await page.addInitScript((token) => sessionStorage.setItem('flatcar-edge-token', token), TOKEN);
  await page.goto(`${url}/console#/machines/web-03`);
  await settled(page);
  await page.getByRole('heading', { name: 'What it boots' }).evaluate((heading) => heading.scrollIntoView());
  await page.screenshot({ path, type: 'jpeg', quality: 60 });
  await context.close();
}

/** A screen that still loads says so. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page
    .getByText('Loading …')
    .first()
    .waitFor({ state: 'detached', timeout: 5000 })
    .catch(() => undefined);
}

await main();
