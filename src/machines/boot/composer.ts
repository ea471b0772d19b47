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
import { openMachine } from '../layers/layers.ts';
import { readerFor } from '../layers/machine-reader.ts';
import { type Rendered, type RenderFault, renderInTurns } from '../layers/render.ts';
import { knownUrls, type Urls } from '../layers/variables.ts';
import type { MachineStore } from '../records/bucket.ts';
import type { ComposedStore } from '../records/composed.ts';
import type { Proven } from '../records/current.ts';
import { type Machine, type Profile, parseSealed, type Sealed } from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';
import { BoundedMemory } from './bounded-memory.ts';
import { randomText } from './capability.ts';
import { filled, markUrls, needsRelease, type Template, templateOf } from './template.ts';

export interface ComposerPorts {
  readonly platform: Platform;
  readonly store: MachineStore;
  readonly composed: ComposedStore;
  readonly vault: Vault;
}

/** What a config is composed of. */
export interface Ingredients {
  readonly machine: Proven<Machine>;
  /** Those that the machine names, in order. */
  readonly profiles: readonly Proven<Profile>[];
}

/** Where the machine is served, for the variables that are URLs. */
export interface Places<F> {
  /** Its boot URL without what is behind the capability. */
  readonly machine: string;
  /** Returns the folder of its release. It is asked only where a config holds it. */
  readonly release: () => Promise<Result<string, F>>;
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
const COMPOSITION = 4;
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

  /** Returns the config that these records give, with its URLs. */
  async text<F>(of: Ingredients, { machine, release }: Places<F>): Promise<Result<string, ComposerFault | F>> {
    const template = await this.template(of);
    if (!template.ok) return template;
    const folder = needsRelease(template.value) || template.value.isByUrl ? await release() : ok('');
    if (!folder.ok) return folder;
    if (!template.value.isByUrl) return ok(filled(template.value, { machine, release: folder.value }));
    // Nobody can put a URL into bytes afterwards.
    const context = `${contextOf(of)} ${machine} ${folder.value}`;
    const urls = knownUrls(machine, folder.value);
    const byUrl =
      this.#remembered.get(context) ?? (await this.#flights.run(context, () => this.#byUrl(of, context, urls)));
    return byUrl.ok ? ok(byUrl.value.texts.join('')) : byUrl;
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
    // Nobody can know it, so it stands in the text only where a URL goes.
    const mark = randomText();
    const rendered = await this.#rendered(of, markUrls(mark));
    if (!rendered.ok)
      return rendered.error.reason === 'invalid-layers'
        ? this.#remember(context, err(rendered.error))
        : err(rendered.error);
    const { text, isByUrl } = rendered.value;
    if (isByUrl) return this.#remember(context, ok(templateOf('', mark, true)));
    if (this.#isKept(of)) this.ports.platform.waitUntil(this.#keep(of, context, `${mark}\n${text}`));
    return this.#remember(context, ok(templateOf(text, mark)));
  }

  async #byUrl(of: Ingredients, context: string, urls: Urls): Promise<Result<Template, ComposerFault>> {
    const remembered = this.#remembered.get(context);
    if (remembered !== undefined) return remembered;
    const rendered = await this.#inTurn(() => this.#rendered(of, urls));
    if (!rendered.ok) return rendered;
    return this.#remember(context, ok({ texts: [rendered.value.text], gaps: [], isByUrl: false }));
  }

  async #rendered(of: Ingredients, urls: Urls): Promise<Result<Rendered, ComposerFault>> {
    const { platform, vault } = this.ports;
    const profiles = of.profiles.map(({ value }) => value);
    const layers = await openMachine(vault, of.machine.value, profiles, readerFor(of.machine.value, profiles));
    if (!layers.ok) return layers;
    const pause = () => (this.#isKept(of) ? platform.timer(0).elapsed : undefined);
    const rendered = await (this.options.render ?? renderInTurns)(layers.value, urls, pause);
    return rendered.ok ? rendered : err(invalidLayers(rendered.error));
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

  #isKept({ machine, profiles }: Ingredients): boolean {
    return this.isExpensive([machine.value.userData, ...profiles.flatMap(({ value }) => [value.base, value.default])]);
  }

  #remember(context: string, outcome: Outcome): Outcome {
    this.#remembered.set(context, outcome, outcome.ok ? outcome.value.texts : [outcome.error.entry]);
    return outcome;
  }
}

function invalidLayers({ entries }: RenderFault): InvalidLayers {
  const first = entries.find(({ severity }) => severity === 'error');
  return { reason: 'invalid-layers', entry: first === undefined ? '' : `${first.layer}: ${first.path}` };
}

const contextOf = ({ machine, profiles }: Ingredients): string =>
  `composed:${COMPOSITION}:${machine.value.id}:${machine.etag}:${profiles.map(({ etag }) => etag).join()}`;
