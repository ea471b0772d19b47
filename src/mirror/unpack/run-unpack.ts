/** Makes the files that import tools want of a release's packed images (IMPORT_FORMATS), and publishes each when it is whole. */
import { fileKey } from '../../releases/keys.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import { isProved, type Manifest, type ManifestFile } from '../../releases/store/manifest.ts';
import { sha256Hex, sha512Hex } from '../../shared/bytes.ts';
import { change, update } from '../../shared/document.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { isStoreFault, type StoreFault, storeProblemText } from '../../shared/store.ts';
import { type Provenance, provenanceOf } from '../copy/provenance.ts';
import type { Release } from '../store/bucket.ts';
import { mayBegin, NO_UNPACK, type UnpackRecord } from '../store/unpack-record.ts';
import type { MadeFiles } from './add-files.ts';
import { type ImportFormat, type WantedFile, wantedOf } from './made-formats.ts';
import {
  beginFile,
  completeFile,
  digestsOf,
  goOn,
  type Progress,
  type UnpackFault,
  type UnpackPorts,
} from './unpack-file.ts';

/** Starts runs; `mirror/workflow` implements it. */
export interface UnpackLauncher {
  launchUnpack(release: Release, run: number): Promise<Result<undefined, StoreFault>>;
}

export interface UnpackRunPorts extends UnpackPorts {
  readonly releases: ReleaseStore;
  readonly formats: readonly ImportFormat[];
  readonly launcher: UnpackLauncher;
  readonly provenance: Provenance;
  /** Adds files to a published release, or tells of all once more; false where the release is not there any more. */
  readonly addFiles: (release: Release, made?: MadeFiles) => Promise<Result<boolean, StoreFault>>;
}

export type DoStep = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Returns what is to be made of a release's files. */
const wantedFiles = (
  files: Readonly<Record<string, ManifestFile>> | Manifest['files'],
  formats: readonly ImportFormat[],
): WantedFile[] => wantedOf(files, (name) => files[name] !== undefined && isProved(files[name]), formats);

/** Starts a run for a release of which something is to be made or to be told, unless one is at work or has failed just now. */
export async function startUnpack(ports: UnpackRunPorts, release: Release): Promise<Result<undefined, StoreFault>> {
  const { platform, store, releases, formats, launcher } = ports;
  if (formats.length === 0) return ok(undefined);
  const manifest = await releases.manifest(release);
  if (!manifest.ok) return manifest;
  if (wantedFiles(manifest.value?.files ?? {}, formats).length === 0) {
    // A run that died behind its last file has not told of it.
    const record = await store.unpackRecord(release).read();
    if (!record.ok || record.value?.value.isRunning !== true) return record.ok ? ok(undefined) : record;
  }
  const now = platform.now();
  const heartbeatAt = new Date(now).toISOString();
  let isOurs = false;
  const begun = await update(platform, store.unpackRecord(release), (current = NO_UNPACK) => {
    isOurs = mayBegin(current, now);
    return isOurs ? { ...current, run: current.run + 1, isRunning: true, heartbeatAt, fault: null } : undefined;
  });
  if (!begun.ok || begun.value === undefined || !isOurs) return begun.ok ? ok(undefined) : begun;
  return await launcher.launchUnpack(release, begun.value.run);
}

type Kept<T> = { readonly state: 'ready'; readonly value: T } | { readonly state: 'failed'; readonly detail: string };

/** Runs one run to its end, and returns how it ended. */
export async function runUnpack(ports: UnpackRunPorts, release: Release, run: number, doStep: DoStep): Promise<string> {
  const work = new Unpacking(ports, release, run);
  const step = async <T>(name: string, act: () => Promise<Result<T, UnpackFault | Lost>>): Promise<Kept<T>> => {
    try {
      return await doStep(name, async () => {
        const result = await act();
        if (result.ok) return { state: 'ready', value: result.value } as const;
        const detail = faultText(result.error);
        if (isStoreFault(result.error)) throw new Error(detail);
        return { state: 'failed', detail } as const;
      });
    } catch (cause) {
      return { state: 'failed', detail: cause instanceof Error ? cause.message : String(cause) };
    }
  };
  // The run before may have died between its last file and the lists.
  const told = await step('tell', () => work.tell());
  if (told.state === 'failed') return await doStep('fail', () => work.end(told.detail));
  const wanted = await step('what is to be made', () => work.wanted());
  if (wanted.state === 'failed') return await doStep('fail', () => work.end(wanted.detail));
  for (const file of wanted.value) {
    const made = await make(work, file, step);
    if (made.state === 'failed') return await doStep('fail', () => work.end(`${file.name}: ${made.detail}`));
  }
  return await doStep('end', () => work.end(null));
}

async function make(
  work: Unpacking,
  file: WantedFile,
  step: <T>(name: string, act: () => Promise<Result<T, UnpackFault | Lost>>) => Promise<Kept<T>>,
): Promise<Kept<unknown>> {
  const begun = await step(`begin ${file.name}`, () => work.begin(file));
  if (begun.state === 'failed') return begun;
  let progress = begun.value;
  for (let count = 1; !progress.isWhole; count += 1) {
    const before = progress;
    const next = await step(`unpack ${file.name} ${count}`, () => work.goOn(file, before));
    if (next.state === 'failed') return next;
    progress = next.value;
  }
  const completed = await step(`complete ${file.name}`, () => work.complete(progress));
  if (completed.state === 'failed') return completed;
  return await step(`publish ${file.name}`, () => work.publish(file, completed.value));
}

/** The object that holds a file which is whole. */
type Made = Pick<Progress, 'key' | 'made'> & { readonly etag: string };

type Lost = { readonly reason: 'lost' | 'gone' };

