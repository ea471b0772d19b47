/**
 * Tries a change of a profile on every machine that uses it, page by page, and stores the change at the end. It looks at all
 * of them, and then at those that were written meanwhile. Every page is noted, so that a run which dies is taken up where it was.
 */
import { change, update } from '../../shared/document.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { randomText } from '../boot/capability.ts';
import type { MachinePorts } from '../issue.ts';
import { breaksText, machineProblem, type OperatorFault } from '../problems.ts';
import { type Effect, effectOn } from '../profile-effect.ts';
import { isSame, type Plan } from '../profile-plan.ts';
import { type ProfileChange, planChange, storeChecked } from '../profiles.ts';
import type { CheckStore } from './bucket.ts';
import { type CheckRecord, checkContext, DEAD_MS } from './check-record.ts';

/** Starts the runs of a check; `checks/workflow` implements it. */
export interface CheckLauncher {
  launch(check: Pick<CheckRecord, 'profile' | 'id' | 'run'>): Promise<Result<undefined, StoreFault>>;
}

export interface CheckPorts {
  readonly machines: MachinePorts;
  readonly checks: CheckStore;
  readonly launcher: CheckLauncher;
  /** Tells the audit trail that a check has stored its change: only now the profile is another. */
  readonly audit: (check: Pick<CheckRecord, 'id' | 'profile' | 'by'>, before: number, after: number) => Promise<void>;
}

/** Names count down from this time in milliseconds, so that R2 lists the newest check first. */
const LATEST = 10 ** 15;
/** A page reads a record a machine; a run of the Workflow stays far below the calls that Cloudflare allows it. */
const MACHINES_A_STEP = 500;
const STEPS_A_RUN = 8;
/** A Worker has 30 s of CPU time for a step. */
const STEP_WITHIN_MS = 10_000;

/** Begins a check where a call has stopped looking, and returns its id. */
export async function startCheck(
  { machines, checks, launcher }: CheckPorts,
  profile: string,
  wanted: ProfileChange,
  { plan, effect, by }: { readonly plan: Plan; readonly effect: Effect; readonly by: string },
): Promise<Result<string, OperatorFault>> {
  const { platform, vault } = machines;
  const now = platform.now();
  const at = new Date(now).toISOString();
  const id = `${String(LATEST - now).padStart(15, '0')}-${randomText().slice(0, 8)}`;
  const { cursor, ...found } = effect;
  const record = {
    ...{ id, profile, state: 'checking' as const, by },
    what: Object.keys(wanted)
      .filter((part) => part !== 'sources' && wanted[part as keyof ProfileChange] !== undefined)
      .join(', '),
    change: await vault.seal(JSON.stringify(wanted), checkContext({ id, profile })),
    replacing: plan.stored?.etag ?? '',
    generation: plan.before?.generation ?? 0,
    ...{ stage: 'machines' as const, cursor, run: 1 },
    ...mutable(found),
    ...{ startedAt: at, heartbeatAt: at, finishedAt: null },
  };
  const stored = await update(platform, checks.check(profile, id), () => record);
  if (!stored.ok) return stored;
  const launched = await launcher.launch(record);
  return launched.ok ? ok(id) : launched;
}

/** The lists of an effect as a record holds them. */
const mutable = ({ checked, broken, breaks, unreadable }: Omit<Effect, 'cursor'>) => ({
  ...{ checked, broken, unreadable: [...unreadable] },
  breaks: breaks.map((group) => ({
    ...group,
    examples: group.examples.map((example) => ({
      ...example,
      entries: example.entries.map((entry) => ({ ...entry })),
    })),
  })),
});

/** Returns a check. One that has died is started again: whoever looks at it keeps it going. */
export async function lookAt(
  { machines, checks, launcher }: CheckPorts,
  profile: string,
  id: string,
): Promise<Result<CheckRecord | undefined, StoreFault>> {
  const { platform } = machines;
  const stored = await checks.check(profile, id).read();
  if (!stored.ok || stored.value === undefined) return stored.ok ? ok(undefined) : stored;
  const isDead = ({ state, heartbeatAt }: CheckRecord) =>
    state === 'checking' && platform.now() - Date.parse(heartbeatAt) > DEAD_MS;
  const { value } = stored.value;
  if (!isDead(value)) return ok(value);
  const heartbeatAt = new Date(platform.now()).toISOString();
  let isOurs = false;
  const revived = await update(platform, checks.check(profile, id), (current) => {
    isOurs = current !== undefined && isDead(current);
    return current !== undefined && isOurs ? { ...current, run: current.run + 1, heartbeatAt } : undefined;
  });
  if (!revived.ok || revived.value === undefined) return revived;
  const launched = isOurs ? await launcher.launch(revived.value) : ok(undefined);
  return launched.ok ? ok(revived.value) : launched;
}

/** Cancels a check that has not ended, and returns it. */
export async function cancelCheck(
  { machines, checks }: CheckPorts,
  profile: string,
  id: string,
): Promise<Result<CheckRecord | undefined, StoreFault>> {
  const at = new Date(machines.platform.now()).toISOString();
  return await update(machines.platform, checks.check(profile, id), (current) =>
    current?.state === 'checking' ? { ...current, state: 'cancelled', finishedAt: at, heartbeatAt: at } : undefined,
  );
}

