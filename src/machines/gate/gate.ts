/**
 * The gate's half of this room: what would a release do to those that boot by a name of its pair? A few machines are looked at in
 * the call, and more of them by a Workflow, page by page. Every page is noted, so that a run which dies is taken up where it was.
 */
import { change, update } from '../../shared/document.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { isStoreFault, type StoreFault } from '../../shared/store.ts';
import type { MachinePorts } from '../issue.ts';
import { machineProblem, type OperatorFault } from '../problems.ts';
import type { LookStore, Release } from './bucket.ts';
import { type Found, lookAt } from './look-at.ts';
import { isForsaken, type LookRecord, type NameLook } from './look-record.ts';

/** Starts the runs of a look; `gate/workflow` implements it. */
export interface LookLauncher {
  launch(release: Release, run: number): Promise<Result<undefined, StoreFault>>;
}

export interface GatePorts {
  readonly machines: MachinePorts;
  readonly looks: LookStore;
  /** Absent in the Worker that only mirrors: it has no secrets, and leaves looks to the edge. */
  readonly launcher: LookLauncher | undefined;
  /** Moves what may move now that a look has ended. */
  readonly looked: (release: Release) => Promise<Result<unknown, StoreFault>>;
}

/** What is known of a release's effect by name; or how many machines have been looked at, while there are more. */
export type Looked =
  | { readonly state: 'looked'; readonly names: Readonly<Record<string, NameLook>> }
  | { readonly state: 'looking'; readonly looked: number };

const MACHINES_A_CALL = 500;
const CALL_WITHIN_MS = 8_000;
const MACHINES_A_STEP = 2_000;
const STEP_WITHIN_MS = 10_000;
const STEPS_A_RUN = 20;
/** Machines change all the time: after so long, those of a large mirror are looked at again when somebody asks. */
const GOOD_FOR_MS = 3_600_000;

/** Returns what a release would do, or begins to look. */
export async function lookFor(ports: GatePorts, release: Release): Promise<Result<Looked, StoreFault>> {
  const { machines, looks } = ports;
  const { store, platform } = machines;
  const [machine, fleet] = [await store.list('machine', { limit: 1 }), await store.list('fleet', { limit: 1 })];
  if (!machine.ok) return machine;
  if (!fleet.ok) return fleet;
  if (machine.value.items.length + fleet.value.items.length === 0) return ok({ state: 'looked', names: {} });
  const stored = await looks.look(release).read();
  if (!stored.ok) return stored;
  const known = stored.value?.value;
  const now = platform.now();
  const isFresh = known?.state === 'looked' && now - Date.parse(known.finishedAt ?? known.heartbeatAt) < GOOD_FOR_MS;
  if (known !== undefined && isFresh && known.looked > MACHINES_A_CALL)
    return ok({ state: 'looked', names: known.names });
  if (known?.state === 'looking' && !isForsaken(known, now)) return ok({ state: 'looking', looked: known.looked });
  const begun = { looked: 0, names: {}, place: '' };
  const canOpen = machines.capabilities.secrets.length > 0;
  const limits = { most: MACHINES_A_CALL, until: now + CALL_WITHIN_MS };
  const found = canOpen ? await lookAt(machines, release, begun, limits) : ok({ ...begun, isWhole: false });
  if (!found.ok) return err(storeFault(found.error));
  const written = await update(platform, looks.look(release), (current) =>
    current?.state === 'looking' && !isForsaken(current, platform.now())
      ? undefined
      : recordOf(ports, release, found.value, current),
  );
  if (!written.ok) return written;
  if (found.value.isWhole) return ok({ state: 'looked', names: found.value.names });
  const marked = await looks.markUnfinished(release);
  if (!marked.ok) return marked;
  if (written.value !== undefined && canOpen) {
    const launched = await begin(ports, release);
    if (!launched.ok) return launched;
  }
  return ok({ state: 'looking', looked: found.value.looked });
}

/** Returns the clouds that kernel arguments of machines name, as far as somebody has looked at a release. */
export async function oemsOf({ looks }: GatePorts, release: Release): Promise<Result<readonly string[], StoreFault>> {
  const stored = await looks.look(release).read();
  if (!stored.ok) return stored;
  const names = Object.values(stored.value?.value.names ?? {});
  return ok([...new Set(names.flatMap(({ oems }) => oems))].toSorted());
}

