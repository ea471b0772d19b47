/** What the mirror room stores in R2: jobs, file statuses, uploads, notes and the objects of files. */

import { fileStatusKey, jobAt, jobKey, jobsPrefix, uploadKey } from '../../releases/keys.ts';
import type { Pair, Version } from '../../releases/model.ts';
import { isBug } from '../../shared/cause.ts';
import type { Document } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { jsonCodec, orElse, r2Document, readObject } from '../../shared/r2-documents.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';
import {
  type FileStatus,
  failedStandIn,
  type Job,
  parseFileStatus,
  parseJob,
  parseUpload,
  type UploadRecord,
} from './job.ts';
import { type MirrorNotes, NO_NOTES, parseNotes } from './notes.ts';
import { parseToldNames, type ToldNames } from './told.ts';
import { NO_UNPACK, parseUnpackRecord, type UnpackRecord } from './unpack-record.ts';

export type Release = Pair & { readonly version: Version };

export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
}

export interface Upload {
  readonly id: string;
  part(number: number, bytes: Uint8Array): Promise<Result<UploadedPart, StoreFault>>;
  /** Completes the upload and returns the etag of the object. */
  complete(parts: readonly UploadedPart[]): Promise<Result<string, StoreFault>>;
}

interface StoredObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly uploadedAt: number;
}

interface JobList {
  readonly found: readonly Job[];
  /** `detail` says what is wrong with the record. */
  readonly unreadable: readonly { readonly version: Version; readonly detail: string }[];
}

export interface MirrorStore {
  job(release: Release): Document<Job>;
  /** The same, but in the place of a malformed one stands a failed job, which a new attempt may replace. */
  replaceableJob(release: Release): Document<Job>;
  /** Reads every job of a pair. One that cannot be understood is named, and the others are there. */
  jobs(pair: Pair): Promise<Result<JobList, StoreFault>>;
  fileStatus(release: Release, name: string): Promise<Result<FileStatus | undefined, StoreFault>>;
  writeFileStatus(release: Release, status: FileStatus): Promise<Result<undefined, StoreFault>>;
  /** The last upload of a file. It has a key of its own, since R2 takes one write to a key in a second. */
  upload(release: Release, name: string): Promise<Result<UploadRecord | undefined, StoreFault>>;
  writeUpload(release: Release, name: string, upload: UploadRecord): Promise<Result<undefined, StoreFault>>;
  /** The notes. Malformed ones count as none: they are dates, which the next round writes anew. */
  notes(): Document<MirrorNotes>;
  /** What was told of the aliases of a pair. What cannot be read counts as nothing: it is told again, with the same ids. */
  toldNames(pair: Pair): Document<ToldNames>;
  /** Counts the machines of a name that have booted a release, up to `most`. */
  booted(release: Release, name: string, most: number): Promise<Result<number, StoreFault>>;
  noteBooted(release: Release, name: string, machine: string): Promise<Result<undefined, StoreFault>>;
  /** Writes an object and returns its etag. */
  put(key: string, bytes: Uint8Array): Promise<Result<string, StoreFault>>;
  startUpload(key: string): Promise<Result<Upload, StoreFault>>;
  /** Returns an upload that was begun before. */
  resumeUpload(key: string, id: string): Upload;
  /** Reads a whole object of a few megabytes. */
  bytes(key: string): Promise<Result<Uint8Array | undefined, StoreFault>>;
  unpackRecord(release: Release): Document<UnpackRecord>;
  abortUpload(key: string, id: string): Promise<Result<undefined, StoreFault>>;
  head(key: string): Promise<Result<StoredObject | undefined, StoreFault>>;
  /** Lists one page of the objects whose keys have this prefix. `cursor` is undefined after the last page. */
  list(
    prefix: string,
    cursor?: string,
  ): Promise<Result<{ objects: StoredObject[]; cursor: string | undefined }, StoreFault>>;
  delete(keys: readonly string[]): Promise<Result<undefined, StoreFault>>;
}

/** How long a call may take that transfers the bytes of a file. */
const DATA_WITHIN_MS = 120_000;

