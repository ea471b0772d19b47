/**
 * Mirrors a catalogue: fetches its signed list, copies the files of it that are new, and publishes list and files together. Until
 * then everybody gets the list before, whose files are all here.
 */
import { toBase64 } from '../shared/bytes.ts';
import { change, update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { type SysextStore, sysextKey } from './bucket.ts';
import { copySysext, type SinkPorts } from './copy-sysext.ts';
import { fetchList, type ListPorts, type LookFault, type SignedList } from './fetch-list.ts';
import { isDue, noSysexts, type SysextFile, type SysextRecord } from './record.ts';
import type { SysextSource } from './sources.ts';

/** Starts runs; `mirror/workflow` implements it, for a run hashes whole files. */
export interface SysextLauncher {
  launch(name: string, run: number): Promise<Result<undefined, StoreFault>>;
}

export interface SysextPorts {
  readonly platform: Platform;
  readonly sources: readonly SysextSource[];
  readonly records: SysextStore;
  readonly launcher: SysextLauncher;
  readonly sink: SinkPorts;
  /** Returns what a catalogue is read with. */
  readonly reading: (source: SysextSource) => Pick<ListPorts, 'upstream' | 'signatures'>;
  readonly remove: (keys: readonly string[]) => Promise<Result<undefined, StoreFault>>;
}

const KEPT_MS = 24 * 3_600_000;

/** Starts a run for every catalogue at which it is time to look, or for the one that is named whatever the time. */
export async function startSysexts(ports: SysextPorts, named?: string): Promise<Result<undefined, StoreFault>> {
  const { platform, sources, records, launcher } = ports;
  for (const { name } of sources) {
    if (named !== undefined && name !== named) continue;
    const now = platform.now();
    const at = new Date(now).toISOString();
    let isOurs = false;
    const begun = await update(platform, records.record(name), (current = noSysexts(at)) => {
      isOurs = isDue(current, now) || (named === name && !current.isRunning);
      return isOurs ? { ...current, run: current.run + 1, isRunning: true, heartbeatAt: at } : undefined;
    });
    if (!begun.ok) return begun;
    const launched = isOurs && begun.value !== undefined ? await launcher.launch(name, begun.value.run) : ok(undefined);
    if (!launched.ok) return launched;
  }
  return ok(undefined);
}

/** A value that a step keeps. */
type Kept<T> = { readonly state: 'ready'; readonly value: T } | { readonly state: 'failed'; readonly detail: string };
export type DoStep = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** What of a list the later steps need: a result of a step must be small. */
interface Planned {
  readonly missing: readonly { readonly name: string; readonly sha256: string }[];
  readonly signedAt: string;
}

/** Runs one run to its end, and returns how it ended. */
export async function runSysexts(
  ports: SysextPorts,
  { name, run }: { readonly name: string; readonly run: number },
  doStep: DoStep,
): Promise<string> {
  const source = ports.sources.find((one) => one.name === name);
  if (source === undefined) return 'no such catalogue';
  const look = new SysextLook(ports, source, run);
  const planned = await attempt(doStep, 'list', () => look.plan());
  if (planned.state === 'failed') return await doStep('fail', () => look.end(planned.detail));
  for (const { name: file, sha256 } of planned.value.missing) {
    const entry = await attempt(doStep, `copy ${file}`, () => look.copy(file, sha256));
    if (entry.state === 'failed') return await doStep('fail', () => look.end(entry.detail));
  }
  const published = await attempt(doStep, 'publish', () => look.publish(planned.value.signedAt));
  return published.state === 'ready' ? 'published' : await doStep('fail', () => look.end(published.detail));
}

/** A fault that may pass is thrown, so that the step is tried again; what the last attempt says ends the run. */
async function attempt<T>(doStep: DoStep, name: string, work: () => Promise<Result<T, LookFault>>): Promise<Kept<T>> {
  try {
    return await doStep(name, async () => {
      const result = await work();
      if (result.ok) return { state: 'ready', value: result.value } as const;
      if (!result.error.isFinal) throw new Error(result.error.detail);
      return { state: 'failed', detail: result.error.detail } as const;
    });
  } catch (cause) {
    return { state: 'failed', detail: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Returns the entry of a file with this digest that is here, named already or copied for the next list. */
const entryOf = ({ files, copied }: SysextRecord, name: string, sha256: string): SysextFile | undefined =>
  [copied, files]
    .map((entries) => (Object.hasOwn(entries, name) ? entries[name] : undefined))
    .find((entry) => entry?.sha256 === sha256);

class SysextLook {
  constructor(
    private readonly ports: SysextPorts,
    private readonly source: SysextSource,
    private readonly run: number,
  ) {}

  async plan(): Promise<Result<Planned, LookFault>> {
    const read = await this.#read();
    if (!read.ok) return read;
    const list = await this.#list(read.value);
    if (!list.ok) return list;
    const missing = [...list.value.files]
      .filter(([name, sha256]) => entryOf(read.value, name, sha256) === undefined)
      .map(([name, sha256]) => ({ name, sha256 }));
    return ok({ missing, signedAt: list.value.signedAt });
  }

  async copy(name: string, sha256: string): Promise<Result<true, LookFault>> {
    const { platform, sink, reading } = this.ports;
    const ours = await this.#read();
    if (!ours.ok) return ours;
    const key = sysextKey(this.source.name, name, sha256);
    const entry = await copySysext({ platform, ...reading(this.source) }, sink, { name, sha256, key });
    if (!entry.ok) return entry;
    const noted = await this.#change((record) => ({
      ...record,
      heartbeatAt: this.#now(),
      copied: { ...record.copied, [name]: entry.value },
    }));
    return noted.ok ? ok(true) : noted;
  }

  /** Publishes the list as it is now. It may have changed while files were copied: then the next run takes the new one. */
  async publish(signedAt: string): Promise<Result<undefined, LookFault>> {
    const read = await this.#read();
    if (!read.ok) return read;
    const list = await this.#list(read.value);
    if (!list.ok) return list;
    const files: Record<string, SysextFile> = {};
    for (const [name, sha256] of list.value.files) {
      const entry = entryOf(read.value, name, sha256);
      if (entry === undefined || list.value.signedAt !== signedAt)
        return err({ reason: 'changed', detail: 'upstream has replaced the list meanwhile', isFinal: true });
      files[name] = entry;
    }
    const at = this.#now();
    const [sums, signature] = [toBase64(list.value.sums), toBase64(list.value.signature)];
    const named = new Set(Object.values(files).map(({ key }) => key));
    const written = await this.#change((record) => {
      const known = new Set([...Object.values(record.files), ...Object.values(record.copied)].map(({ key }) => key));
      const gone = [...known].filter((key) => !named.has(key)).map((key) => ({ key, at }));
      // What comes back under the same name with the same bytes has the same key.
      const left = [...record.left.filter(({ key }) => !named.has(key) && !known.has(key)), ...gone];
      const isNews = record.sums !== sums;
      return {
        ...record,
        ...{ sums, signature, signedBy: list.value.signedBy, signedAt, files, copied: {}, left },
        ...{
          publishedAt: isNews ? at : record.publishedAt,
          isRunning: false,
          heartbeatAt: at,
          checkedAt: at,
          fault: null,
        },
      };
    });
    return written.ok ? await this.#removeLeft() : written;
  }

  /** Ends the run with a fault. What is published stays. */
  async end(detail: string): Promise<string> {
    const ended = await this.#change((record) => ({
      ...record,
      isRunning: false,
      heartbeatAt: this.#now(),
      fault: detail,
    }));
    if (!ended.ok && !ended.error.isFinal) throw new Error(ended.error.detail);
    return `failed: ${detail}`;
  }

  async #removeLeft(): Promise<Result<undefined, LookFault>> {
    const read = await this.#read();
    if (!read.ok) return read;
    const before = new Date(this.ports.platform.now() - KEPT_MS).toISOString();
    const old = read.value.left.filter(({ at }) => at < before).map(({ key }) => key);
    if (old.length === 0) return ok(undefined);
    const removed = await this.ports.remove(old);
    if (!removed.ok) return err(storeFault(removed.error));
    const written = await this.#change((record) => ({
      ...record,
      left: record.left.filter(({ key }) => !old.includes(key)),
    }));
    return written.ok ? ok(undefined) : written;
  }

  async #list({ signedAt }: SysextRecord): Promise<Result<SignedList, LookFault>> {
    const { platform, reading } = this.ports;
    return await fetchList({ platform, source: this.source, ...reading(this.source) }, signedAt);
  }

  async #read(): Promise<Result<SysextRecord, LookFault>> {
    const stored = await this.ports.records.record(this.source.name).read();
    if (!stored.ok) return err(storeFault(stored.error));
    return stored.value?.value.run === this.run ? ok(stored.value.value) : err(LOST);
  }

  async #change(next: (record: SysextRecord) => SysextRecord): Promise<Result<SysextRecord, LookFault>> {
    const { platform, records } = this.ports;
    const changed = await change<SysextRecord, LookFault>(
      platform,
      records.record(this.source.name),
      async (current) => (current?.value.run === this.run ? ok(next(current.value)) : err(LOST)),
    );
    if (changed.ok && changed.value !== undefined) return ok(changed.value.value);
    if (changed.ok) return err(LOST);
    return 'isFinal' in changed.error
      ? err(changed.error)
      : err({ reason: changed.error.reason, detail: 'the record cannot be written', isFinal: false });
  }

  #now(): string {
    return new Date(this.ports.platform.now()).toISOString();
  }
}

const LOST: LookFault = { reason: 'lost', detail: 'another run has begun', isFinal: true };
const storeFault = ({ reason }: StoreFault): LookFault => ({ reason, detail: `our store: ${reason}`, isFinal: false });
