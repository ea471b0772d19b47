/**
 * `npm run bench -- profile` changes the base of a profile that very many machines use: a harmless change and one that breaks some
 * of them. The edge runs in workerd over local R2, with its Workflow; the store calls are counted in plain Node, over the same
 * objects in memory. MACHINES says how many machines; without it nothing is measured.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'vitest';
import { atMost, beside, type Figure } from '../../tools/bench/figure.ts';
import { growthDuring } from '../../tools/bench/resident.ts';
import { buildWorker } from '../../tools/edge-runtime/build.ts';
import { startRuntime } from '../../tools/edge-runtime/start.ts';
import { freePort, startDev } from '../../tools/wrangler-dev.ts';
import { OPERATOR_TOKEN } from '../support/edge.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const root = dirname(dirname(import.meta.dirname));
const MACHINES = Number(process.env['MACHINES'] ?? 0);
const LINES = 300;
const OBJECTS_A_CALL = 500;
/** The last fifth gives a file an owner that only a base without one goes with. A break among the first ones is refused at once. */
const BREAKING = MACHINES / 5;
const MIB = 1024 * 1024;
const VARS = { OPERATOR_TOKEN, CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes' };
const BASE = '/api/profiles/web/base';

const config = (path: string, more: object = {}): string =>
  JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files: [{ path, ...more }] } });
const CHANGES = { harmless: config('/other'), breaking: config('/shared', { user: { id: 500 } }) };

interface Check {
  readonly state: string;
  readonly checked: number;
  readonly broken: number;
  readonly breaks: readonly { readonly cause: string; readonly count: number }[];
}
type Ask = (method: string, path: string, body?: string) => Promise<Response>;