/** Returns the mirror store on an R2 bucket. */
export function mirrorBucket(bucket: R2Bucket, platform: Platform): MirrorStore {
  const reach = storeCaller(platform);
  const reachData = storeCaller(platform, DATA_WITHIN_MS);

  const uploadOf = (upload: R2MultipartUpload): Upload => ({
    id: upload.uploadId,
    part: (number, bytes) => reachData('upload part', () => upload.uploadPart(number, bytes)),
    complete: (parts) => reachData('complete upload', async () => (await upload.complete([...parts])).etag),
  });
  const job: MirrorStore['job'] = (release) => r2Document(bucket, reach, jobKey(release), jsonCodec(parseJob));

  return {
    job,
    replaceableJob: (release) => {
      const standIn = (text: string) => failedStandIn(text, release, platform.now());
      return r2Document(bucket, reach, jobKey(release), jsonCodec(orElse(parseJob, standIn)));
    },
    jobs: async (pair) => {
      const found: Job[] = [];
      const unreadable: JobList['unreadable'][number][] = [];
      let cursor: string | undefined;
      do {
        const from = cursor === undefined ? {} : { cursor };
        const page = await reach('list jobs', () => bucket.list({ prefix: jobsPrefix(pair), delimiter: '/', ...from }));
        if (!page.ok) return page;
        const read = await Promise.all(
          page.value.objects.map(async ({ key }) => ({ key, job: await readObject(bucket, reach, key, parseJob) })),
        );
        for (const { key, job: stored } of read) {
          if (stored.ok && stored.value !== undefined) found.push(stored.value);
          if (stored.ok) continue;
          if (stored.error.reason !== 'stored-malformed') return stored;
          const version = jobAt(pair, key);
          if (version !== undefined) unreadable.push({ version, detail: stored.error.detail });
        }
        cursor = page.value.truncated ? page.value.cursor : undefined;
      } while (cursor !== undefined);
      return ok({ found, unreadable });
    },
    fileStatus: (release, name) => readObject(bucket, reach, fileStatusKey(release, name), parseFileStatus),
    writeFileStatus: (release, status) =>
      reach('write file status', async () => {
        await bucket.put(fileStatusKey(release, status.name), JSON.stringify(status));
        return undefined;
      }),
    upload: (release, name) => readObject(bucket, reach, uploadKey(release, name), parseUpload),
    writeUpload: (release, name, upload) =>
      reach('write upload', async () => {
        await bucket.put(uploadKey(release, name), JSON.stringify(upload));
        return undefined;
      }),
    notes: () => r2Document(bucket, reach, 'mirror.json', jsonCodec(orElse(parseNotes, () => NO_NOTES))),
    toldNames: ({ channel, board }) =>
      r2Document(bucket, reach, `told/${channel}/${board}.json`, jsonCodec(orElse(parseToldNames, () => ({})))),
    booted: (release, name, most) =>
      reach('list booted', async () => {
        const page = await bucket.list({ prefix: bootedPrefix(release, name), limit: Math.min(most, 1000) });
        return page.objects.length;
      }),
    noteBooted: (release, name, machine) =>
      reach('note booted', async () => {
        await bucket.put(`${bootedPrefix(release, name)}${machine}`, '');
        return undefined;
      }),
    put: (key, bytes) =>
      reachData('write file', async () => {
        const object = await bucket.put(key, bytes);
        if (object === null) throw new Error('not written');
        return object.etag;
      }),
    startUpload: (key) => reach('start upload', async () => uploadOf(await bucket.createMultipartUpload(key))),
    resumeUpload: (key, id) => uploadOf(bucket.resumeMultipartUpload(key, id)),
    bytes: (key) =>
      reachData('read bytes', async () => {
        const object = await bucket.get(key);
        return object === null ? undefined : new Uint8Array(await object.arrayBuffer());
      }),
    unpackRecord: ({ channel, board, version }) =>
      r2Document(
        bucket,
        reach,
        `unpack/${channel}/${board}/${version}.json`,
        jsonCodec(orElse(parseUnpackRecord, () => NO_UNPACK)),
      ),
    abortUpload: (key, id) =>
      reach('abort upload', async () => {
        // R2 refuses to abort an upload that was completed or aborted before, and that is no problem.
        await bucket
          .resumeMultipartUpload(key, id)
          .abort()
          .catch((cause: unknown) => {
            if (isBug(cause)) throw cause;
          });
        return undefined;
      }),
    head: (key) =>
      reach('head file', async () => {
        const object = await bucket.head(key);
        return object === null ? undefined : storedObject(object);
      }),
    list: (prefix, cursor) =>
      reach('list objects', async () => {
        const page = await bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
        return { objects: page.objects.map(storedObject), cursor: page.truncated ? page.cursor : undefined };
      }),
    delete: (keys) =>
      reach('delete objects', async () => {
        for (let start = 0; start < keys.length; start += 1000) await bucket.delete(keys.slice(start, start + 1000));
        return undefined;
      }),
  };
}

const bootedPrefix = ({ channel, board, version }: Release, name: string): string =>
  `booted/${channel}/${board}/${version}/${name}/`;

const storedObject = ({ key, etag, size, uploaded }: R2Object): StoredObject => ({
  key,
  etag,
  size,
  uploadedAt: uploaded.getTime(),
});
