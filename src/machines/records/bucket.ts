/** The room's objects in R2: machines, profiles, renderings and boots. R2 is strongly consistent, so R2 decides. */

import type { Platform } from '../../shared/platform.ts';
import { compareAndSet } from '../../shared/r2-documents.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type StoreFault, storeCaller } from '../../shared/store.ts';

export type Kind = 'machine' | 'profile' | 'fleet';

/** The short texts in an object's customMetadata. `head` and `list` return them without the object itself. */
export type Summary = Readonly<Record<string, string>>;

interface Head {
  readonly etag: string;
  readonly summary: Summary;
}

interface StoredText extends Head {
  readonly text: string;
}

interface Page {
  readonly items: readonly { readonly name: string; readonly summary: Summary; readonly uploadedAt: number }[];
  readonly cursor: string | undefined;
}

export interface MachineStore {
  head(kind: Kind, name: string): Promise<Result<Head | undefined, StoreFault>>;
  read(kind: Kind, name: string): Promise<Result<StoredText | undefined, StoreFault>>;
  /**
   * Writes the record if the stored one still has the etag `replacing`. With `replacing` undefined, there must be no
   * record yet. Returns the new etag, or `undefined` when another writer was first.
   */
  write(
    kind: Kind,
    name: string,
    text: string,
    summary: Summary,
    replacing: string | undefined,
  ): Promise<Result<string | undefined, StoreFault>>;
  list(kind: Kind, options: PageOptions): Promise<Result<Page, StoreFault>>;
  /** The mark that all records are signed; `undefined` while there is none. */
  mark(): Promise<Result<string | undefined, StoreFault>>;
  writeMark(text: string): Promise<Result<undefined, StoreFault>>;

  rendering(
    id: string,
    sha512: string,
  ): Promise<Result<{ readonly text: string; readonly summary: Summary } | undefined, StoreFault>>;
  writeRendering(id: string, sha512: string, text: string, summary: Summary): Promise<Result<undefined, StoreFault>>;
  /** Lists the renderings of the machine `id`, or those of all machines. */
  renderings(options: PageOptions & { readonly id?: string }): Promise<Result<Page, StoreFault>>;
  deleteRenderings(id: string): Promise<Result<undefined, StoreFault>>;

  /** Notes that the machine `id` uses `profile`. A note may be out of date: the machine's record decides. */
  writeUse(profile: string, id: string): Promise<Result<undefined, StoreFault>>;
  uses(profile: string, options: PageOptions): Promise<Result<Page, StoreFault>>;
  deleteUse(profile: string, id: string): Promise<Result<undefined, StoreFault>>;

  /** Keeps what a machine has last booted, beside the record. It decides nothing. */
  writeState(id: string, summary: Summary): Promise<Result<undefined, StoreFault>>;
  /** Lists such states in the order of `list('machine')`. */
  states(options: PageOptions): Promise<Result<Page, StoreFault>>;
  deleteState(id: string): Promise<Result<undefined, StoreFault>>;

  /** Stores an event. The caller chooses names that sort from the newest event to the oldest. */
  writeBoot(id: string, name: string, summary: Summary): Promise<Result<undefined, StoreFault>>;
  boots(id: string, limit: number): Promise<Result<Page, StoreFault>>;
  deleteBoots(id: string, names: readonly string[]): Promise<Result<undefined, StoreFault>>;
}

