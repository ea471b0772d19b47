/** The deployment of the first round is taken over: both versions run over one store, each writes, and no boot fails in between. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { runClient } from '../support/running-edge.ts';

const root = dirname(dirname(import.meta.dirname));
const FROM = 'ea49b84';
const hasHistory = spawnSync('git', ['cat-file', '-e', `${FROM}^{commit}`], { cwd: root }).status === 0;
if (!hasHistory) console.log(`the deployment of ${FROM} cannot be rehearsed: this clone lacks its history`);

it.skipIf(!hasHistory)(
  'is taken over and given back, and nothing is lost',
  async () => {
    const done = await runClient(process.execPath, ['tools/rehearse/rehearse.ts'], root, { FROM });
    expect(done, done.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/nothing is lost.*\d+ boots, none failed/),
    });
  },
  180_000,
);
