/** The interleavings of the model through the whole Worker, over the emulation's own R2: some of what `boot-model.long.test.ts` plays. */
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pathsOf } from '../support/json.ts';
import { lateNamespace } from '../support/late-namespace.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { machineEdge } from '../support/operator.ts';
import { interleavings, type Played, play, type Tally } from './boot-model.ts';

const RUNS = 12;
let runs = 0;

/** Two edges over one bucket; each interleaving has names of its own there. */
function inWorkerd(lags: readonly number[]): Played {
  runs += 1;
  const prefix = `r${runs}`;
  const kv = lateNamespace();
  let reads = 0;
  kv.lag = () => lags[reads++ % lags.length] ?? 0;
  const open = () => machineEdge({ bindings: { RELEASES: env.RELEASES, MACHINES: kv.namespace } });
  const operator = open();
  const isolates = [operator, open()];
  return {
    putProfile: (texts) => operator.putProfile(prefix, texts),
    putMachine: (name, text, hasProfile) =>
      operator.putMachine(`${prefix}-${name}`, text, hasProfile ? `?profile=${prefix}` : ''),
    renew: async (name, revoke) => {
      const body = JSON.stringify(revoke ? { revoke } : {});
      const answer = await operator.call('POST', `/api/machines/${prefix}-${name}/token`, body);
      return answer.ok ? ((await answer.json()) as Issued) : undefined;
    },
    deleteMachine: async (name) => {
      const { status } = await operator.call('DELETE', `/api/machines/${prefix}-${name}`);
      return { 200: 'deleted now', 404: 'unknown', 410: 'deleted' }[status] ?? String(status);
    },
    boot: async (url, isolate) => {
      const answer = await isolates[isolate]?.boot(url);
      return { status: answer?.status ?? 0, text: (await answer?.text()) ?? '', seconds: 0 };
    },
    settle: async () => {
      for (const isolate of isolates) await isolate.settle();
    },
  };
}

it(`${RUNS} interleavings over a late KV give no answer that the model does not allow`, async () => {
  const tally: Tally = new Map();
  await fc.assert(
    fc.asyncProperty(interleavings(['none'], 2), (interleaving) =>
      play(interleaving, inWorkerd(interleaving.lags), tally),
    ),
    { numRuns: RUNS },
  );
  expect(tally.get('a config')).toBeGreaterThan(RUNS / 2);
}, 120_000);

it('boots during a replacement get the one or the other, whole', async () => {
  const edge = machineEdge();
  await edge.putProfile('race', { base: config('/base') });
  const { urls } = await edge.putMachine('race', config('/0'), '?profile=race');
  for (let round = 1; round <= 10; round += 1) {
    const [, ...answers] = await Promise.all([
      edge.putMachine('race', config(`/${round}`), '?profile=race'),
      ...Array.from({ length: 5 }, () => edge.boot(urls.ignition)),
    ]);
    for (const answer of answers) {
      const paths = pathsOf(await answer.text());
      expect([
        ['/base', `/${round - 1}`],
        ['/base', `/${round}`],
      ]).toContainEqual(paths);
    }
    expect(pathsOf(await (await edge.boot(urls.ignition)).text())).toEqual(['/base', `/${round}`]);
  }
});
