/**
 * `npm run deploy` over a deployment of the first round, which that version's own tool has made, and back. What it does to what is
 * stored, and to boots meanwhile, is rehearsed elsewhere (`npm run rehearse`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackVersion } from '../../tools/rehearse/two-versions.ts';
import { type PlayedAccount, playAccount } from '../support/cloudflare-account.ts';
import { deploy, leftBehind, SECRETS } from '../support/deployment.ts';

const root = join(import.meta.dirname, '..', '..');
const FROM = 'ea49b84';
const hasHistory = spawnSync('git', ['cat-file', '-e', `${FROM}^{commit}`], { cwd: root }).status === 0;
if (!hasHistory) console.log(`a deployment of ${FROM} cannot be made: this clone lacks its history`);

let account: PlayedAccount;
let before: string;
beforeAll(async () => {
  account = await playAccount();
  before = mkdtempSync(join(tmpdir(), 'flatcar-edge-before-'));
});
afterAll(async () => {
  rmSync(before, { recursive: true, force: true });
  await account.close();
});

const lastOf = (worker: string) => account.uploads.filter((upload) => upload.worker === worker).at(-1);
const bindingOf = (worker: string, name: string) => lastOf(worker)?.bindings.find((binding) => binding.name === name);
const namesOf = (worker: string) => lastOf(worker)?.bindings.map(({ name }) => name) ?? [];
let stored: readonly unknown[];
const storedNow = () => [[...account.buckets], [...account.namespaces], [...account.secrets].sort()];

describe.skipIf(!hasHistory)(`a deployment of ${FROM}`, { timeout: 300_000 }, () => {
  it('is made by its own tool', async () => {
    unpackVersion(root, FROM, before);
    const { code, text } = await deploy(account, 'node scripts/deploy.ts', SECRETS, before);
    expect([code, text]).toEqual([0, expect.stringContaining('https://flatcar-edge.acme.workers.dev')]);
    expect(account.uploads.map(({ worker }) => worker)).toEqual(['flatcar-edge']);
    expect([...account.workflows]).toEqual([['mirror-release', 'flatcar-edge']]);
    stored = storedNow();
  });

  it('is taken over: bucket, namespace and secrets are the same, and none is asked for', async () => {
    const older = lastOf('flatcar-edge')?.bindings ?? [];
    const { code, text } = await deploy(account, 'npm run deploy');
    expect([code, text]).toEqual([0, expect.stringContaining('secrets     are there')]);
    expect(text).not.toContain('created');
    expect(storedNow()).toEqual(stored);
    // The Worker that mirrors comes first, for the other one binds its Workflow.
    expect(account.uploads.slice(1).map(({ worker, secrets }) => [worker, secrets])).toEqual([
      ['flatcar-edge-mirror', []],
      ['flatcar-edge', []],
    ]);
    for (const { name, type } of older.filter(({ name }) => name !== 'MIRROR_RELEASE' && !(name in SECRETS)))
      expect([name, bindingOf('flatcar-edge', name)?.type]).toEqual([name, type]);
    for (const name of ['RELEASES', 'MACHINES'])
      expect(bindingOf('flatcar-edge', name)).toEqual(older.find((binding) => binding.name === name));
    expect(leftBehind()).toEqual([]);
  });

  it('has every new binding, both crons, and Workflows of names of their own: jobs of the old one go on', () => {
    expect(namesOf('flatcar-edge')).toEqual(
      expect.arrayContaining(['ASSETS', 'CHANGE_PROFILE', 'DELIVER_ANNOUNCEMENTS', 'LOOK_AT_RELEASE']),
    );
    expect(bindingOf('flatcar-edge', 'MIRROR_RELEASE')).toMatchObject({ script_name: 'flatcar-edge-mirror' });
    expect([...account.workflows].sort()).toEqual([
      ['flatcar-edge-change-profile', 'flatcar-edge'],
      ['flatcar-edge-deliver-announcements', 'flatcar-edge'],
      ['flatcar-edge-look-at-release', 'flatcar-edge'],
      ['flatcar-edge-mirror', 'flatcar-edge-mirror'],
      ['mirror-release', 'flatcar-edge'],
    ]);
    expect(account.schedules).toEqual(['*/15 * * * *', '* * * * *']);
  });

  it('is given back by the older tool, over the same bucket, namespace and secrets', async () => {
    const { code, text } = await deploy(account, 'node scripts/deploy.ts', {}, before);
    expect([code, text]).toEqual([0, expect.stringContaining('https://flatcar-edge.acme.workers.dev')]);
    expect(storedNow()).toEqual(stored);
    expect(namesOf('flatcar-edge')).not.toContain('ASSETS');
  });
});
