/** An operator's actions on machines. Each writes to R2 first, and then writes the copy in KV. */

import { longNames } from '../configs/long-names.ts';
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
  /** The text that boots; empty when there is none. */
  readonly text: string;
  /** The text that `text` was transpiled from; `undefined` when there is none. */
  readonly sourceText: string | undefined;
  /**
   * Seconds from now until the new URLs expire. With `undefined`, an existing machine keeps its URLs, and the URLs of a
   * new machine never expire.
   */
  readonly expiresIn: number | undefined;
  /** From a backup: the values that the machine's URLs were made of. */
  readonly identity?: Pick<Machine, 'epoch' | 'nonce' | 'expiry' | 'createdAt'>;
  readonly channel: string;
  readonly board: string;
  readonly version: string;
}

/** An answer that contains the capability. The operator gets it only when the capability is issued. */
export interface Issued {
  readonly id: string;
  readonly profile: string | null;
  readonly kind: MachineKind;
  readonly source?: string;
  readonly generation: number;
  readonly urls: { readonly ignition: string; readonly cloudConfig?: string; readonly ipxe: string };
  /** `null` while the machine's layers do not make a valid config. */
  readonly pointer: Pointer | null;
  /** ISO 8601; `null` means never. */
  readonly expiresAt: string | null;
  readonly entries: readonly LayeredEntry[];
}

/** Creates or replaces a machine, and returns its URLs. */
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

/**
 * Creates or replaces a machine, and returns its record. Nothing is stored unless its layers make a valid config.
 * A PUT and an import both end here.
 */
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
  const tooLong = longNames(wanted.text).map((entry) => ({ ...entry, layer: 'user' as const }));
  if (tooLong.length > 0) return err({ reason: 'invalid', entries: tooLong });
  if (wanted.profile !== null) {
    // The use is written before the record, so that a change of the profile finds every machine that uses it.
    const used = await ports.store.writeUse(wanted.profile, id);
    if (!used.ok) return used;
  }
  return await changeMachine(ports, id, (before) => replaced(ports, id, before, wanted));
}

/** Issues a new capability, and returns its URLs. `revoke` ends all older capabilities. */
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

/** Leaves a tombstone, so that the machine's URLs answer 410 for ever. User data and renderings are deleted. */
export async function deleteMachine(ports: MachinePorts, id: string): Promise<Result<Machine, OperatorFault>> {
  const stored = await changeMachine(ports, id, async (before) => {
    if (before === undefined) return err({ reason: 'unknown', what: 'machine' });
    if (before.deletedAt !== null) return err({ reason: 'deleted' });
    const now = isoNow(ports);
    return ok({ ...before, deletedAt: now, updatedAt: now, kind: 'none', userData: null, sourceText: null });
  });
  const isGone = stored.ok || stored.error.reason === 'deleted';
  // If the store failed before the renderings were deleted, a second DELETE deletes them.
  const cleared = isGone ? await ports.store.deleteRenderings(id) : ok(undefined);
  return cleared.ok ? stored : cleared;
}

/** Returns the record of a machine. A deleted and an unknown machine are faults. */
export async function readMachine(ports: MachinePorts, id: string): Promise<Result<Machine, OperatorFault>> {
  const stored = await machineDocument(ports.store, id).read();
  if (!stored.ok) return stored;
  if (stored.value === undefined) return err({ reason: 'unknown', what: 'machine' });
  const { value } = stored.value;
  return value.deletedAt === null ? ok(value) : err({ reason: 'deleted' });
}

/** Returns the decrypted layers of the machine's current config. */
export async function layerTextsOf(ports: MachinePorts, machine: Machine): Promise<Result<LayerTexts, OperatorFault>> {
  const profile = await profileNamed(ports, machine.profile);
  if (!profile.ok) return profile;
  const layers = await openProfile(ports.vault, profile.value);
  if (!layers.ok) return layers;
  const user = await openUserData(ports.vault, machine);
  return user.ok ? ok({ ...layers.value, user: user.value }) : user;
}

/** Returns the config that the machine would boot now. */
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

/** Returns the current profile of that name; `undefined` when `name` is `null`. */
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

/** Changes the record by compare-and-set, and then writes its copy. */
async function changeMachine(
  ports: MachinePorts,
  id: string,
  nextRecord: (before: Machine | undefined) => Promise<Result<Machine, OperatorFault>>,
): Promise<Result<Machine, OperatorFault>> {
  const document = machineDocument(ports.store, id);
  const changed = await change(ports.platform, document, (before) => nextRecord(before?.value), ON_THE_LINE);
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
  // A machine under a deleted machine's id is a new machine: the old capabilities must not open it.
  const existing = before !== undefined && before.deletedAt === null ? before : undefined;
  const renews = existing === undefined || wanted.expiresIn !== undefined;
  const seal = async (text: string, field: 'userData' | 'sourceText') =>
    await ports.vault.seal(text, machineContext({ id, generation }, field));
  return ok({
    // A later version of this software may have added fields to the record.
    ...existing,
    id,
    profile: wanted.profile,
    kind: wanted.kind,
    source: wanted.source,
    generation,
    epoch: existing?.epoch ?? randomText(),
    nonce: renews ? randomText() : existing.nonce,
    expiry: renews ? expiryOf(ports, wanted.expiresIn) : existing.expiry,
    channel: wanted.channel,
    board: wanted.board,
    version: wanted.version,
    createdAt: existing?.createdAt ?? now,
    ...wanted.identity,
    updatedAt: now,
    deletedAt: null,
    userData: wanted.text === '' ? null : await seal(wanted.text, 'userData'),
    sourceText: wanted.sourceText === undefined ? null : await seal(wanted.sourceText, 'sourceText'),
  });
}

/** Returns the URLs of the newest capability, and a pointer to the config that they give now. */
async function issue(ports: MachinePorts, machine: Machine, origin: string): Promise<Result<Issued, OperatorFault>> {
  const { id, profile, kind, source, generation, expiry } = machine;
  const capability = await ports.capabilities.mint({ ...machine, machine: id });
  const url = `${origin}/boot/${capability}`;
  const composed = await composeFor(ports, machine, `${url}/cloud-config`);
  const isInvalid = !composed.ok && composed.error.reason === 'invalid';
  if (!composed.ok && !isInvalid) return composed;
  const storedPointer = composed.ok ? await freeze(ports, id, composed.value, url) : ok(null);
  if (!storedPointer.ok) return storedPointer;
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
    pointer: storedPointer.value,
    expiresAt: expiry === 0 ? null : new Date(expiry * 1000).toISOString(),
    entries: composed.ok ? composed.value.entries : composed.error.reason === 'invalid' ? composed.error.entries : [],
  });
}

/** Stores a rendering under its hash, and returns the pointer to it. */
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
