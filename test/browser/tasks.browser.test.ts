/** What operators come to the console for, each task from its own screen: how many clicks and seconds it takes, and what it shows in the end. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATOR_TOKEN, type RunningEdge, runEdge } from '../support/running-edge.ts';
import { hasBrowser, openBrowser, type WatchedPage, watchedPage } from './chromium.ts';

const KERNEL = 'flatcar_production_pxe.vmlinuz';
const MOST_CLICKS = 3;

describe.skipIf(!hasBrowser)('the tasks of an operator', () => {
  let edge: RunningEdge;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;
  const measured: { readonly task: string; readonly clicks: number; readonly seconds: number }[] = [];
  const base = (path: string) => JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files: [{ path }] } });
  const boots = new Map<string, string>();

  const put = async (id: string, body: string, query = '?profile=web') => {
    const answer = await edge.api(`/api/machines/${id}${query}`, { method: 'PUT', body });
    boots.set(id, ((await answer.json()) as { urls: { ignition: string } }).urls.ignition);
  };
  beforeAll(async () => {
    edge = await runEdge({
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      MIRROR: 'stable/amd64-usr',
      MIRROR_FILES: `version.txt,${KERNEL}`,
    });
    for (const version of ['4593.2.5', '4593.2.6']) {
      await edge.release(version, { [KERNEL]: 100_000 });
      await edge.api('/api/mirrors/stable/amd64-usr/current', { method: 'PUT' });
      for (let turn = 0; turn < 200; turn += 1) {
        const job = (await (await edge.api(`/api/mirrors/stable/amd64-usr/${version}`)).json()) as { state: string };
        if (job.state === 'complete') break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    await edge.api('/api/profiles/web/base', { method: 'PUT', body: base('/etc/base') });
    for (const id of ['vm-1', 'vm-2', 'vm-3']) await put(id, base(`/etc/${id}`));
    // The link of vm-3 does not merge with a base that wants a file below it.
    await put('vm-3', '{"ignition":{"version":"3.3.0"},"storage":{"links":[{"path":"/etc/here","target":"/tmp"}]}}');
    for (const id of ['vm-1', 'vm-2']) await fetch(boots.get(id) ?? '');
    // vm-1 boots what there is then; vm-2 has not booted since.
    await edge.api('/api/profiles/web/base', { method: 'PUT', body: base('/etc/newer') });
    await fetch(boots.get('vm-1') ?? '');
    browser = await openBrowser();
    watched = await watchedPage(browser, { viewport: { width: 1440, height: 900 } });
    page = watched.page;
    await page.goto(`${edge.url}/console`);
    await page.getByLabel('Token', { exact: true }).fill(OPERATOR_TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  });
  afterAll(async () => {
    console.log(
      [
        'task | clicks | seconds',
        ...measured.map(({ task, clicks, seconds }) => `${task} | ${clicks} | ${seconds.toFixed(1)}`),
      ].join('\n'),
    );
    await browser?.close();
    await edge?.stop();
  });

  /** Does a task from its screen. What is clicked through `click` counts; typing does not. */
  const task = async (
    name: string,
    screen: string,
    work: (click: (target: Locator) => Promise<void>) => Promise<void>,
  ) => {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `#/${screen}`);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    let clicks = 0;
    const started = Date.now();
    await work(async (target) => {
      clicks += 1;
      await target.click();
    });
    measured.push({ task: name, clicks, seconds: (Date.now() - started) / 1000 });
    expect(clicks, name).toBeLessThanOrEqual(MOST_CLICKS);
  };
  const button = (name: string | RegExp) => page.getByRole('button', { name });

  it('what is current, and whether it is verified', async () => {
    await task('current release, verified?', 'overview', async () => {
      const row = page.getByRole('row').filter({ hasText: 'current' });
      await row.getByText('4593.2.6').waitFor();
      await row.getByText('verified, mirrored here').waitFor();
    });
  });

  it('a mirror job, started and watched', async () => {
    await edge.release('4593.2.7', { [KERNEL]: 100_000 });
    await task('start a mirror and watch it', 'jobs', async (click) => {
      await click(button('Mirror it'));
      await page.getByRole('region', { name: 'stable 4593.2.7 amd64-usr' }).getByText('complete').waitFor();
    });
  });

  it('what was tried of a file', async () => {
    await task('log of a file of a job', 'jobs', async (click) => {
      const job = page.getByRole('region', { name: 'stable 4593.2.6 amd64-usr' });
      await click(job.getByText('Log', { exact: true }));
      await page
        .getByRole('region', { name: 'Log of the job' })
        .getByRole('row')
        .filter({ hasText: KERNEL })
        .getByText('verified', { exact: true })
        .waitFor();
    });
  });

  it('current, rolled back with a word on what that does', async () => {
    await task('roll back current', 'releases', async (click) => {
      await click(
        page.getByRole('region', { name: 'stable 4593.2.6 amd64-usr' }).getByRole('button', { name: 'Pin current' }),
      );
      await page.getByText('current serves 4593.2.7 now, and 4593.2.6 from then on').waitFor();
      await click(button('Pin it to 4593.2.6'));
      await page
        .getByRole('region', { name: 'stable 4593.2.6 amd64-usr' })
        .getByText('pinned', { exact: true })
        .waitFor();
    });
    const version = await (await fetch(`${edge.url}/stable/amd64-usr/current/version.txt`)).text();
    expect(version).toContain('FLATCAR_VERSION=4593.2.6');
  });

  it('a release, quarantined, still to be seen, with its reason', async () => {
    await task('quarantine a release', 'releases', async (click) => {
      const release = page.getByRole('region', { name: 'stable 4593.2.7 amd64-usr' });
      await click(release.getByRole('button', { name: 'Quarantine' }));
      await page.getByRole('dialog').getByLabel('Why').fill('its kernel sees no disks');
      await click(button('Quarantine it'));
      await release.getByText('its kernel sees no disks').waitFor();
    });
  });

  it('Butane with a mistake, found at its line while it is typed', async () => {
    await task('Butane with a mistake', 'machines', async (click) => {
      await click(button('New machine'));
      const form = page.getByRole('form', { name: 'New machine' });
      await form.getByLabel('User data').and(page.locator('.cm-content')).focus();
      await page.keyboard.insertText('variant: flatcar\nversion: 1.1.0\nstorage:\n\tfiles: []\n');
      await form
        .getByText(/line 4/)
        .first()
        .waitFor();
      await form.locator('.cm-lint-marker-error').first().waitFor();
    });
  });

  it('why a machine gets no config, with every layer', async () => {
    await edge.api('/api/profiles/web/base?force=1', { method: 'PUT', body: base('/etc/here/file') });
    await fetch(boots.get('vm-3') ?? '');
    await task('why it did not boot', 'machines?state=failing', async (click) => {
      await click(page.getByRole('link', { name: 'vm-3' }));
      await page.getByText(/It gets no config: .*link/).waitFor();
      await page.getByRole('region', { name: 'Boots' }).getByText('503').first().waitFor();
      await page.getByText('base:web', { exact: true }).first().waitFor();
    });
    await edge.api('/api/profiles/web/base?force=1', { method: 'PUT', body: base('/etc/newer') });
  });

  it('who has not booted since the base changed', async () => {
    await fetch(boots.get('vm-1') ?? '');
    await task('who has not booted since the base changed', 'machines', async (click) => {
      await click(page.getByLabel('State'));
      await page.getByLabel('State').selectOption('stale');
      await page.getByRole('link', { name: 'vm-2' }).waitFor();
      await page.getByRole('link', { name: 'vm-1' }).waitFor({ state: 'detached' });
    });
  });

  it('how many machines are in which state', async () => {
    await task('machines counted by state', 'overview', async (click) => {
      const counts = page.getByRole('region', { name: 'Machines', exact: true });
      await counts.getByText(/^\d+ machines:/).waitFor();
      await click(counts.getByRole('link', { name: /stale|booted/ }).first());
      await page.getByRole('heading', { name: 'Machines', exact: true }).waitFor();
    });
  });

  it('a leaked URL, replaced by a new one', async () => {
    const leaked = boots.get('vm-1') ?? '';
    await task('replace a leaked URL', 'machines', async (click) => {
      await click(page.getByRole('link', { name: 'vm-1' }));
      await click(button('Revoke all URLs'));
      await page.getByLabel('Type vm-1 to go on').fill('vm-1');
      await click(button('Revoke them'));
      await page.getByRole('region', { name: 'URLs of vm-1' }).locator('.secret code').first().waitFor();
    });
    expect((await fetch(leaked)).status).toBe(410);
  });

  it('a new base, and whom it would break, before it is saved', async () => {
    await task('change a base, see whom it breaks', 'profiles', async (click) => {
      await click(page.getByRole('link', { name: 'web' }));
      const form = page.getByRole('form', { name: 'base of web' });
      const text = form.getByRole('textbox', { name: /^base/ }).and(page.locator('.cm-content'));
      await text.focus();
      await text.press('ControlOrMeta+a');
      await text.press('Delete');
      await page.keyboard.insertText(base('/etc/here/file'));
      await click(button('Try base on the machines'));
      await form.getByText('1 would not boot any more').waitFor();
      await form.getByText('vm-3').first().waitFor();
    });
  });

  it('what a change of a base does to one machine', async () => {
    await task('preview a base on one machine', 'profiles/web', async (click) => {
      await click(page.getByText('What it would do to one machine: base'));
      await page
        .getByRole('textbox', { name: /^Machine/ })
        .first()
        .fill('vm-2');
      await click(page.getByRole('button', { name: 'Show it' }).first());
      await page
        .getByRole('textbox', { name: 'What changes for vm-2' })
        .locator('.line-added')
        .getByText('/etc/here/file')
        .waitFor();
    });
  });

  it('what the next boot of a machine changes', async () => {
    await task('before and after of one machine', 'machines', async (click) => {
      await click(page.getByRole('link', { name: 'vm-2' }));
      const difference = page.getByRole('textbox', { name: 'Difference to its last boot' });
      await difference.locator('.line-removed').getByText('/etc/base').waitFor();
      await difference.locator('.line-added').getByText('/etc/newer').waitFor();
    });
  });

  it('who signed what, and when the key ends', async () => {
    await task('who signed what', 'releases', async (click) => {
      await click(page.getByText('Its files, and who signed them: 4593.2.6'));
      await page.getByText('Signed under the primary key').waitFor();
      await page
        .getByRole('region', { name: 'Files of 4593.2.6' })
        .getByRole('link', { name: KERNEL, exact: true })
        .waitFor();
    });
    await task('when the key ends', 'overview', async () => {
      await page.getByRole('region', { name: 'Signing keys', exact: true }).getByText('lasts longest').waitFor();
    });
  });

  it('something done to several machines at once', async () => {
    await task('act on several machines', 'machines', async (click) => {
      await click(page.getByLabel('Choose all of this page'));
      await click(button('Set the profiles of 3 machines'));
      await page.getByRole('dialog').getByLabel('Profiles').fill('web');
      await click(page.getByRole('dialog').getByRole('button', { name: 'Set the profiles of 3 machines' }));
      await page.getByText('3 chosen').or(page.getByText('3 machines chosen')).waitFor();
    });
  });
});
