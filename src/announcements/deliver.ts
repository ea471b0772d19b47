/**
 * Delivers what waits for one receiver, in the order in which it happened: the next one goes when the one before was taken, or was
 * given up after a day. Each step may run again. A message whose answer was lost is sent again with the same id.
 */
import { change } from '../shared/document.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type StoreFault, storeProblemText } from '../shared/store.ts';
import type { Announcement } from './announcement.ts';
import type { AnnouncerPorts } from './announcer.ts';
import {
  backOff,
  type DeliveryRecord,
  GIVEN_UP_MS,
  noDeliveries,
  withFailure,
  withOutcome,
  withSuccess,
} from './delivery-record.ts';
import { type Receiver, receiverKey } from './receivers.ts';
import { sendAnnouncement } from './send.ts';

/** What a step says: there is more, the next attempt is due after a while, or nothing waits any more. */
export type DeliveryOutcome =
  | { readonly kind: 'more' | 'ended' }
  | { readonly kind: 'wait'; readonly milliseconds: number };

/** The steps of a run: `step.do` and `step.sleep` of a Workflow. */
export interface DeliverySteps {
  do(name: string, work: () => Promise<DeliveryOutcome>): Promise<DeliveryOutcome>;
  sleep(name: string, milliseconds: number): Promise<void>;
}

const STEPS_A_RUN = 500;
const A_STEP = 50;
const STEP_WITHIN_MS = 20_000;

/** Runs one run. After its last step the next run begins, if something waits still. */
export async function runDeliveries(
  ports: AnnouncerPorts,
  { receiver, run }: { readonly receiver: string; readonly run: number },
  steps: DeliverySteps,
): Promise<string> {
  const named = await Promise.all(ports.receivers.map(async (one) => ({ key: await receiverKey(one), one })));
  const target = named.find(({ key }) => key === receiver)?.one;
  if (target === undefined || ports.secrets.length === 0) return 'no receiver';
  for (let step = 1; step <= STEPS_A_RUN; step += 1) {
    const outcome = await steps.do(`deliver ${step}`, () => new Delivery(ports, target, receiver, run).step());
    if (outcome.kind === 'ended') return 'ended';
    if (outcome.kind === 'wait') await steps.sleep(`wait ${step}`, outcome.milliseconds);
  }
  await steps.do('go on', async () => {
    const { platform, store, launcher } = ports;
    const next = await change<DeliveryRecord, Lost>(platform, store.deliveries(receiver), async (current) =>
      current?.value.run === run ? ok({ ...current.value, run: run + 1, heartbeatAt: nowIn(ports) }) : err(LOST),
    );
    if (next.ok) await launcher?.launch(receiver, run + 1);
    return { kind: 'ended' };
  });
  return 'goes on';
}

type Lost = { readonly reason: 'lost' };
const LOST: Lost = { reason: 'lost' };
const nowIn = ({ platform }: AnnouncerPorts): string => new Date(platform.now()).toISOString();

class Delivery {
  constructor(
    private readonly ports: AnnouncerPorts,
    private readonly receiver: Receiver,
    private readonly key: string,
    private readonly run: number,
  ) {}

  /** Sends what waits until it is all sent, one is not taken, or the time of a step is over. It throws where a retry can help. */
  async step(): Promise<DeliveryOutcome> {
    const { platform, store } = this.ports;
    const until = platform.now() + STEP_WITHIN_MS;
    const begun = await this.#change((record) => record);
    if (begun === undefined) return { kind: 'ended' };
    const turns = wanted(await store.turns(this.key, A_STEP));
    if (turns.names.length === 0) return await this.#end();
    let record = begun;
    for (const turn of turns.names) {
      if (platform.now() >= until) break;
      const waiting = await store.waiting(this.key, turn);
      // What cannot be read is sent to nobody, and must not hold up the others.
      if (!waiting.ok && waiting.error.reason !== 'stored-malformed') throw new Error(storeProblemText(waiting.error));
      const announcement = waiting.ok ? waiting.value : undefined;
      const sent = announcement === undefined ? undefined : await this.#send(record, announcement);
      if (sent !== undefined) record = sent.record;
      if (sent?.waitMs !== undefined) return await this.#wait(record, sent.waitMs);
      wanted(await store.dequeue(this.key, [turn]));
    }
    await this.#change((current) => ({ ...record, run: current.run, isRunning: true, heartbeatAt: nowIn(this.ports) }));
    return { kind: 'more' };
  }