it.skipIf(MACHINES === 0)(
  'a profile with very many machines is changed, or the change is refused with groups',
  async () => {
    const seeded = await seed();
    const calls = await callsOf(seeded);
    const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-bench-'));
    try {
      await copyToDisk(folder, seeded);
      const port = await freePort();
      const worker = await buildWorker(join(folder, 'worker'));
      // wrangler keeps what it stores in a folder of its version.
      const persistTo = join(folder, 'state', 'v3');
      const edge = await startRuntime({ worker, port, vars: VARS, persistTo, logFile: join(folder, 'edge.log') });
      try {
        const figures = await measure({ url: `http://127.0.0.1:${port}`, pid: edge.pid }, calls);
        const file = process.env['BENCH_FIGURES'];
        if (file !== undefined) writeFileSync(file, JSON.stringify(figures));
      } finally {
        await edge.kill();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  3_600_000,
);

async function measure(
  edge: { readonly url: string; readonly pid: number },
  calls: Record<string, number>,
): Promise<Record<string, Figure>> {
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
  const ask: Ask = (method, path, body) =>
    fetch(`${edge.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const figures: Record<string, Figure> = {};
  // The breaking one first, because it changes nothing.
  for (const kind of ['breaking', 'harmless'] as const) {
    let check: Check | undefined;
    const began = performance.now();
    const grown = await growthDuring(edge.pid, async () => {
      check = await changeTo(ask, CHANGES[kind], () => new Promise((resolve) => setTimeout(resolve, 1_000)));
    });
    const seconds = (performance.now() - began) / 1000;
    if (check === undefined) throw new Error(`${kind}: no check`);
    demand(kind, check);
    const groups = check.breaks.map(({ cause, count }) => `${count} x ${cause}`).join('; ');
    const all = `${check.checked.toLocaleString('en')} looked at, ${check.broken.toLocaleString('en')} broken`;
    console.log(
      `  ${kind}: ${check.state}, ${all} ${groups}, ${seconds.toFixed(0)} s, ${calls[kind]} store calls, ${(grown / MIB).toFixed(0)} MiB more`,
    );
    const of = `${MACHINES.toLocaleString('en')} machines`;
    figures[`profile_${kind}_seconds`] = beside(seconds, 's', of);
    figures[`profile_${kind}_memory`] = beside(grown / MIB, 'MiB', `workerd and its R2 at rest, ${of}`);
    figures[`profile_${kind}_calls_a_machine`] = atMost((calls[kind] ?? Number.NaN) / MACHINES, 'calls', 1.1);
  }
  return figures;
}

function demand(kind: keyof typeof CHANGES, { state, checked, broken }: Check): void {
  const isRight = kind === 'harmless' ? state === 'stored' && broken === 0 : state === 'refused' && broken === BREAKING;
  if (!isRight || checked < MACHINES) throw new Error(`${kind}: ${state}, ${checked} looked at, ${broken} broken`);
}

async function changeTo(ask: Ask, base: string, wait: () => Promise<unknown>): Promise<Check> {
  const answer = await ask('PUT', BASE, base);
  const location = answer.headers.get('location');
  if (answer.status !== 202 || location === null) throw new Error(`${answer.status} ${await answer.text()}`);
  for (;;) {
    await wait();
    const check = (await (await ask('GET', location)).json()) as Check;
    if (check.state !== 'checking') return check;
  }
}

/** Imports the machines into an edge in memory, as an operator would. */
async function seed(): Promise<NodeEdge> {
  const edge = await nodeEdge({ vars: VARS });
  await edge.call('PUT', BASE, config('/base'));
  for (let at = 0; at < MACHINES; at += LINES) {
    const lines = Array.from({ length: Math.min(LINES, MACHINES - at) }, (_, index) => lineOf(at + index));
    const answer = await edge.call('POST', '/api/machines/import', lines.join('\n'));
    if (answer.status !== 200) throw new Error(`importing: ${answer.status} ${await answer.text()}`);
  }
  await edge.settle();
  console.log(`  ${edge.bucket.objects.size.toLocaleString('en')} objects`);
  return edge;
}

const lineOf = (index: number): string =>
  JSON.stringify({
    ...{ id: `vm-${String(index).padStart(6, '0')}`, profile: 'web', epoch: 'e', nonce: 'n', expiry: 0 },
    ...{ channel: 'stable', board: 'amd64-usr', version: 'current', createdAt: '2026-01-01T00:00:00.000Z' },
    userData: index >= MACHINES - BREAKING ? config('/shared', { user: { name: 'core' } }) : config(`/own-${index}`),
  });

/** Counts the calls of R2 that both changes make. */
async function callsOf(seeded: NodeEdge): Promise<Record<string, number>> {
  const calls: Record<string, number> = {};
  for (const kind of ['breaking', 'harmless'] as const) {
    let count = 0;
    const counted = new Proxy(seeded.bucket.r2, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]) => {
          count += 1;
          return member.apply(target, parameters) as unknown;
        };
      },
    });
    const edge = await nodeEdge({ vars: VARS, over: counted });
    const before = (await edge.call('GET', BASE)).headers.get('etag');
    await changeTo(
      (...asked) => edge.call(...asked),
      CHANGES[kind],
      () => edge.runChecks(),
    );
    calls[kind] = count;
    // The disk gets the state from before.
    if (kind === 'harmless') await edge.call('PUT', `${BASE}?force=1`, config('/base'));
    if ((await edge.call('GET', BASE)).headers.get('etag') !== before) throw new Error('the base is not what it was');
  }
  return calls;
}

async function copyToDisk(folder: string, { bucket }: NodeEdge): Promise<void> {
  const filler = await startDev({
    ...{ port: await freePort(), vars: {}, readyPath: '/', config: join(root, 'tools', 'bench', 'wrangler.toml') },
    ...{ persistTo: join(folder, 'state'), logFile: join(folder, 'filler.log') },
  });
  const objects = [...bucket.objects.values()];
  for (let at = 0; at < objects.length; at += OBJECTS_A_CALL) {
    const lines = objects
      .slice(at, at + OBJECTS_A_CALL)
      .map(({ key, bytes, customMetadata, httpMetadata }) =>
        JSON.stringify({ key, text: Buffer.from(bytes).toString('utf8'), customMetadata, httpMetadata }),
      );
    const answer = await fetch(`${filler.url}/objects`, { method: 'PUT', body: lines.join('\n') });
    if (!answer.ok) throw new Error(`filling: ${answer.status}`);
  }
  await filler.stop();
}
