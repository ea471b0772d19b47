/** The console in a real browser, against the running Worker: what an operator does all day. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathsOf } from '../support/json.ts';
import { OPERATOR_TOKEN, type RunningEdge, runEdge } from '../support/running-edge.ts';
import { expectGoodLooks, hasBrowser, openBrowser, type WatchedPage, watchedPage } from './chromium.ts';

const IMAGE = 'flatcar_production_image.bin.bz2';
const MIB = 1024 * 1024;

/** Types what the dialog asks for; its button does nothing before that. */
async function typeName(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog');
  expect(await dialog.locator('button.danger').isDisabled()).toBe(true);
  const field = dialog.getByLabel(/^Type .* to go on$/);
  const name = /^Type (.*) to go on/.exec((await field.locator('..').textContent()) ?? '')?.[1] ?? '';
  await field.fill(name);
}

/** Puts `text` in the place of what an editor holds: the keys that a person uses, so that the editor takes out the old text itself. */
async function write(editor: Locator, text: string): Promise<void> {
  // The plain field gives way to it once it is loaded.
  const ready = editor.and(editor.page().locator('.cm-content'));
  await ready.focus();
  await ready.press('ControlOrMeta+a');
  await ready.press('Delete');
  await editor.page().keyboard.insertText(text);
}

