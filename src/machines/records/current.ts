/**
 * Which record is current, proven: R2's head decides, and KV's copy is taken only if it is of that very object. A store that
 * cannot prove it is an error, never an absence.
 */
import type { Platform } from '../../shared/platform.ts';
import { within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Kind, MachineStore } from './bucket.ts';
import { readMachineText, readProfileText } from './documents.ts';
import type { CopyStore } from './kv.ts';
import type { Machine, Profile } from './model.ts';

export interface Proven<T> {
  readonly value: T;
  readonly etag: string;
}

/** Records that this isolate remembers; like a copy in KV, one counts only while R2 has that very object. */
const REMEMBERED = 256;
/** Larger ones are read again: they would push all others out of memory. */
const MOST_TEXT = 64 * 1024;

/** R2 has answered by now; what a slow copy would save is not worth a wait. */
const COPY_WITHIN_MS = 150;

export class Current {
  readonly #remembered = new Map<string, Proven<Machine | Profile>>();

  constructor(
    private readonly platform: Platform,
    private readonly store: MachineStore,
    private readonly copies: CopyStore,
  ) {}

  /** The machine as it is now, tombstones too; `undefined` for one that never was. */
  async machine(id: string): Promise<Result<Proven<Machine> | undefined, StoreFault>> {
    return await this.#proven('machine', id, readMachineText);
  }

  /** The profile as it is now; `undefined` for one that never was. */
  async profile(name: string): Promise<Result<Proven<Profile> | undefined, StoreFault>> {
    return await this.#proven('profile', name, readProfileText);
  }

  async #proven<T extends Machine | Profile>(
    kind: Kind,
    name: string,
    parse: (name: string, text: string) => Result<T, StoreFault>,
  ): Promise<Result<Proven<T> | undefined, StoreFault>> {
    const key = `${kind}:${name}`;
    const known = this.#remembered.get(key);
    const copying = known === undefined ? this.copies.read(kind, name) : undefined;
    const head = await this.store.head(kind, name);
    if (!head.ok || head.value === undefined) return head.ok ? ok(undefined) : head;
    const { etag } = head.value;
    if (known?.etag === etag) return ok(known as Proven<T>);
    const copy = await within(this.platform, COPY_WITHIN_MS, copying ?? this.copies.read(kind, name));
    if (copy?.etag === etag) {
      const value = parse(name, copy.text);
      if (value.ok) return ok(this.#remember(key, { value: value.value, etag }, copy.text));
    }
    return await this.#fromTruth(kind, name, parse);
  }

  async #fromTruth<T extends Machine | Profile>(
    kind: Kind,
    name: string,
    parse: (name: string, text: string) => Result<T, StoreFault>,
  ): Promise<Result<Proven<T>, StoreFault>> {
    const stored = await this.store.read(kind, name);
    if (!stored.ok) return stored;
    // Records are never deleted, so one that was there a moment ago is not gone.
    if (stored.value === undefined) return err({ reason: 'store-unreachable', operation: `read ${kind}` });
    const { text, etag } = stored.value;
    const value = parse(name, text);
    if (!value.ok) return value;
    this.platform.waitUntil(this.copies.write(kind, name, { text, etag }));
    return ok(this.#remember(`${kind}:${name}`, { value: value.value, etag }, text));
  }

  #remember<T extends Machine | Profile>(key: string, proven: Proven<T>, text: string): Proven<T> {
    this.#remembered.delete(key);
    if (text.length > MOST_TEXT) return proven;
    this.#remembered.set(key, proven);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return proven;
  }
}
