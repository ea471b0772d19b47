/** What an operator does with machines: write, look at, explain, give new capabilities, delete. R2 first, then the copy. */

import type { MachineKind } from '../configs/user-data.ts';
import type { Composed, LayeredEntry } from '../ignition/compose.ts';
import { sha512Hex } from '../shared/bytes.ts';
import { change } from '../shared/document.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { BootPorts } from './boot/boot.ts';
import { randomText } from './boot/capability.ts';
import {
  type LayerTexts,
  openProfile,
  openUserData,
  type Pointer,
  pointer,
  render,
  SAMPLE_CLOUD_CONFIG_URL,
} from './boot/render.ts';
import type { OperatorFault } from './problems.ts';
import { machineDocument, ON_THE_LINE, recordText } from './records/documents.ts';
import type { CopyStore } from './records/kv.ts';
import { type Machine, machineContext, type Profile, renderingContext } from './records/model.ts';

export interface MachinePorts extends BootPorts {
  readonly copies: CopyStore;
}

export interface NewMachine {
  readonly profile: string | null;
  readonly kind: MachineKind;
  readonly source: Machine['source'];
  /** As it boots; empty: none. */
  readonly text: string;
  /** What it was made from, where that is another text. */
  readonly sourceText: string | undefined;
  /** Seconds from now at which new URLs end. Absent: the URLs that are there stay, and those of a new machine never end. */
  readonly expiresIn: number | undefined;
  /** From a backup: what its URLs were made of then. */
  readonly identity?: Pick<Machine, 'epoch' | 'nonce' | 'expiry' | 'createdAt'>;
  readonly channel: string;
  readonly board: string;
  readonly version: string;
}

/** What the operator is told once: it holds the capability. */
export interface Issued {
  readonly id: string;
  readonly profile: string | null;
  readonly kind: MachineKind;
  readonly source?: string;
  readonly generation: number;
  readonly urls: { readonly ignition: string; readonly cloudConfig?: string; readonly ipxe: string };
  /** `null` while the machine's parts do not make a valid config. */
  readonly pointer: Pointer | null;
  /** ISO 8601; `null`: never. */
  readonly expiresAt: string | null;
  readonly entries: readonly LayeredEntry[];
}

/** Creates or replaces a machine, and gives out its URLs. */
export async function putMachine(
  ports: MachinePorts,
  id: string,
  wanted: NewMachine,
  origin: string,
): Promise<Result<Issued, OperatorFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  const stored = await writeMachine(ports, id, wanted);
  return stored.ok ? await issue(ports, stored.value, origin) : stored;
}

/** Creates or replaces a machine; what its parts make must be valid, or nothing is stored. A PUT and an import both end here. */
export async function writeMachine(
  ports: MachinePorts,
  id: string,
  wanted: NewMachine,
): Promise<Result<Machine, OperatorFault>> {
  const profile = await profileNamed(ports, wanted.profile);
  if (!profile.ok) return profile;
  const layers = await openProfile(ports.vault, profile.value);
  if (!layers.ok) return layers;
  const user = wanted.text === '' ? undefined : wanted.text;
  const rendered = render({ ...layers.value, user }, SAMPLE_CLOUD_CONFIG_URL);
  if (!rendered.ok) return err({ reason: 'invalid', entries: rendered.error.entries });
  if (wanted.profile !== null) {
    // Before the record: whoever changes the profile must find every machine that uses it.
    const used = await ports.store.writeUse(wanted.profile, id);
    if (!used.ok) return used;
  }
  return await changeMachine(ports, id, (before) => replaced(ports, id, before, wanted));
}

/** A new capability; `revoke` ends all older ones. */
export async function issueToken(
  ports: MachinePorts,
  id: string,
  { revoke, expiresIn }: { readonly revoke: boolean; readonly expiresIn: number | undefined },
  origin: string,
): Promise<Result<Issued, OperatorFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  const stored = await changeMachine(ports, id, async (before) => {
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    return ok({
      ...before,
      ...(revoke ? { epoch: randomText() } : {}),
      nonce: randomText(),
      expiry: expiryOf(ports, expiresIn),
      updatedAt: isoNow(ports),
    });
  });
  return stored.ok ? await issue(ports, stored.value, origin) : stored;
}

/** Leaves a tombstone, so that the machine's URLs answer 410 for ever, and nothing of what it held. */
export async function deleteMachine(ports: MachinePorts, id: string): Promise<Result<Machine, OperatorFault>> {
  const stored = await changeMachine(ports, id, async (before) => {
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    const now = isoNow(ports);
    return ok({ ...before, deletedAt: now, updatedAt: now, kind: 'none', userData: null, sourceText: null });
  });
  const isGone = stored.ok || stored.error.reason === 'deleted';
  // Asked again after a store failed half-way, this finishes what is left.
  const cleared = isGone ? await ports.store.deleteRenderings(id) : ok(undefined);
  return cleared.ok ? stored : cleared;
}

/** The record, tombstones and unknown machines as faults. */
export async function readMachine(ports: MachinePorts, id: string): Promise<Result<Machine, OperatorFault>> {
  const stored = await machineDocument(ports.store, id).read();
  if (!stored.ok) return stored;
  if (stored.value === undefined) return err({ reason: 'unknown', what: 'machine' });
  const { value } = stored.value;
  return value.deletedAt === null ? ok(value) : err({ reason: 'deleted' });
}