/** A fault of one machine ends no look. What is left is ours. */
const storeFault = (fault: OperatorFault): StoreFault =>
  isStoreFault(fault) ? fault : { reason: 'stored-malformed', what: 'machines', detail: machineProblem(fault).detail };

function recordOf(
  { machines }: GatePorts,
  { channel, board, version }: Release,
  { looked, names, place, isWhole }: Found,
  before: LookRecord | undefined,
): LookRecord {
  const now = new Date(machines.platform.now()).toISOString();
  return {
    ...before,
    ...{ channel, board, version, looked, names, place },
    state: isWhole ? 'looked' : 'looking',
    run: before?.run ?? 0,
    ...{ startedAt: now, heartbeatAt: now, finishedAt: isWhole ? now : null },
  };
}

/** Starts the next run of a look. */
async function begin(
  { machines, looks, launcher }: GatePorts,
  release: Release,
): Promise<Result<undefined, StoreFault>> {
  if (launcher === undefined) return ok(undefined);
  const { platform } = machines;
  const heartbeatAt = new Date(platform.now()).toISOString();
  const next = await update(platform, looks.look(release), (current) =>
    current?.state === 'looking' ? { ...current, run: current.run + 1, heartbeatAt } : undefined,
  );
  if (!next.ok) return next;
  return next.value?.state === 'looking' ? await launcher.launch(release, next.value.run) : ok(undefined);
}

/** Takes up the looks that nobody works at: those that the other Worker has left, and those that have died. */
export async function takeUpLooks(ports: GatePorts): Promise<Result<undefined, StoreFault>> {
  const unfinished = await ports.looks.unfinished();
  if (!unfinished.ok) return unfinished;
  for (const release of unfinished.value) {
    const stored = await ports.looks.look(release).read();
    if (!stored.ok) return stored;
    const look = stored.value?.value;
    if (look?.state !== 'looking') {
      const ended = await end(ports, release);
      if (!ended.ok) return ended;
    } else if (isForsaken(look, ports.machines.platform.now())) {
      const begun = await begin(ports, release);
      if (!begun.ok) return begun;
    }
  }
  return ok(undefined);
}

/** Moves what may move, and takes the mark away: in this order, so that a run that dies between is taken up. */
async function end(ports: GatePorts, release: Release): Promise<Result<undefined, StoreFault>> {
  const moved = await ports.looked(release);
  return moved.ok ? await ports.looks.unmark(release) : moved;
}

export type LookStep = 'more' | 'ended';

/** Runs the steps of one run. After its last step the next run begins, if there are machines left. */
export async function runLook(
  ports: GatePorts,
  release: Release,
  run: number,
  doStep: (name: string, work: () => Promise<LookStep>) => Promise<LookStep>,
): Promise<string> {
  for (let step = 1; step <= STEPS_A_RUN; step += 1) {
    const outcome = await doStep(`machines ${step}`, () => lookStep(ports, release, run));
    if (outcome === 'ended') return 'ended';
  }
  return await doStep('go on', async () => {
    const begun = await begin(ports, release);
    if (!begun.ok) throw new Error(begun.error.reason);
    return 'more';
  });
}

/** Looks at some machines, and notes what it has found. It throws where a retry can help. */
async function lookStep(ports: GatePorts, release: Release, run: number): Promise<LookStep> {
  const { machines, looks } = ports;
  const { platform } = machines;
  const stored = await looks.look(release).read();
  if (!stored.ok) throw new Error(stored.error.reason);
  const record = stored.value?.value;
  if (record === undefined || record.run !== run) return 'ended';
  if (record.state === 'looking') {
    const limits = { most: MACHINES_A_STEP, until: platform.now() + STEP_WITHIN_MS };
    const found = await lookAt(machines, release, record, limits);
    if (!found.ok) throw new Error(`${found.error.reason}: ${machineProblem(found.error).detail}`);
    const noted = await change<LookRecord, Lost>(platform, looks.look(release), async (current) =>
      current?.value.run === run
        ? ok({ ...recordOf(ports, release, found.value, current.value), startedAt: current.value.startedAt })
        : err({ reason: 'lost' }),
    );
    if (!noted.ok && noted.error.reason !== 'lost') throw new Error(noted.error.reason);
    if (!noted.ok) return 'ended';
    if (!found.value.isWhole) return 'more';
  }
  const ended = await end(ports, release);
  if (!ended.ok) throw new Error(ended.error.reason);
  return 'ended';
}

type Lost = { readonly reason: 'lost' };