  /** Returns the record after an attempt, and how long to wait where the message was neither taken nor given up. */
  async #send(
    record: DeliveryRecord,
    announcement: Announcement,
  ): Promise<{ readonly record: DeliveryRecord; readonly waitMs?: number }> {
    const { platform } = this.ports;
    const { id } = announcement;
    const sent = await sendAnnouncement(this.ports, this.receiver.url, announcement);
    const at = nowIn(this.ports);
    if (sent.ok) {
      const ended = { id, state: 'delivered' as const, at, attempts: record.attempts + 1, status: sent.value };
      return { record: withOutcome(withSuccess(record), ended) };
    }
    const { detail, status, isFinal, retryAfterMs = 0 } = sent.error;
    const failed = withFailure(record, detail, at);
    // What waited for long while nothing could be sent has its day too.
    const since = Math.max(Date.parse(announcement.toldAt ?? announcement.at), Date.parse(failed.failingSince ?? at));
    const isTooOld = platform.now() - since >= GIVEN_UP_MS;
    if (!isFinal && !isTooOld)
      return { record: failed, waitMs: Math.max(backOff(failed.failures, platform.random()), retryAfterMs) };
    const answered = status === undefined ? {} : { status };
    const ended = { id, state: 'given-up' as const, at, attempts: failed.attempts, ...answered, detail };
    return { record: withOutcome(failed, ended) };
  }

  async #wait(record: DeliveryRecord, milliseconds: number): Promise<DeliveryOutcome> {
    const wakesAt = new Date(this.ports.platform.now() + milliseconds).toISOString();
    const kept = await this.#change((current) => ({
      ...record,
      run: current.run,
      heartbeatAt: nowIn(this.ports),
      wakesAt,
    }));
    return kept === undefined ? { kind: 'ended' } : { kind: 'wait', milliseconds };
  }

  /** Ends the run. What was told between the look and the end found a run that seemed to go on: so it looks again. */
  async #end(): Promise<DeliveryOutcome> {
    const { store } = this.ports;
    await this.#change((record) => ({ ...record, isRunning: false, heartbeatAt: nowIn(this.ports) }));
    const turns = wanted(await store.turns(this.key, 1));
    if (turns.names.length === 0) return { kind: 'ended' };
    const again = await this.#change((record) => ({ ...record, isRunning: true, heartbeatAt: nowIn(this.ports) }));
    return again === undefined ? { kind: 'ended' } : { kind: 'more' };
  }

  /** Changes the record and returns it; `undefined` where another run has taken over. */
  async #change(next: (record: DeliveryRecord) => DeliveryRecord): Promise<DeliveryRecord | undefined> {
    const { platform, store } = this.ports;
    const changed = await change<DeliveryRecord, Lost>(platform, store.deliveries(this.key), async (current) => {
      const record = current?.value ?? { ...noDeliveries(nowIn(this.ports)), run: this.run, isRunning: true };
      if (record.run !== this.run) return err(LOST);
      const after = next(record);
      return ok(after === record ? undefined : after);
    });
    if (changed.ok) return changed.value?.value;
    if (changed.error.reason === 'lost') return undefined;
    throw new Error(`${changed.error.reason}: how the deliveries get on cannot be stored`);
  }
}

function wanted<T>(result: Result<T, StoreFault>): T {
  if (result.ok) return result.value;
  throw new Error(storeProblemText(result.error));
}