/** Everything that goes into the machine's config now. */
export async function layerTextsOf(ports: MachinePorts, machine: Machine): Promise<Result<LayerTexts, OperatorFault>> {
  const profile = await profileNamed(ports, machine.profile);
  if (!profile.ok) return profile;
  const layers = await openProfile(ports.vault, profile.value);
  if (!layers.ok) return layers;
  const user = await openUserData(ports.vault, machine);
  return user.ok ? ok({ ...layers.value, user: user.value }) : user;
}

/** What the machine would boot from now. */
async function composeFor(
  ports: MachinePorts,
  machine: Machine,
  cloudConfigUrl: string,
): Promise<Result<Composed, OperatorFault>> {
  const layers = await layerTextsOf(ports, machine);
  if (!layers.ok) return layers;
  const rendered = render(layers.value, cloudConfigUrl);
  return rendered.ok ? rendered : err({ reason: 'invalid', entries: rendered.error.entries });
}

/** The profile of that name, proven current; `undefined` for no name. */
async function profileNamed(
  ports: MachinePorts,
  name: string | null,
): Promise<Result<Profile | undefined, OperatorFault>> {
  if (name === null) return ok(undefined);
  const proven = await ports.current.profile(name);
  if (!proven.ok) return proven;
  const profile = proven.value?.value;
  if (profile !== undefined && profile.deletedAt === null) return ok(profile);
  return err({ reason: 'bad-value', field: 'profile', message: `no profile ${name}` });
}

/** Reads, changes and writes until nobody came in between; then hands the copy on. */
async function changeMachine(
  ports: MachinePorts,
  id: string,
  how: (before: Machine | undefined) => Promise<Result<Machine, OperatorFault>>,
): Promise<Result<Machine, OperatorFault>> {
  const document = machineDocument(ports.store, id);
  const changed = await change(ports.platform, document, (before) => how(before?.value), ON_THE_LINE);
  if (!changed.ok) return changed;
  if (changed.value === undefined) return err({ reason: 'unknown', what: 'machine' });
  const { value, etag } = changed.value;
  ports.platform.waitUntil(ports.copies.write('machine', id, { text: recordText(value), etag }));
  return ok(value);
}

async function replaced(
  ports: MachinePorts,
  id: string,
  before: Machine | undefined,
  wanted: NewMachine,
): Promise<Result<Machine, OperatorFault>> {
  const now = isoNow(ports);
  const generation = (before?.generation ?? 0) + 1;
  // A machine of a deleted one's name is another machine: its capabilities must not open it.
  const kept = before !== undefined && before.deletedAt === null ? before : undefined;
  const renews = kept === undefined || wanted.expiresIn !== undefined;
  const seal = async (text: string, part: 'userData' | 'sourceText') =>
    await ports.vault.seal(text, machineContext({ id, generation }, part));
  return ok({
    // What a later version of this software has put there.
    ...kept,
    id,
    profile: wanted.profile,
    kind: wanted.kind,
    source: wanted.source,
    generation,
    epoch: kept?.epoch ?? randomText(),
    nonce: renews ? randomText() : kept.nonce,
    expiry: renews ? expiryOf(ports, wanted.expiresIn) : kept.expiry,
    channel: wanted.channel,
    board: wanted.board,
    version: wanted.version,
    createdAt: kept?.createdAt ?? now,
    ...wanted.identity,
    updatedAt: now,
    deletedAt: null,
    userData: wanted.text === '' ? null : await seal(wanted.text, 'userData'),
    sourceText: wanted.sourceText === undefined ? null : await seal(wanted.sourceText, 'sourceText'),
  });
}

/** URLs of the newest capability, and a pointer to what they give now. */
async function issue(ports: MachinePorts, machine: Machine, origin: string): Promise<Result<Issued, OperatorFault>> {
  const { id, profile, kind, source, generation, expiry } = machine;
  const capability = await ports.capabilities.mint({ ...machine, machine: id });
  const url = `${origin}/boot/${capability}`;
  const composed = await composeFor(ports, machine, `${url}/cloud-config`);
  const isInvalid = !composed.ok && composed.error.reason === 'invalid';
  if (!composed.ok && !isInvalid) return composed;
  const frozen = composed.ok ? await freeze(ports, id, composed.value, url) : ok(null);
  if (!frozen.ok) return frozen;
  const hasText = kind === 'cloud-config' || kind === 'script';
  return ok({
    id,
    profile,
    kind,
    ...(source === null ? {} : { source }),
    generation,
    urls: {
      ignition: `${url}/ignition`,
      ...(hasText ? { cloudConfig: `${url}/cloud-config` } : {}),
      ipxe: `${url}/ipxe`,
    },
    pointer: frozen.value,
    expiresAt: expiry === 0 ? null : new Date(expiry * 1000).toISOString(),
    entries: composed.ok ? composed.value.entries : composed.error.reason === 'invalid' ? composed.error.entries : [],
  });
}

async function freeze(
  { store, vault }: MachinePorts,
  id: string,
  composed: Composed,
  url: string,
): Promise<Result<Pointer, OperatorFault>> {
  const sha512 = await sha512Hex(new Uint8Array(new TextEncoder().encode(composed.text)));
  const sealed = await vault.seal(composed.text, renderingContext(id, sha512));
  const written = await store.writeRendering(id, sha512, JSON.stringify(sealed), { key: sealed.key });
  return written.ok ? ok(pointer(composed.version, `${url}/ignition/${sha512}`, sha512)) : written;
}

const isoNow = ({ platform }: MachinePorts): string => new Date(platform.now()).toISOString();

const expiryOf = ({ platform }: MachinePorts, expiresIn: number | undefined): number =>
  expiresIn === undefined ? 0 : Math.floor(platform.now() / 1000) + expiresIn;