class Unpacking {
  constructor(
    private readonly ports: UnpackRunPorts,
    private readonly release: Release,
    private readonly run: number,
  ) {}

  async wanted(): Promise<Result<WantedFile[], UnpackFault | Lost>> {
    const files = await this.#files();
    return files.ok ? ok(wantedFiles(files.value, this.ports.formats)) : files;
  }

  /** Begins a file, or goes on with one where a run that died has left it. */
  async begin({ name }: WantedFile): Promise<Result<Progress, UnpackFault | Lost>> {
    const stored = await this.ports.store.unpackRecord(this.release).read();
    if (!stored.ok) return stored;
    const work = stored.value?.value.work;
    if (work?.name === name) return ok(work);
    return await beginFile(this.ports, fileKey(this.release, name, this.run));
  }

  async goOn({ from, name, format }: WantedFile, before: Progress): Promise<Result<Progress, UnpackFault | Lost>> {
    const alive = await this.#beat((record) => record);
    if (!alive.ok) return alive;
    const source = await this.#packed(from);
    if (!source.ok) return source;
    const after = await goOn(this.ports, { from: source.value, format }, before);
    if (!after.ok) return after;
    const work = { name, ...after.value, parts: [...after.value.parts] };
    const noted = await this.#beat((record) => ({ ...record, work }));
    return noted.ok ? after : noted;
  }

  async complete(progress: Progress): Promise<Result<Made, UnpackFault | Lost>> {
    const etag = await completeFile(this.ports, progress);
    return etag.ok ? ok({ key: progress.key, etag: etag.value, made: progress.made }) : etag;
  }

  /** Names the file in the manifest, with the file that it was made of and a statement of that. */
  async publish({ from, name, format }: WantedFile, object: Made): Promise<Result<undefined, UnpackFault | Lost>> {
    const alive = await this.#beat((record) => record);
    if (!alive.ok) return alive;
    const source = await this.#packed(from);
    if (!source.ok) return source;
    const digests = await digestsOf(this.ports, object);
    if (!digests.ok) return digests;
    const verifiedAt = new Date(this.ports.platform.now()).toISOString();
    const madeOf = { name: from, sha512: source.value.sha512 };
    const { key: made, etag } = object;
    const entry: ManifestFile = { key: made, etag, ...digests.value, verifiedAt, madeOf };
    const order = { release: this.release, attempt: this.run, name, builtAt: undefined };
    const check = { check: 'made-of', from, format, sha512: source.value.sha512 } as const;
    const entries: Record<string, ManifestFile> = { [name]: entry };
    for (const [beside, bytes] of await provenanceOf(this.ports.provenance, order, entry, [check])) {
      const key = fileKey(this.release, beside, this.run);
      const written = await this.ports.store.put(key, bytes);
      if (!written.ok) return written;
      const own = { size: bytes.length, sha512: await sha512Hex(bytes), sha256: await sha256Hex(bytes) };
      entries[beside] = { key, etag: written.value, ...own, verifiedAt };
    }
    const added = await this.ports.addFiles(this.release, { entries, of: madeOf });
    if (!added.ok) return added;
    if (added.value) return await this.#beat(withoutWork);
    // Nobody else knows of these objects.
    const removed = await this.ports.store.delete(Object.values(entries).map(({ key }) => key));
    return removed.ok ? err({ reason: 'gone' }) : removed;
  }

  /** Tells of all files once more, where a run before this one has died with that undone. */
  async tell(): Promise<Result<boolean, UnpackFault | Lost>> {
    return await this.ports.addFiles(this.release);
  }

  /** Ends the run; `fault` says why it has failed. */
  async end(fault: string | null): Promise<string> {
    const ended = await this.#beat((record) => ({ ...withoutWork(record), isRunning: false, fault }));
    if (!ended.ok && isStoreFault(ended.error)) throw new Error(storeProblemText(ended.error));
    return fault === null ? 'made' : `failed: ${fault}`;
  }

  async #files(): Promise<Result<Manifest['files'], StoreFault>> {
    const manifest = await this.ports.releases.manifest(this.release);
    return manifest.ok ? ok(manifest.value?.files ?? {}) : manifest;
  }

  async #packed(name: string): Promise<Result<ManifestFile, UnpackFault | Lost>> {
    const files = await this.#files();
    if (!files.ok) return files;
    const file = Object.hasOwn(files.value, name) ? files.value[name] : undefined;
    return file === undefined ? err({ reason: 'gone' }) : ok(file);
  }

  async #beat(next: (record: UnpackRecord) => UnpackRecord): Promise<Result<undefined, UnpackFault | Lost>> {
    const { platform, store } = this.ports;
    const heartbeatAt = new Date(platform.now()).toISOString();
    const changed = await change<UnpackRecord, Lost>(platform, store.unpackRecord(this.release), async (current) =>
      current?.value.run === this.run ? ok({ ...next(current.value), heartbeatAt }) : err({ reason: 'lost' }),
    );
    if (changed.ok) return ok(undefined);
    return changed.error.reason === 'conflict'
      ? err({ reason: 'store-unreachable', operation: 'note the run' })
      : err(changed.error);
  }
}

function withoutWork(record: UnpackRecord): UnpackRecord {
  const { work: _work, ...rest } = record;
  return rest;
}

function faultText(fault: UnpackFault | Lost): string {
  if (isStoreFault(fault)) return storeProblemText(fault);
  if (fault.reason === 'bzip2-malformed') return `it is no bzip2 (${fault.detail})`;
  if (fault.reason === 'file-too-large') return `it has more than ${fault.limit} bytes (MAX_FILE_BYTES)`;
  if (fault.reason === 'not-what-was-made') return 'the object in our store is not what was made';
  return fault.reason === 'lost' ? 'another run has begun' : 'the packed image is gone';
}
