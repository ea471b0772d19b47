/**
 * Composes what a machine boots, once: the config is a function of the machine's record, its profile's record and the
 * URL of the cloud-config. An isolate remembers it by the etags of both records, and R2 keeps an expensive one, sealed.
 * Neither decides what is current: the caller has proven both etags before.
 */
import { type Platform, within } from '../../shared/platform.ts';
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { SingleFlight } from '../../shared/single-flight.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { MachineStore } from '../records/bucket.ts';
import type { ComposedStore } from '../records/composed.ts';
import type { Proven } from '../records/current.ts';
import { type Machine, type Profile, parseSealed, type Sealed } from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';
import { randomText } from './capability.ts';
import { readerFor } from './machine-reader.ts';
import { openProfile, openUserData, renderInTurns } from './render.ts';
import { BoundedMemory, type Template, templateOf } from './template.ts';

export interface ComposerPorts {
  readonly platform: Platform;
  readonly store: MachineStore;
  readonly composed: ComposedStore;
  readonly vault: Vault;
}

/** What a config is composed of. */
export interface Ingredients {
  readonly machine: Proven<Machine>;
  /** `undefined` when the machine has no profile. */
  readonly profile: Proven<Profile> | undefined;
}

/** The layers make no valid config. `entry` is the first error: its layer and its path. */
type InvalidLayers = { readonly reason: 'invalid-layers'; readonly entry: string };
export type ComposerFault = InvalidLayers | VaultFault | StoreFault;

export interface ComposerOptions {
  /** Configs whose layers are at least this long together, in characters as they are stored, are kept in R2. */
  readonly keptFrom?: number;
  readonly render?: typeof renderInTurns;
}

/** Raise it with every change of what composing gives for the same layers: what was composed before counts no more. */
const COMPOSITION = 3;
/** A shorter config costs less to compose than to read. */
const KEPT_FROM = 32 * 1024;
const REMEMBERED_BYTES = 16 * 1024 * 1024;
const MOST_BYTES_OF_ONE = 6 * 1024 * 1024;
/** A composition that was cut off must not hold up the next one for longer. */
const TURN_WITHIN_MS = 2_000;
/** Nor must it hold up another boot of the same machine: that one still answers in time. */
const LEADER_WITHIN_MS = 4_000;

type Outcome = Result<Template, InvalidLayers>;

export class Composer {
  readonly #remembered = new BoundedMemory<Outcome>(REMEMBERED_BYTES, MOST_BYTES_OF_ONE);
  readonly #flights: SingleFlight<Template, ComposerFault>;
  /** Ends when the last of the expensive compositions that were asked for has ended. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ports: ComposerPorts,
    private readonly options: ComposerOptions = {},
  ) {
    this.#flights = new SingleFlight(ports.platform, LEADER_WITHIN_MS);
  }

  /** Returns the config that these records give. Several calls for the same records compose once. */
  async template(of: Ingredients): Promise<Result<Template, ComposerFault>> {
    const context = contextOf(of);
    const remembered = this.#remembered.get(context);
    return remembered ?? (await this.#flights.run(context, () => this.#fromStoreOrNew(of, context)));
  }

  /** Deletes what R2 keeps for a machine. */
  async remove(id: string): Promise<Result<undefined, StoreFault>> {
    return await this.ports.composed.remove(id);
  }

  async #fromStoreOrNew(of: Ingredients, context: string): Promise<Result<Template, ComposerFault>> {
    // A follower that takes over from a leader comes here too.
    const remembered = this.#remembered.get(context);
    if (remembered !== undefined) return remembered;
    if (!this.#isKept(of)) return await this.#compose(of, context);
    const kept = await this.#kept(of, context);
    if (kept !== undefined) return this.#remember(context, ok(kept));
    return await this.#inTurn(() => this.#compose(of, context));
  }

  /** Returns what R2 keeps, if it was composed of these records. Everything else is composed anew and overwritten. */
  async #kept({ machine }: Ingredients, context: string): Promise<Template | undefined> {
    const { composed, vault } = this.ports;
    const stored = await composed.read(machine.value.id);
    if (!stored.ok || stored.value === undefined) return undefined;
    const sealed = understood('composed', parseSealed(stored.value));
    const text = sealed.ok ? await vault.open(sealed.value, context) : sealed;
    if (!text.ok) return undefined;
    const end = text.value.indexOf('\n');
    return end === -1 ? undefined : templateOf(text.value.slice(end + 1), text.value.slice(0, end));
  }

  async #compose(of: Ingredients, context: string): Promise<Result<Template, ComposerFault>> {
    const { platform, vault } = this.ports;
    const user = await openUserData(vault, of.machine.value);
    if (!user.ok) return user;
    const layers = await openProfile(vault, of.profile?.value);
    if (!layers.ok) return layers;
    // Nobody can know it, so it stands in the text only where the URL goes.
    const mark = `https://edge.invalid/${randomText()}`;
    const pause = () => (this.#isKept(of) ? platform.timer(0).elapsed : undefined);
    const render = this.options.render ?? renderInTurns;
    const reader = readerFor(of.machine.value, of.profile?.value);
    const rendered = await render({ ...layers.value, user: user.value, reader }, mark, pause);
    if (!rendered.ok) {
      const first = rendered.error.entries.find(({ severity }) => severity === 'error');
      const entry = first === undefined ? '' : `${first.layer}: ${first.path}`;
      return this.#remember(context, err({ reason: 'invalid-layers', entry }));
    }
    const { text } = rendered.value;
    if (this.#isKept(of)) platform.waitUntil(this.#keep(of, context, `${mark}\n${text}`));
    return this.#remember(context, ok(templateOf(text, mark)));
  }

  /** What cannot be written is composed again by the next isolate. */
  async #keep({ machine }: Ingredients, context: string, text: string): Promise<void> {
    const { store, composed, vault } = this.ports;
    const { id } = machine.value;
    const sealed = await vault.seal(text, context);
    await composed.write(id, JSON.stringify(sealed), sealed.key);
    // A deletion meanwhile has found nothing to delete.
    const head = await store.head('machine', id);
    if (!head.ok || head.value?.etag !== machine.etag) await composed.remove(id);
  }

  /** Runs expensive compositions one after the other, so that their memory and their turns do not add up. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await within(this.ports.platform, TURN_WITHIN_MS, before);
      return await work();
    } finally {
      resolve();
    }
  }

  /** Returns true when R2 keeps what these layers give. */
  isExpensive(layers: readonly (Sealed | null | undefined)[]): boolean {
    const length = layers.reduce((sum, layer) => sum + (layer?.data.length ?? 0), 0);
    return length >= (this.options.keptFrom ?? KEPT_FROM);
  }

  #isKept({ machine, profile }: Ingredients): boolean {
    return this.isExpensive([machine.value.userData, profile?.value.base, profile?.value.default]);
  }

  #remember(context: string, outcome: Outcome): Outcome {
    this.#remembered.set(context, outcome, outcome.ok ? outcome.value : [outcome.error.entry]);
    return outcome;
  }
}

const contextOf = ({ machine, profile }: Ingredients): string =>
  `composed:${COMPOSITION}:${machine.value.id}:${machine.etag}:${profile?.etag ?? ''}`;
