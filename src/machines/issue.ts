/** Composes a machine's config for its operator, and gives out its URLs with a pointer to the stored rendering. */

import type { MachineKind } from '../configs/machine-kind.ts';
import type { Composed, LayeredEntry } from '../ignition/compose.ts';
import { newestSpec } from '../ignition/reader.ts';
import { sha512Hex } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { BootPorts } from './boot/boot.ts';
import { kernelArgsOf, madeOfProfiles, releaseFolder } from './boot/boot-parts.ts';
import type { Script } from './boot/boot-script.ts';
import { randomText } from './boot/capability.ts';
import { composeAhead } from './boot/compose-ahead.ts';
import { filled, markUrls, needsRelease, templateOf } from './boot/template.ts';
import { type LayerTexts, openMachine } from './layers/layers.ts';
import { type MachineReader, type ReaderSource, readerFor } from './layers/machine-reader.ts';
import { type Pointer, pointer, type Rendered, renderBeside } from './layers/render.ts';
import { knownUrls } from './layers/variables.ts';
import { badField, type OperatorFault } from './problems.ts';
import { machineDocument } from './records/documents.ts';
import type { IdentityStore } from './records/identities.ts';
import type { CopyStore } from './records/kv.ts';
import { type Machine, type Profile, profilesOf, renderingContext } from './records/model.ts';

export interface MachinePorts extends BootPorts {
  readonly copies: CopyStore;
  readonly identities: IdentityStore;
  /** Returns the version of Ignition of a release, or the lowest of those that an alias may name. A ring has to be there. */
  readonly ignitionOf: (
    place: Pick<Machine, 'channel' | 'board' | 'version'>,
  ) => Promise<Result<string, OperatorFault>>;
}

/** The layers of a machine, with the Ignition that reads them. */
export interface MachineLayers extends LayerTexts {
  readonly reader: MachineReader;
  /** The records of its profiles, in order. */
  readonly records: readonly Profile[];
  /** What the kernel gets: the arguments of the profiles, and then those of the machine. */
  readonly kernelArgs: readonly string[];
}

/** The Ignition that reads a machine's config, as an operator is told. */
export interface Reads {
  readonly version: string;
  /** The newest spec that it reads. */
  readonly spec: string;
  readonly from: ReaderSource;
}

/** Returns what an operator is told of the Ignition that reads a config. */
export const readsOf = (reader: MachineReader): Reads => ({
  version: reader.ignition,
  spec: newestSpec(reader),
  from: reader.from,
});

/** An answer that contains the capability. The operator gets it only when the capability is issued. */
export interface Issued {
  readonly id: string;
  /** The first of its profiles. */
  readonly profile: string | null;
  readonly profiles: readonly string[];
  readonly hostname: string | null;
  readonly kind: MachineKind;
  readonly source?: string;
  readonly generation: number;
  readonly urls: { readonly ignition: string; readonly cloudConfig?: string; readonly metadata: string } & Readonly<
    Record<Script, string>
  >;
  readonly ignition: string | null;
  readonly kernelArgs: readonly string[];
  readonly reads: Reads;
  /** `null` while the machine's layers do not make a valid config. */
  readonly pointer: Pointer | null;
  /** ISO 8601; `null` means never. */
  readonly expiresAt: string | null;
  readonly entries: readonly LayeredEntry[];
}

/** Returns the URLs of the newest capability, and a pointer to the config that they give now. Firmware asks `scriptOrigin`. */
export async function issue(
  ports: MachinePorts,
  machine: Machine,
  origin: string,
  scriptOrigin: string,
): Promise<Result<Issued, OperatorFault>> {
  const { id, profile, kind, source, generation, expiry } = machine;
  const capability = await ports.capabilities.mint({ ...machine, machine: id });
  const url = `${origin}/boot/${capability}`;
  const scripts = `${scriptOrigin}/boot/${capability}`;
  const layers = await layerTextsOf(ports, machine);
  if (!layers.ok) return layers;
  const composed = await composeFor(ports, machine, layers.value, { origin, url });
  const isInvalid = !composed.ok && composed.error.reason === 'invalid';
  if (!composed.ok && !isInvalid) return composed;
  const storedPointer = composed.ok ? await freeze(ports, machine, layers.value, composed.value, url) : ok(null);
  if (!storedPointer.ok) return storedPointer;
  ports.platform.waitUntil(composeAhead(ports, machine));
  const hasText = kind === 'cloud-config' || kind === 'script';
  return ok({
    id,
    profile,
    profiles: profilesOf(machine),
    hostname: machine.hostname ?? null,
    kind,
    ...(source === null ? {} : { source }),
    generation,
    urls: {
      ignition: `${url}/ignition`,
      ...(hasText ? { cloudConfig: `${url}/cloud-config` } : {}),
      ...{ ipxe: `${scripts}/ipxe`, grub: `${scripts}/grub`, pxelinux: `${scripts}/pxelinux` },
      metadata: `${scripts}/metadata`,
    },
    ignition: machine.ignition ?? null,
    kernelArgs: machine.kernelArgs ?? [],
    reads: readsOf(layers.value.reader),
    pointer: storedPointer.value,
    expiresAt: expiry === 0 ? null : new Date(expiry * 1000).toISOString(),
    entries: composed.ok ? composed.value.entries : composed.error.reason === 'invalid' ? composed.error.entries : [],
  });
}