describe.skipIf(!hasBrowser)('the console', () => {
  let edge: RunningEdge;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;
  beforeAll(async () => {
    edge = await runEdge({
      CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
      MIRROR_FILES: `version.txt,${IMAGE},absent.bin`,
      // Nobody listens there.
      ANNOUNCE_URLS: 'http://127.0.0.1:9/hook release.*',
      WEBHOOK_SECRET: 'webhook-secret-of-at-least-32-bytes',
    });
    await edge.release('4593.2.5', { [IMAGE]: 24 * MIB });
    browser = await openBrowser();
    watched = await watchedPage(browser, { viewport: { width: 1280, height: 900 } });
    page = watched.page;
    await page.goto(`${edge.url}/console`);
  });
  afterAll(async () => {
    await browser?.close();
    await edge?.stop();
  });

  const show = async (screen: string) => {
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: screen }).click();
    await page.getByRole('heading', { name: screen, level: 1 }).waitFor();
  };
  const signIn = async (token: string) => {
    await page.getByLabel('Token', { exact: true }).fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  it('does not let a wrong token in, and says so', async () => {
    await expectGoodLooks(page, 'console-sign-in');
    await signIn('a-token-of-nobody-32-bytes-long-xx');
    await page.getByText('The token is not accepted.').waitFor();
    expect(await page.getByRole('navigation', { name: 'Screens' }).count()).toBe(0);
  });

  it('keeps the token in memory alone, unless it is asked to keep it for the tab', async () => {
    await signIn(OPERATOR_TOKEN);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.reload();
    await page.getByLabel('Keep it until this tab is closed').check();
    await signIn(OPERATOR_TOKEN);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  it('starts a mirror job and watches it to 100 %', async () => {
    edge.upstream.rules = [{ path: `${IMAGE}$`, method: 'GET', chunkDelayMs: 100 }];
    await show('Mirror jobs');
    await page.getByRole('button', { name: 'Mirror it' }).click();
    const job = page.getByRole('region', { name: 'stable 4593.2.5 amd64-usr' });
    const files = job.getByRole('progressbar', { name: 'Files of stable 4593.2.5 amd64-usr' });
    const image = job.getByRole('progressbar', { name: IMAGE });
    await job.getByText('copying').waitFor();
    const shares = new Set<number>();
    const state = job.locator('.head .chip').first();
    while ((await state.textContent()) !== 'complete') {
      // The job may have ended since its state was read; its bar is gone then.
      const share = await image
        .evaluate((bar: HTMLProgressElement) => bar.position, undefined, { timeout: 5_000 })
        .catch(() => undefined);
      if (share !== undefined) shares.add(share);
      if (shares.size === 2) await expectGoodLooks(page, 'console-job-running');
      await page.waitForTimeout(150);
    }
    // It was seen on its way, and never went back.
    expect([...shares].filter((share) => share > 0 && share < 1).length).toBeGreaterThanOrEqual(2);
    expect([...shares]).toEqual([...shares].sort((a, b) => a - b));
    await job.getByText('3 of 3 files done').waitFor();
    // Who looks for work sees bars where there is some.
    expect(await files.count()).toBe(0);
    edge.upstream.rules = [];
  });

  it('cancels a job, and tries it again', async () => {
    await edge.release('4593.2.6', { [IMAGE]: 16 * MIB }, false);
    edge.upstream.rules = [{ path: `4593.2.6/${IMAGE}$`, method: 'GET', chunkDelayMs: 100 }];
    await page.getByLabel('Version or alias').fill('4593.2.6');
    await page.getByRole('button', { name: 'Mirror it' }).click();
    const job = page.getByRole('region', { name: 'stable 4593.2.6 amd64-usr' });
    await job.getByText('copying').waitFor();
    await job.getByRole('button', { name: 'Cancel' }).click();
    await job.getByText('cancelled').waitFor();
    edge.upstream.rules = [];
    await job.getByRole('button', { name: 'Try again' }).click();
    await job.getByText('complete').waitFor();
    expect(await job.textContent()).toContain('attempt 2');
  });

  it('says why a job failed', async () => {
    await edge.release('4593.2.7', { [IMAGE]: MIB }, false);
    const path = `stable/amd64-usr/4593.2.7/${IMAGE}`;
    const bytes = Buffer.from(edge.upstream.files.get(path)?.bytes ?? '');
    bytes[500_000] = (bytes[500_000] ?? 0) ^ 0xff;
    edge.upstream.put(path, bytes);
    await page.getByLabel('Version or alias').fill('4593.2.7');
    await page.getByRole('button', { name: 'Mirror it' }).click();
    const job = page.getByRole('region', { name: 'stable 4593.2.7 amd64-usr' });
    await job.getByText(`It failed: ${IMAGE}: bad-signature`).waitFor();
    await expectGoodLooks(page, 'console-jobs');
    const metrics = await (await edge.api('/api/metrics')).text();
    expect(metrics).toContain('flatcar_edge_mirror_files{state="failed",reason="bad-signature"} 1');
  });

  it('pins and unpins an alias, and quarantines a release only when told twice', async () => {
    await show('Releases');
    const older = page.getByRole('region', { name: 'stable 4593.2.5 amd64-usr' });
    const newer = page.getByRole('region', { name: 'stable 4593.2.6 amd64-usr' });
    await older.getByRole('button', { name: 'Pin current to it' }).click();
    await page.getByText('current serves 4593.2.5 now, and 4593.2.5 from then on').waitFor();
    await page.getByRole('button', { name: 'Pin it to 4593.2.5' }).click();
    await older.getByText('pinned').waitFor();
    const current = async () => await (await fetch(`${edge.url}/stable/amd64-usr/current/version.txt`)).text();
    expect(await current()).toContain('FLATCAR_VERSION=4593.2.5\n');
    await expectGoodLooks(page, 'console-releases');
    await page.getByRole('button', { name: 'Unpin current' }).click();
    await page.getByText('It serves 4593.2.5 now, and 4593.2.5 from then on.').waitFor();
    await page.getByRole('button', { name: 'Unpin it' }).click();
    await older.getByText('pinned').waitFor({ state: 'detached' });
    await newer.getByRole('button', { name: 'Quarantine' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await newer.count()).toBe(1);
    await newer.getByRole('button', { name: 'Quarantine' }).click();
    await page.getByRole('dialog').getByLabel('Why').fill('its kernel sees no disks');
    await page.getByRole('dialog').getByRole('button', { name: 'Quarantine it' }).click();
    await newer.getByText(/Taken back .* by operator: its kernel sees no disks/).waitFor();
    await expectGoodLooks(page, 'console-quarantined');
    expect((await fetch(`${edge.url}/stable/amd64-usr/4593.2.6/version.txt`)).status).toBe(404);
    await newer.getByRole('button', { name: 'Lift' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Lift it' }).click();
    await newer.waitFor({ state: 'detached' });
  });

  it('corrects an invalid base while it is typed, and saves it', async () => {
    await show('Profiles');
    await page.getByLabel('Name').fill('web');
    await page.getByRole('button', { name: 'Create profile' }).click();
    const base = page.getByRole('form', { name: 'base of web' });
    const text = base.getByRole('textbox', { name: /^base/ });
    await write(text, '{"ignition":{"version":"3.3.0"},\n"storage":{"files":[{"path":"etc/base","mode":420}]}}');
    await base.getByText('path not absolute').waitFor();
    expect(await base.getByRole('status').textContent()).toMatch(/storage\.files\.0\.path.*line 2/s);
    await expectGoodLooks(page, 'console-profile');
    await base.getByRole('button', { name: 'Save base' }).click();
    await base.getByRole('alert').waitFor();
    await write(text, '{"ignition":{"version":"3.3.0"},\n"storage":{"files":[{"path":"/etc/base","mode":420}]}}');
    await base.getByText('Valid Ignition 3.3.0').waitFor();
    await base.getByRole('button', { name: 'Save base' }).click();
    await base.getByText('Saved: 0 machines looked at').waitFor();
    const fallback = page.getByRole('form', { name: 'default of web' });
    await write(fallback.getByRole('textbox'), 'variant: flatcar\nversion: 1.1.0\n');
    await fallback.getByText(/Valid: butane/).waitFor();
    await fallback.getByRole('button', { name: 'Save default' }).click();
    await fallback.getByText('Saved: 0 machines looked at').waitFor();
  });

  it('shows both texts when somebody else has saved meanwhile, and loses none', async () => {
    await page.reload();
    const base = page.getByRole('form', { name: 'base of web' });
    const text = base.getByRole('textbox', { name: /^base/ });
    const mine = '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/mine"}]}}';
    const theirs = mine.replace('mine', 'theirs');
    await write(text, mine);
    expect((await edge.api('/api/profiles/web/base', { method: 'PUT', body: theirs })).status).toBe(200);
    await base.getByText(/Valid Ignition/).waitFor();
    await base.getByRole('button', { name: 'Save base' }).click();
    await base.getByText('Somebody else has changed the base since it was shown here').waitFor();
    expect(await (await edge.api('/api/profiles/web/base')).text()).toBe(theirs);
    await base.getByRole('button', { name: 'Show their base' }).click();
    await base.getByRole('textbox', { name: 'Their base' }).getByText('/etc/theirs').waitFor();
    await base.getByRole('textbox', { name: 'Your change of the base' }).getByText('/etc/mine').waitFor();
    expect(await text.textContent()).toBe(mine);
    await expectGoodLooks(page, 'console-both-texts');
    await base.getByRole('button', { name: 'Keep mine; the next save replaces theirs' }).click();
    await write(text, mine.replace('mine', 'base'));
    await base.getByText(/Valid Ignition/).waitFor();
    await base.getByRole('button', { name: 'Save base' }).click();
    await base.getByText('Saved: 0 machines looked at').waitFor();
  });

  it('keeps typed text over a reload and the end of a token, marks its lines, and offers the names of fields', async () => {
    const base = page.getByRole('form', { name: 'base of web' });
    const text = base.getByRole('textbox', { name: /^base/ });
    await write(text, 'variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: not-absolute\n');
    await base
      .getByText(/path not absolute/)
      .first()
      .waitFor();
    await base.locator('.cm-lint-marker-error').waitFor();
    await base.getByRole('button', { name: /line 5, column/ }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('conte');
    await base.locator('.cm-tooltip-autocomplete').getByText('contents', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.type('nts:');
    await page.reload();
    await base.getByText('This is what you typed before and have not saved.').waitFor();
    await text.getByText('contents:').waitFor();
    // The token ends while somebody types, and a new one finds the text.
    await write(text, '# a thought');
    await page.evaluate(() => sessionStorage.setItem('flatcar-edge-token', 'a-token-of-nobody-32-bytes-long-xx'));
    await page.reload();
    await page.getByText('The token is not accepted.').waitFor();
    await page.getByLabel('Keep it until this tab is closed').check();
    await signIn(OPERATOR_TOKEN);
    await text.getByText('# a thought').waitFor();
    await expectGoodLooks(page, 'console-draft');
    await base.getByRole('button', { name: 'Throw it away' }).click();
    await text.getByText('/etc/base').waitFor();
  });

  it('shows what both have changed since a draft began, and saves nothing by a key in the preview', async () => {
    const base = page.getByRole('form', { name: 'base of web' });
    const text = base.getByRole('textbox', { name: /^base/ });
    const mine = '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/mine"}]}}';
    const before = await (await edge.api('/api/profiles/web/base')).text();
    await write(text, mine);
    // Enter in the field for a machine is no save.
    await page.getByText('What it would do to one machine: base').click();
    await page
      .getByRole('textbox', { name: /^Machine/ })
      .first()
      .fill('none-of-it');
    await page.keyboard.press('Enter');
    expect(await (await edge.api('/api/profiles/web/base')).text()).toBe(before);
    await page.waitForFunction((name) => sessionStorage.getItem(name) !== null, 'flatcar-edge-draft:profile/web/base');
    const theirs = mine.replace('mine', 'theirs');
    expect((await edge.api('/api/profiles/web/base', { method: 'PUT', body: theirs })).status).toBe(200);
    await page.reload();
    await base.getByText('Somebody else has changed what is stored since you began.').waitFor();
    await base.getByText(/^Valid Ignition/).waitFor();
    await base.getByRole('button', { name: 'Save base' }).click();
    await base.getByRole('button', { name: 'Show their base' }).click();
    await base.getByRole('textbox', { name: 'Their change of the base' }).getByText('/etc/theirs').waitFor();
    await base.getByRole('textbox', { name: 'Your change of the base' }).getByText('/etc/mine').waitFor();
    await base.getByRole('button', { name: 'Take theirs into the field' }).click();
    await text.getByText('/etc/theirs').waitFor();
    expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual(['flatcar-edge-token']);
    // An empty field takes the layer away only when its name is typed.
    await write(text, ' ');
    await base.getByRole('button', { name: 'Save base' }).click();
    await page.getByRole('dialog').getByText('Machines of web boot without it from then on.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await write(text, before);
    await base.getByText(/^Valid Ignition/).waitFor();
    await base.getByRole('button', { name: 'Save base' }).click();
    await base.getByText('Saved: 0 machines looked at').waitFor();
  });

  it('opens a config of a mebibyte within a second, and goes on taking what is typed', async () => {
    const files = Array.from({ length: 9_000 }, (_, index) => ({
      path: `/etc/large/file-${index}`,
      contents: { source: 'data:,some-more-text-to-make-it-long' },
    }));
    const large = JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files } }, null, 1);
    expect(large.length).toBeGreaterThan(1_000_000);
    expect(
      (await edge.api('/api/profiles/large/base', { method: 'PUT', body: JSON.stringify(JSON.parse(large)) })).status,
    ).toBe(200);
    await page.goto(`${edge.url}/console#/profiles`);
    await page.reload();
    await page.getByRole('link', { name: 'large' }).waitFor();
    const started = Date.now();
    await page.getByRole('link', { name: 'large' }).click();
    const text = page.getByRole('form', { name: 'base of large' }).getByRole('textbox', { name: /^base/ });
    await text.locator('.cm-line').first().waitFor();
    const opened = Date.now() - started;
    const before = Date.now();
    await text.focus();
    await page.keyboard.type('          ');
    console.log(
      `1 MiB config: shown after ${opened} ms; ten keys took ${Date.now() - before} ms; ${await page.locator('*').count()} nodes`,
    );
    expect(await page.locator('*').count()).toBeLessThan(3_000);
    await page.getByText(/^Valid Ignition/).waitFor();
    const draft = 'flatcar-edge-draft:profile/large/base';
    await page.waitForFunction((name) => sessionStorage.getItem(name) !== null, draft);
    await page.goto(`${edge.url}/console#/profiles/web`);
    await page.getByRole('region', { name: 'Profile web' }).waitFor();
    await page.evaluate((name) => sessionStorage.removeItem(name), draft);
    await edge.api('/api/profiles/large', { method: 'DELETE' });
    await page.reload();
  });

  it('makes a profile and a machine only where there is none of that name', async () => {
    await page.getByLabel('Name').fill('web');
    await page.getByRole('button', { name: 'Create profile' }).click();
    await page.getByText('web exists already: open it in the list.').waitFor();
    await edge.api('/api/machines/taken', { method: 'PUT', body: '#!/bin/sh\n' });
    await show('Machines');
    await page.getByRole('button', { name: 'New machine' }).click();
    const form = page.getByRole('form', { name: 'New machine' });
    await form.getByLabel('Id', { exact: true }).fill('taken');
    await form.getByRole('button', { name: 'Create' }).click();
    await form.getByText('taken exists already: open it to change it. Nothing was changed.').waitFor();
    expect(await (await edge.api('/api/machines/taken')).json()).toMatchObject({ kind: 'script', generation: 1 });
    await edge.api('/api/machines/taken', { method: 'DELETE' });
    await page.getByRole('button', { name: 'New machine' }).click();
  });

  it('makes a machine whose URL boots, and shows which layer set what', async () => {
    await show('Machines');
    await page.getByRole('button', { name: 'New machine' }).click();
    const form = page.getByRole('form', { name: 'New machine' });
    await form.getByLabel('Id', { exact: true }).fill('vm-1');
    await form.getByLabel('Profile').fill('web');
    await write(
      form.getByLabel('User data'),
      'variant: flatcar\nversion: 1.1.0\nstorage: {files: [{path: /etc/user}]}\n',
    );
    await form.getByText(/Valid: butane/).waitFor();
    await expectGoodLooks(page, 'console-new-machine');
    await form.getByRole('button', { name: 'Create' }).click();
    const urls = page.getByRole('region', { name: 'URLs of vm-1' });
    const url = (await urls.locator('.secret code').first().textContent()) ?? '';
    const booted = await fetch(url, { headers: { 'user-agent': 'Ignition/2.26.0' } });
    expect([booted.status, pathsOf(await booted.text())]).toEqual([200, ['/etc/base', '/etc/user']]);
    await expectGoodLooks(page, 'console-machines');

    await page.getByRole('link', { name: 'vm-1' }).click();
    // The number of a line stands beside it, in every editor of the page once it is seen.
    for (const editor of await page.locator('.code').all()) {
      await editor.scrollIntoViewIfNeeded();
      const isAside = (host: Element) => {
        const root = host.shadowRoot;
        const lines = [...(root?.querySelectorAll('.cm-line') ?? [])];
        const marks = [...(root?.querySelectorAll('.cm-lineNumbers .cm-gutterElement') ?? [])].slice(1);
        const tops = (of: Element[]) => of.map((one) => one.getBoundingClientRect().top);
        const [beside, at] = [tops(marks), tops(lines)];
        return at.length > 0 && at.every((top, index) => Math.abs(top - (beside[index] ?? 0)) < 3);
      };
      await expect.poll(() => editor.evaluate(isAside), { timeout: 5_000 }).toBe(true);
    }
    const merged = page.getByRole('textbox', { name: 'Merged config' });
    const lineOf = (part: string) => merged.locator('.cm-line').filter({ hasText: part });
    expect(await lineOf('"/etc/base"').getAttribute('class')).toContain('layer-base');
    expect(await lineOf('"/etc/user"').getAttribute('class')).toContain('layer-user');
    await page.getByRole('region', { name: 'Boots' }).getByText('Ignition 2.26.0').waitFor();
    await page.getByText('They are the same.').waitFor();
    const newBase = '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/newer"}]}}';
    await edge.api('/api/profiles/web/base', { method: 'PUT', body: newBase });
    await page.reload();
    const difference = page.getByRole('textbox', { name: 'Difference to its last boot' });
    await difference.locator('.line-removed').getByText('/etc/base').waitFor();
    await difference.locator('.line-added').getByText('/etc/newer').waitFor();
    await expectGoodLooks(page, 'console-machine');
  });

  it('keeps in a change what it does not show at first, and a profile keeps its settings', async () => {
    const patch = {
      hostname: 'node-1',
      ignition: '2.24.0',
      kernelArgs: ['quiet', 'a=b'],
      vars: { text: 'a\n\\b' },
      labels: { row: 'b' },
      attributes: { a: 'c=d' },
      ...{ fleet: 'hall', mac: ['52:54:00:00:00:0a', '52:54:00:00:00:0b'], serial: 'AB 1', asset: 'T-1' },
      ...{ uuid: '4c4c4544-0042-3510-8051-b7c04f503732', once: true, window: 3600 },
    };
    await edge.api('/api/fleets/hall', { method: 'PUT', body: '{}' });
    // No layer holds the variable, so no machine lacks it.
    await edge.api('/api/profiles/web', { method: 'PATCH', body: '{"vars":{"text":null,"rack":"7"}}' });
    expect((await edge.api('/api/machines/vm-1', { method: 'PATCH', body: JSON.stringify(patch) })).status).toBe(200);
    await show('Machines');
    await page.getByRole('link', { name: 'vm-1' }).click();
    await page.getByText('node-1', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    const form = page.getByRole('form', { name: 'Change vm-1' });
    await form.getByText('Its keys, variables, attributes and labels').click();
    expect(await form.getByLabel('Variables').inputValue()).toBe('text=a\\n\\\\b');
    await form.getByText("The release, its Ignition, and the kernel's arguments").click();
    await form.getByLabel('Kernel arguments').fill('quiet  a=b c=d');
    await expectGoodLooks(page, 'console-change');
    await form.getByRole('button', { name: 'Replace' }).click();
    await page.getByText('quiet a=b c=d').waitFor();
    const now = { ...patch, kernelArgs: ['quiet', 'a=b', 'c=d'], profiles: ['web'] };
    expect(await (await edge.api('/api/machines/vm-1')).json()).toMatchObject(now);
    await show('Profiles');
    await page.getByRole('link', { name: 'web', exact: true }).click();
    await page.getByText('Settings', { exact: true }).click();
    const settings = page.getByLabel('Variables');
    expect(await settings.inputValue()).toBe('text\nrack=7');
    await settings.fill('rack=8');
    await page.getByLabel('Kernel arguments').fill('flatcar.oem.id=qemu');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByRole('button', { name: 'Save settings' }).waitFor({ state: 'detached' });
    expect(await (await edge.api('/api/profiles/web')).json()).toMatchObject({
      ...{ vars: { rack: '8' }, kernelArgs: ['flatcar.oem.id=qemu'] },
    });
    await show('Machines');
    await page.getByRole('link', { name: 'vm-1' }).click();
  });

  it('replaces user data, refuses what would not boot, shows new URLs, and deletes when told twice', async () => {
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    const form = page.getByRole('form', { name: 'Change vm-1' });
    await form.getByLabel('User data').getByText('variant: flatcar').waitFor();
    await write(form.getByLabel('User data'), '{"ignition":{"version":"9.9.9"}}');
    await form.getByRole('button', { name: 'Replace' }).click();
    await form.getByRole('alert').waitFor();
    await write(form.getByLabel('User data'), '#cloud-config\nhostname: vm-1\n');
    await form.getByText('A cloud-config: the machine boots the default').waitFor();
    await form.getByRole('button', { name: 'Replace' }).click();
    const urls = page.getByRole('region', { name: 'URLs of vm-1' });
    await urls.getByRole('button', { name: 'Copy cloud-config' }).waitFor();
    await page.getByText('not used for this machine').waitFor();
    const url = (await urls.locator('.secret code').first().textContent()) ?? '';
    await page.getByRole('button', { name: 'Revoke all URLs' }).click();
    await typeName(page);
    await page.getByRole('button', { name: 'Revoke them' }).click();
    await page.waitForFunction((old) => !document.body.textContent?.includes(old), url);
    expect((await fetch(url)).status).toBe(410);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await expectGoodLooks(page, 'console-delete');
    await typeName(page);
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('There is no machine yet.').waitFor();
  });

  it('finds machines by how their ids begin, page by page', async () => {
    const lines = Array.from({ length: 120 }, (_, index) => ({
      ...{ id: `node-${String(index).padStart(3, '0')}`, profile: null, epoch: 'e', nonce: 'n', expiry: 0 },
      ...{ channel: 'stable', board: 'amd64-usr', version: 'current', createdAt: '2026-01-01T00:00:00.000Z' },
      userData: null,
    }));
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    expect(await (await edge.api('/api/machines/import', { method: 'POST', body })).json()).toEqual({
      imported: 120,
      dryRun: false,
    });
    await page.getByLabel('Id starts with').fill('node-');
    await page.getByRole('link', { name: 'node-000' }).waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByRole('link', { name: 'node-119' }).waitFor();
    await page.getByRole('button', { name: 'Previous page' }).click();
    await page.getByRole('link', { name: 'node-000' }).waitFor();
    await page.getByLabel('Id starts with').fill('node-11');
    await page.getByRole('link', { name: 'node-110' }).waitFor();
    expect(await page.getByRole('link', { name: /^node-/ }).count()).toBe(10);
    // The address is the list that is shown: it can be loaded again, and the tab leads to all machines.
    expect(page.url()).toContain('#/machines?prefix=node-11');
    await page.reload();
    await page.getByRole('link', { name: 'node-110' }).waitFor();
    expect(await page.getByRole('link', { name: /^node-/ }).count()).toBe(10);
    await show('Machines');
    await page.getByRole('link', { name: 'node-000' }).waitFor();
    expect(await page.getByLabel('Id starts with').inputValue()).toBe('');
  });

  it('keeps a fleet, and makes a machine of one that waits', async () => {
    await show('Fleets');
    await page.getByLabel('Name').fill('room-1');
    await page.getByRole('button', { name: 'Create fleet' }).click();
    const fleet = page.getByRole('region', { name: 'Fleet room-1' });
    const says = fleet.getByLabel('What it says');
    await says.fill('{"version": "4593.2.5", "unknown": "maybe"}');
    await fleet.getByRole('button', { name: 'Save' }).click();
    await fleet.getByText('must be wait, enrol or refuse').waitFor();
    await says.fill('{"version": "4593.2.5"');
    await fleet.getByRole('button', { name: 'Save' }).click();
    await fleet.getByText('This is no JSON object.').waitFor();
    await says.fill('{"version": "4593.2.5"}');
    await fleet.getByRole('button', { name: 'Save' }).click();
    const url = (await fleet.getByRole('status').locator('code').textContent()) ?? '';
    await fetch(`${url}?mac=52:54:00:00:00:01&serial=AB&rack=7`);
    const waits = fleet.getByRole('region', { name: 'Waiting room' });
    await waits.getByText('mac 52:54:00:00:00:01, serial AB, rack=7').waitFor();
    await waits.getByRole('button', { name: 'Make a machine of it' }).click();
    await expectGoodLooks(page, 'console-fleet');
    await waits.getByLabel('Profiles').fill('none');
    await waits.getByRole('button', { name: 'Make it', exact: true }).click();
    await waits.getByText('there is no profile none').waitFor();
    await waits.getByLabel('Profiles').fill('');
    await waits.getByLabel('Id').fill('of-room-1');
    await waits.getByLabel('Host name').fill('node-1');
    await waits.getByRole('button', { name: 'Make it', exact: true }).click();
    await waits.getByText('No machine waits.').waitFor();
    expect(await (await fetch(`${url}?mac=52:54:00:00:00:01`)).text()).toContain('/boot/of-room-1.');
    await edge.api('/api/machines/of-room-1', { method: 'PATCH', body: '{"once":true}' });
    await page.goto(`${edge.url}/console#/machines/of-room-1`);
    await page.getByText('once, and has not yet').waitFor();
    await page.getByRole('button', { name: 'Open it for another boot' }).click();
    await page.getByRole('heading', { name: 'URLs of of-room-1' }).waitFor();
    await show('Fleets');
    await page.getByRole('link', { name: 'room-1' }).click();
    await page.getByRole('button', { name: 'Revoke all URLs' }).click();
    await typeName(page);
    await page.getByRole('button', { name: 'Revoke them' }).click();
    await page.getByText("Give this URL to the room's DHCP server").waitFor();
    expect((await fetch(url)).status).toBe(410);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await typeName(page);
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('region', { name: 'Fleet room-1' }).waitFor({ state: 'detached' });
  });

  it('makes a token, shows it once, and ends it only when its name is typed', async () => {
    await show('Tokens');
    await page.getByLabel('Name', { exact: true }).fill('pipeline');
    await page.getByLabel('Only names that begin with').fill('team-a-');
    await page.getByRole('checkbox', { name: 'machines' }).check();
    await page.getByRole('button', { name: 'Make token' }).click();
    const made = page.getByRole('region', { name: 'Token pipeline' });
    const token = (await made.locator('code').textContent()) ?? '';
    const asToken = (path: string) => fetch(`${edge.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect((await asToken('/api/machines')).status).toBe(200);
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'pipeline' }) });
    expect(await row.textContent()).toContain('read, machines');
    await expectGoodLooks(page, 'console-tokens');
    // The same name again is told, and nothing is replaced.
    await page.getByLabel('Name', { exact: true }).fill('pipeline');
    await page.getByRole('button', { name: 'Make token' }).click();
    await page.getByText('pipeline exists already').waitFor();
    await row.getByRole('button', { name: 'End it pipeline' }).click();
    await typeName(page);
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await page.getByText('There is no token yet.').waitFor();
    expect((await asToken('/api/machines')).status).toBe(401);
  });

  it('shows what was announced, who does not answer, and sends again', async () => {
    await show('Announcements');
    await page.getByText('does not answer').waitFor();
    await page.getByRole('rowheader', { name: 'release.published' }).first().waitFor();
    await expectGoodLooks(page, 'console-announcements');
    await page.getByRole('button', { name: 'Send again release.published' }).first().click();
    await page.getByText('has not taken it').waitFor();
  });

  it('says whom a pin would break, and pins all the same only when the name is typed', async () => {
    const OLD = '3227.2.4';
    await edge.release(OLD, { [IMAGE]: 1000 }, false);
    await edge.api(`/api/mirrors/stable/amd64-usr/${OLD}`, { method: 'PUT' });
    expect((await edge.ended(OLD)).state).toBe('complete');
    const newSpec = {
      ignition: { version: '3.4.0' },
      storage: { luks: [{ name: 'd', device: '/dev/sdb', discard: true }] },
    };
    const made = await edge.api('/api/machines/gated', { method: 'PUT', body: JSON.stringify(newSpec) });
    expect(made.status).toBe(200);
    await show('Releases');
    const panel = page.getByRole('region', { name: `stable ${OLD} amd64-usr` });
    await panel.getByRole('button', { name: 'Pin current to it' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1 of the machines and fleets that boot by this name would not boot').waitFor();
    await typeName(page);
    await dialog.getByRole('button', { name: 'all the same' }).click();
    await panel.getByText('pinned').waitFor();
    // And back again: the machines boot that.
    await page.getByRole('button', { name: 'Unpin current' }).click();
    await page.getByRole('button', { name: 'Unpin it' }).click();
    await panel.getByText('pinned').waitFor({ state: 'detached' });
  });

  it('says on one screen what is served, what happened and what needs somebody, with plots and their tables', async () => {
    await show('Overview');
    const matters = page.getByRole('region', { name: 'What needs attention' });
    await matters.getByText(/Mirroring stable 4593.2.7 amd64-usr failed/).waitFor();
    await page
      .getByRole('region', { name: 'What is served' })
      .getByText(/verified|pinned/)
      .first()
      .waitFor();
    await page.locator('.plot canvas').nth(2).waitFor();
    await page.getByText('As a table: Boots an hour').click();
    expect(await page.getByRole('region', { name: 'Boots an hour, by day' }).getByRole('row').count()).toBeGreaterThan(
      1,
    );
    await expectGoodLooks(page, 'console-overview');
    await matters.getByRole('link', { name: 'Look at it' }).first().click();
    await page.getByRole('heading', { name: 'Mirror jobs' }).waitFor();
  });

  it('shows who wrote what', async () => {
    await show('Audit');
    await page.getByLabel('Path starts with').fill('/api/profiles/web');
    await page.getByRole('cell', { name: 'putProfileBase' }).first().waitFor();
    expect(await page.getByRole('cell', { name: 'operator' }).count()).toBeGreaterThan(3);
    await expectGoodLooks(page, 'console-audit');
  });

  it('has put the token nowhere but into sessionStorage and the Authorization header', async () => {
    const stored = await page.evaluate(async () => ({
      session: Object.values({ ...sessionStorage }),
      other: [JSON.stringify({ ...localStorage }), document.cookie, JSON.stringify(await indexedDB.databases())],
      page: document.documentElement.outerHTML,
    }));
    expect(stored.session).toEqual([OPERATOR_TOKEN]);
    expect(stored.other).toEqual(['{}', '', '[]']);
    expect(stored.page).not.toContain(OPERATOR_TOKEN);
    expect(await page.context().cookies()).toEqual([]);
    for (const url of watched.urls) {
      expect(decodeURIComponent(url)).not.toContain(OPERATOR_TOKEN);
      expect(url.startsWith(edge.url), url).toBe(true);
    }
    expect(watched.complaints).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('asks for the token again once it is not accepted any more', async () => {
    await page.evaluate(() => sessionStorage.setItem('flatcar-edge-token', 'an-old-token-that-was-rotated-away'));
    await page.reload();
    await page.getByText('The token is not accepted.').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });
});