/** What a step says: the check goes on, or it has ended. */
export type StepOutcome = 'more' | 'ended';
export type DoStep = (name: string, work: () => Promise<StepOutcome>) => Promise<StepOutcome>;

/** Runs the steps of one run. After its last step the next run begins, if there are machines left. */
export async function runCheck(
  ports: CheckPorts,
  { profile, id, run }: Pick<CheckRecord, 'profile' | 'id' | 'run'>,
  doStep: DoStep,
): Promise<string> {
  for (let step = 1; step <= STEPS_A_RUN; step += 1) {
    const outcome = await doStep(`machines ${step}`, () => checkStep(ports, { profile, id, run }));
    if (outcome === 'ended') return 'ended';
  }
  return await doStep('go on', async () => {
    const { platform } = ports.machines;
    const stored = await update(platform, ports.checks.check(profile, id), (current) =>
      current?.state === 'checking' && current.run === run ? { ...current, run: run + 1 } : undefined,
    );
    if (!stored.ok) throw new Error(stored.error.reason);
    if (stored.value?.run !== run + 1) return 'ended';
    const launched = await ports.launcher.launch(stored.value);
    if (!launched.ok) throw new Error(launched.error.reason);
    return 'more';
  });
}

/** Looks at one page of machines, and notes what it has found. It throws where a retry can help. */
async function checkStep(
  ports: CheckPorts,
  { profile, id, run }: Pick<CheckRecord, 'profile' | 'id' | 'run'>,
): Promise<StepOutcome> {
  const { machines, checks } = ports;
  const stored = await checks.check(profile, id).read();
  if (!stored.ok) throw new Error(`${stored.error.reason}: the check cannot be read`);
  const record = stored.value?.value;
  if (record === undefined || record.state !== 'checking' || record.run !== run) return 'ended';
  const end = async (state: CheckRecord['state'], detail: string | undefined, found: Effect) => {
    await note(ports, record, { ...detailOf(detail), state, ...mutable(found), finishedAt: nowIn(machines) });
    return 'ended' as const;
  };
  const sofar: Effect = { ...record, cursor: null };
  const text = await machines.vault.open(record.change, checkContext(record));
  if (!text.ok) return await end('failed', machineProblem(text.error).detail, sofar);
  const planned = await planChange(machines, profile, JSON.parse(text.value) as ProfileChange);
  if (!planned.ok) return await endOrRetry(planned.error, (detail) => end('failed', detail, sofar));
  const plan = planned.value;
  // A run that died after the write of the profile, and before its note.
  if (record.stage === 'newer' && (plan.stored?.etag ?? '') !== record.replacing && isSame(plan))
    return await end('stored', `generation ${plan.before?.generation ?? 0}`, sofar);
  if ((plan.stored?.etag ?? '') !== record.replacing)
    return await end('failed', 'the profile was written meanwhile; nothing was changed', sofar);
  const since = record.stage === 'newer' ? { since: Date.parse(record.startedAt) } : {};
  const limits = { most: MACHINES_A_STEP, until: machines.platform.now() + STEP_WITHIN_MS, ...since };
  const effect = await effectOn(machines, profile, plan, sofar, record.cursor ?? undefined, limits);
  if (!effect.ok) return await endOrRetry(effect.error, (detail) => end('failed', detail, sofar));
  const found = effect.value;
  if (found.cursor !== null) {
    await note(ports, record, { ...mutable(found), cursor: found.cursor });
    return 'more';
  }
  if (found.broken > 0 || found.unreadable.length > 0) return await end('refused', breaksText(found), found);
  if (record.stage === 'machines') {
    await note(ports, record, { ...mutable(found), cursor: null, stage: 'newer' });
    return 'more';
  }
  const written = await storeChecked(machines, profile, plan);
  if (!written.ok) return await endOrRetry(written.error, (detail) => end('failed', detail, found));
  await ports.audit(record, record.generation, written.value.profile.generation);
  return await end('stored', `generation ${written.value.profile.generation}`, found);
}

const detailOf = (detail: string | undefined) => (detail === undefined ? {} : { detail });
const nowIn = ({ platform }: MachinePorts): string => new Date(platform.now()).toISOString();

async function endOrRetry(fault: OperatorFault, end: (detail: string) => Promise<StepOutcome>): Promise<StepOutcome> {
  if (fault.reason === 'store-unreachable') throw new Error(`${fault.reason}: ${fault.operation}`);
  return await end(machineProblem(fault).detail);
}

/** Notes what a step has found, if the check is still that of its run. */
async function note(ports: CheckPorts, record: CheckRecord, fields: Partial<CheckRecord>): Promise<void> {
  const { machines, checks } = ports;
  const heartbeatAt = nowIn(machines);
  const written = await change<CheckRecord, { readonly reason: 'ended' }>(
    machines.platform,
    checks.check(record.profile, record.id),
    async (current) => {
      const isOurs = current?.value.state === 'checking' && current.value.run === record.run;
      return current !== undefined && isOurs
        ? ok({ ...current.value, ...fields, heartbeatAt })
        : err({ reason: 'ended' });
    },
  );
  if (!written.ok && written.error.reason !== 'ended')
    throw new Error(`${written.error.reason}: the check is not noted`);
}