/**
 * Stores a rendering under its hash, and returns the pointer to it. A deletion leaves its tombstone first and removes
 * the renderings then. So the record is looked at again after the write, and a rendering of a machine that was deleted
 * in the meantime goes again.
 */
async function freeze(
  ports: MachinePorts,
  { id, generation }: Machine,
  { records }: MachineLayers,
  composed: Composed,
  url: string,
): Promise<Result<Pointer, OperatorFault>> {
  const sha512 = await sha512Hex(new Uint8Array(new TextEncoder().encode(composed.text)));
  const { store, vault } = ports;
  const sealed = await vault.seal(composed.text, renderingContext(id, sha512));
  const written = await store.writeRendering(id, sha512, JSON.stringify(sealed), {
    ...{ key: sealed.key, generation: String(generation) },
    ...madeOfProfiles(records),
  });
  if (!written.ok) return written;
  const now = await machineDocument(ports, id).read();
  if (!now.ok) return now;
  if (now.value === undefined || now.value.value.deletedAt !== null) {
    const removed = await store.deleteRenderings(id);
    return removed.ok ? err({ reason: 'conflict' }) : removed;
  }
  return ok(pointer(composed.version, `${url}/ignition/${sha512}`, sha512));
}

/** Returns the decrypted layers of the machine's current config. */
export async function layerTextsOf(
  ports: MachinePorts,
  machine: Machine,
): Promise<Result<MachineLayers, OperatorFault>> {
  const records = await profilesNamed(ports, profilesOf(machine));
  if (!records.ok) return records;
  const reader = readerFor(machine, records.value);
  const layers = await openMachine(ports.vault, machine, records.value, reader);
  if (!layers.ok) return layers;
  return ok({ ...layers.value, reader, records: records.value, kernelArgs: kernelArgsOf(machine, records.value) });
}

/** Returns the config that the machine would boot now by its newest URL. The release is asked for only where the config names it. */
export async function composeFor(
  ports: MachinePorts,
  machine: Machine,
  layers: MachineLayers,
  { origin, url }: { readonly origin: string; readonly url: string },
): Promise<Result<Rendered, OperatorFault>> {
  const mark = randomText();
  const marked = await renderBeside(ports.platform, layers, markUrls(mark));
  if (!marked.ok) return err({ reason: 'invalid', entries: marked.error.entries });
  const template = templateOf(marked.value.text, mark);
  const isRelease = needsRelease(template) || marked.value.isByUrl;
  const release = isRelease ? await releaseFolder(ports, machine, origin) : ok('');
  if (!release.ok) return release;
  if (!marked.value.isByUrl)
    return ok({ ...marked.value, text: filled(template, { machine: url, release: release.value }) });
  const rendered = await renderBeside(ports.platform, layers, knownUrls(url, release.value));
  return rendered.ok ? rendered : err({ reason: 'invalid', entries: rendered.error.entries });
}

/** Returns the current profiles of these names, in order. */
export async function profilesNamed(
  ports: MachinePorts,
  names: readonly string[],
): Promise<Result<readonly Profile[], OperatorFault>> {
  const found = await Promise.all(names.map((name) => ports.current.profile(name)));
  const profiles: Profile[] = [];
  for (const [at, proven] of found.entries()) {
    if (!proven.ok) return proven;
    const profile = proven.value?.value;
    if (profile === undefined || profile.deletedAt !== null)
      return err(badField('profile', `there is no profile ${names[at]}`));
    profiles.push(profile);
  }
  return ok(profiles);
}
