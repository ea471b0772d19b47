/** The mirror's part of R2: jobs and their files, uploads, manifests, indexes, and the sweeper's view of objects. */

import type { Pair, Version } from '../../releases/model.ts';
import { type Manifest, parseManifest } from '../../releases/store/manifest.ts';
import { type PublicIndex, parseIndex, type ReleaseIndex } from '../../releases/store/release-index.ts';
import type { Document } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import { orUnreadable, type StoreFault, storeCaller } from '../../shared/store.ts';
import { type FilePart, type Job, parseJob, parsePart, parseUpload, type UploadRecord } from './job.ts';
import { type MirrorNotes, parseNotes } from './notes.ts';

export type Release = Pair & { readonly version: Version };

export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
}

export interface Upload {
  readonly id: string;
  part(number: number, bytes: Uint8Array): Promise<Result<UploadedPart, StoreFault>>;
  /** The finished object's etag. */
  complete(parts: readonly UploadedPart[]): Promise<Result<string, StoreFault>>;
}

interface StoredObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly uploadedAt: number;
}

export interface MirrorStore {
  job(release: Release): Document<Job>;
  jobs(pair: Pair): Promise<Result<Job[], StoreFault>>;
  part(release: Release, name: string): Promise<Result<FilePart | undefined, StoreFault>>;
  writePart(release: Release, part: FilePart): Promise<Result<undefined, StoreFault>>;
  /** Beside the file's status, which is written too often for a second write within two seconds. */
  upload(release: Release, name: string): Promise<Result<UploadRecord | undefined, StoreFault>>;
  writeUpload(release: Release, name: string, upload: UploadRecord): Promise<Result<undefined, StoreFault>>;
  manifest(release: Release): Document<Manifest>;
  removeManifest(release: Release): Promise<Result<undefined, StoreFault>>;
  index(pair: Pair): Document<ReleaseIndex>;
  publicIndex(): Document<PublicIndex>;
  notes(): Document<MirrorNotes>;
  put(key: string, bytes: Uint8Array): Promise<Result<string, StoreFault>>;
  startUpload(key: string): Promise<Result<Upload, StoreFault>>;
  abortUpload(key: string, id: string): Promise<Result<undefined, StoreFault>>;
  head(key: string): Promise<Result<StoredObject | undefined, StoreFault>>;
  /** A page of objects below a prefix. */
  list(
    prefix: string,
    cursor?: string,
  ): Promise<Result<{ objects: StoredObject[]; cursor: string | undefined }, StoreFault>>;
  delete(keys: readonly string[]): Promise<Result<undefined, StoreFault>>;
}

const DATA_WITHIN_MS = 120_000;

/** Where an attempt puts a file: never where another attempt could overwrite it. */
export const fileKey = ({ channel, board, version }: Release, file: string, attempt: number): string =>
  `files/${channel}/${board}/${version}/${file}/${attempt}`;

/** The mirror store on an R2 bucket. */
export function mirrorBucket(bucket: R2Bucket, platform: Platform): MirrorStore {
  const reach = storeCaller(platform);
  const reachData = storeCaller(platform, DATA_WITHIN_MS);

  const document = <T>(key: string, parse: (text: string) => Result<T, { readonly reason: string }>): Document<T> => ({
    read: () =>
      reach(`read ${key}`, async () => {
        const object = await bucket.get(key);
        return object === null ? undefined : { value: orUnreadable(parse(await object.text())), etag: object.etag };
      }),
    write: (value, replacing) =>
      reach(`write ${key}`, async () => {
        const onlyIf = replacing === undefined ? { etagDoesNotMatch: '*' } : { etagMatches: replacing };
        const httpMetadata = { contentType: 'application/json' };
        return (await bucket.put(key, JSON.stringify(value), { onlyIf, httpMetadata }))?.etag;
      }),
  });

  return {
    job: ({ channel, board, version }) => document(`status/${channel}/${board}/${version}.json`, parseJob),
    jobs: ({ channel, board }) =>
      reach('list jobs', async () => {
        const found: Job[] = [];
        let cursor: string | undefined;
        do {
          const page = await bucket.list({
            prefix: `status/${channel}/${board}/`,
            delimiter: '/',
            ...(cursor ? { cursor } : {}),
          });
          const texts = await Promise.all(
            page.objects.map(async ({ key }) => {
              const object = await bucket.get(key);
              return await object?.text();
            }),
          );
          for (const text of texts) if (text !== undefined) found.push(orUnreadable(parseJob(text)));
          cursor = page.truncated ? page.cursor : undefined;
        } while (cursor !== undefined);
        return found;
      }),
    part: (release, name) =>
      reach('read file status', async () => {
        const object = await bucket.get(partKey(release, name));
        return object === null ? undefined : orUnreadable(parsePart(await object.text()));
      }),
    writePart: (release, part) =>
      reach('write file status', async () => {
        await bucket.put(partKey(release, part.name), JSON.stringify(part));
        return undefined;
      }),
    upload: (release, name) =>
      reach('read upload', async () => {
        const object = await bucket.get(partKey(release, `${name}.upload`));
        return object === null ? undefined : orUnreadable(parseUpload(await object.text()));
      }),
    writeUpload: (release, name, upload) =>
      reach('write upload', async () => {
        await bucket.put(partKey(release, `${name}.upload`), JSON.stringify(upload));
        return undefined;
      }),
    manifest: ({ channel, board, version }) => document(`manifests/${channel}/${board}/${version}.json`, parseManifest),
    removeManifest: ({ channel, board, version }) =>
      reach('remove manifest', () =>
        bucket.delete(`manifests/${channel}/${board}/${version}.json`).then(() => undefined),
      ),
    index: ({ channel, board }) => document(`index/${channel}/${board}.json`, parseIndex),
    publicIndex: () => document('releases.json', (text) => ok(JSON.parse(text) as PublicIndex)),
    notes: () => document('mirror.json', parseNotes),
    put: (key, bytes) =>
      reachData('write file', async () => {
        const object = await bucket.put(key, bytes);
        if (object === null) throw new Error('not written');
        return object.etag;
      }),
    startUpload: (key) =>
      reach('start upload', async () => {
        const upload = await bucket.createMultipartUpload(key);
        return {
          id: upload.uploadId,
          part: (number, bytes) => reachData('upload part', () => upload.uploadPart(number, bytes)),
          complete: (parts) => reachData('complete upload', async () => (await upload.complete([...parts])).etag),
        };
      }),
    abortUpload: (key, id) =>
      reach('abort upload', async () => {
        // An upload that has ended already, either way, needs no abort.
        await bucket
          .resumeMultipartUpload(key, id)
          .abort()
          .catch(() => undefined);
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

const storedObject = ({ key, etag, size, uploaded }: R2Object): StoredObject => ({
  key,
  etag,
  size,
  uploadedAt: uploaded.getTime(),
});

const partKey = ({ channel, board, version }: Release, name: string): string =>
  `status/${channel}/${board}/${version}/${name}.json`;