interface PageOptions {
  readonly cursor?: string | undefined;
  /** The name after which the page begins; it takes the place of a cursor. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly startingWith?: string | undefined;
}

/** A booting machine waits 10 s for an answer. It must get one even when the store does not answer. */
const ANSWER_WITHIN_MS = 2_300;

const MARK = 'records-signed';
const FOLDERS: Readonly<Record<Kind, string>> = { machine: 'machines/', profile: 'profiles/', fleet: 'fleets/' };

/** Returns the machine store on an R2 bucket. */
export function machineBucket(bucket: R2Bucket, platform: Platform): MachineStore {
  const reach = storeCaller(platform, ANSWER_WITHIN_MS);
  const keyOf = (kind: Kind, name: string) => `${FOLDERS[kind]}${name}.json`;

  const page = (prefix: string, suffix: string, { cursor, after, limit, startingWith = '' }: PageOptions) =>
    reach(`list ${prefix}`, async (): Promise<Page> => {
      const listed = await bucket.list({
        prefix: `${prefix}${startingWith}`,
        limit,
        include: ['customMetadata'],
        ...(cursor === undefined ? {} : { cursor }),
        ...(after === undefined || after === '' ? {} : { startAfter: `${prefix}${after}${suffix}` }),
      });
      const items = listed.objects.map(({ key, customMetadata, uploaded }) => ({
        name: key.slice(prefix.length, key.length - suffix.length),
        summary: customMetadata ?? {},
        uploadedAt: uploaded.getTime(),
      }));
      return { items, cursor: listed.truncated ? listed.cursor : undefined };
    });
  const ignoringResult = async (work: Promise<unknown>) => {
    await work;
    return undefined;
  };

  return {
    head: (kind, name) =>
      reach(`head ${kind}`, async () => {
        const object = await bucket.head(keyOf(kind, name));
        return object === null ? undefined : { etag: object.etag, summary: object.customMetadata ?? {} };
      }),
    read: (kind, name) =>
      reach(`read ${kind}`, async () => {
        const object = await bucket.get(keyOf(kind, name));
        if (object === null) return undefined;
        return { text: await object.text(), etag: object.etag, summary: object.customMetadata ?? {} };
      }),
    write: (kind, name, text, summary, replacing) =>
      reach(`write ${kind}`, () =>
        compareAndSet(bucket, keyOf(kind, name), text, replacing, { customMetadata: summary }),
      ),
    list: (kind, options) => page(FOLDERS[kind], '.json', options),

    mark: () => reach('read mark', async () => await (await bucket.get(MARK))?.text()),
    writeMark: (text) => reach('write mark', () => ignoringResult(bucket.put(MARK, text))),

    rendering: (id, sha512) =>
      reach('read rendering', async () => {
        const object = await bucket.get(`renderings/${id}/${sha512}`);
        return object === null ? undefined : { text: await object.text(), summary: object.customMetadata ?? {} };
      }),
    writeRendering: (id, sha512, text, summary) =>
      reach('write rendering', () =>
        ignoringResult(bucket.put(`renderings/${id}/${sha512}`, text, { customMetadata: { ...summary } })),
      ),
    renderings: ({ id, ...options }) => page(id === undefined ? 'renderings/' : `renderings/${id}/`, '', options),
    deleteRenderings: async (id) => {
      for (;;) {
        const listed = await page(`renderings/${id}/`, '', { limit: 1000 });
        if (!listed.ok) return listed;
        const keys = listed.value.items.map(({ name }) => `renderings/${id}/${name}`);
        if (keys.length === 0) return ok(undefined);
        const deleted = await reach('delete renderings', () => ignoringResult(bucket.delete(keys)));
        if (!deleted.ok || listed.value.cursor === undefined) return deleted;
      }
    },

    writeUse: (profile, id) => reach('write use', () => ignoringResult(bucket.put(`uses/${profile}/${id}`, ''))),
    uses: (profile, options) => page(`uses/${profile}/`, '', options),
    deleteUse: (profile, id) => reach('delete use', () => ignoringResult(bucket.delete(`uses/${profile}/${id}`))),

    writeState: (id, summary) =>
      reach('write state', () =>
        ignoringResult(bucket.put(`states/${id}.json`, '', { customMetadata: { ...summary } })),
      ),
    states: (options) => page('states/', '.json', options),
    deleteState: (id) => reach('delete state', () => ignoringResult(bucket.delete(`states/${id}.json`))),

    writeBoot: (id, name, summary) =>
      reach('write boot', () =>
        ignoringResult(bucket.put(`boots/${id}/${name}`, '', { customMetadata: { ...summary } })),
      ),
    boots: (id, limit) => page(`boots/${id}/`, '', { limit }),
    deleteBoots: (id, names) =>
      reach('delete boots', () => ignoringResult(bucket.delete(names.map((name) => `boots/${id}/${name}`)))),
  };
}
