/**
 * Finds the current record of a machine or a profile, and proves that it is current: R2's `head` gives the etag and
 * the signed SHA-256 of the text, and a copy in KV counts only with both. When R2 does not answer, the result is an error, and never "no record".
 */
import type { Platform } from '../../shared/platform.ts';
import { within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Kind, MachineStore } from './bucket.ts';
import { readFleetText, readMachineText, readProfileText } from './documents.ts';
import type { Fleet } from './fleet-model.ts';
import type { CopyStore } from './kv.ts';
import type { Machine, Profile } from './model.ts';
import { checkRecord, checkSummary, type RecordPorts, textHash } from './signed.ts';
import type { Vault } from './vault.ts';

/** A record that R2 has confirmed as current. */
export interface Proven<T> {
  readonly value: T;
  readonly etag: string;
}

/** The most records that an isolate remembers. Like a copy in KV, each counts only while R2 has the same etag. */
const REMEMBERED = 256;
/** An isolate does not remember records with longer texts: they would fill its memory. */
const MOST_TEXT = 64 * 1024;

/** R2 has answered before this wait begins. A longer wait for the copy would cost more than the copy saves. */
const COPY_WITHIN_MS = 150;

export class Current {
  readonly #remembered = new Map<string, Proven<Machine | Profile | Fleet>>();

  constructor(
    private readonly platform: Platform,
    private readonly store: MachineStore,
    private readonly copies: CopyStore,
    private readonly vault: Vault,
  ) {}

  /** Returns the current record, which may be a tombstone; `undefined` for a machine that never existed. */
  async machine(id: string): Promise<Result<Proven<Machine> | undefined, StoreFault>> {
    return await this.#proven('machine', id, readMachineText);
  }

  /** Returns the current record, which may be a tombstone; `undefined` for a profile that never existed. */
  async profile(name: string): Promise<Result<Proven<Profile> | undefined, StoreFault>> {
    return await this.#proven('profile', name, readProfileText);
  }

  /** Returns the current record, which may be a tombstone; `undefined` for a fleet that never existed. */
  async fleet(name: string): Promise<Result<Proven<Fleet> | undefined, StoreFault>> {
    return await this.#proven('fleet', name, readFleetText);
  }

  async #proven<T extends Machine | Profile | Fleet>(
    kind: Kind,
    name: string,
    parse: (name: string, text: string) => Result<T, StoreFault>,
  ): Promise<Result<Proven<T> | undefined, StoreFault>> {
    const key = `${kind}:${name}`;
    const remembered = this.#remembered.get(key);
    const startedCopy = remembered === undefined ? this.copies.read(kind, name) : undefined;
    const head = await this.store.head(kind, name);
    if (!head.ok || head.value === undefined) return head.ok ? ok(undefined) : head;
    const { etag, summary } = head.value;
    if (remembered?.etag === etag) return ok(remembered as Proven<T>);
    const copy = await within(this.platform, COPY_WITHIN_MS, startedCopy ?? this.copies.read(kind, name));
    const { sha256 } = summary;
    // An object that an earlier version wrote has no hash. Then nothing proves a copy of it.
    if (copy?.etag === etag && sha256 !== undefined && (await textHash(copy.text)) === sha256) {
      const checked = await checkSummary(this.#ports, kind, name, summary);
      const value = checked.ok ? parse(name, copy.text) : checked;
      if (value.ok) return ok(this.#remember(key, { value: value.value, etag }, copy.text));
    }
    return await this.#fromR2(kind, name, parse);
  }

  async #fromR2<T extends Machine | Profile | Fleet>(
    kind: Kind,
    name: string,
    parse: (name: string, text: string) => Result<T, StoreFault>,
  ): Promise<Result<Proven<T>, StoreFault>> {
    const stored = await this.store.read(kind, name);
    if (!stored.ok) return stored;
    // This service never deletes a record, so a record that `head` has just found still exists.
    if (stored.value === undefined) return err({ reason: 'store-unreachable', operation: `read ${kind}` });
    const { text, etag } = stored.value;
    const checked = await checkRecord(this.#ports, kind, name, stored.value);
    const value = checked.ok ? parse(name, text) : checked;
    if (!value.ok) return value;
    this.platform.waitUntil(this.copies.write(kind, name, { text, etag }));
    return ok(this.#remember(`${kind}:${name}`, { value: value.value, etag }, text));
  }

  get #ports(): RecordPorts {
    return { store: this.store, copies: this.copies, vault: this.vault };
  }

  #remember<T extends Machine | Profile | Fleet>(key: string, proven: Proven<T>, text: string): Proven<T> {
    this.#remembered.delete(key);
    if (text.length > MOST_TEXT) return proven;
    this.#remembered.set(key, proven);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return proven;
  }
}
