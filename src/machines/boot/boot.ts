/**
 * Answers a machine that boots. Ignition retries every 5xx and treats every 4xx as final (internal/resource/http.go in
 * coreos/ignition). So a 4xx needs proof. When the stores prove nothing, the answer is 503; it is never the default
 * config, and never an empty one.
 */
import { sha512Hex } from '../../shared/bytes.ts';
import { type Platform, within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { cloudInitOf, needsCloudInit } from '../layers/cloud-init.ts';
import { openProfiles } from '../layers/layers.ts';
import { engineOf } from '../layers/render.ts';
import type { MachineStore } from '../records/bucket.ts';
import type { Current, Proven } from '../records/current.ts';
import type { HandedStore } from '../records/handed.ts';
import { type Machine, type Profile, profilesOf } from '../records/model.ts';
import type { ServedStore } from '../records/served.ts';
import { isRevoked } from '../records/urls.ts';
import type { Vault, VaultFault } from '../records/vault.ts';
import { type Body, cloudConfig, frozen, IGNITION, type Made, metadata, type NotThere, TEXT } from './bodies.ts';
import {
  type HasUpdates,
  kernelArgsOf,
  madeOfProfiles,
  type ReleaseOf,
  type ReleaseUnknown,
  releaseFolder,
} from './boot-parts.ts';
import { bootScript, kernelLine, MOST_LINE_BYTES, type Script } from './boot-script.ts';
import type { Capabilities, Capability } from './capability.ts';
import type { Composer } from './composer.ts';
import { type Ended, isOpen, noteHandedOut } from './once.ts';

export type Wanted =
  | { readonly what: 'ignition' | 'cloud-config' | Script }
  /** What the machine says of itself, as a cloud's metadata service has it at this path. */
  | { readonly what: 'metadata'; readonly path: string }
  /** The rendering that a pointer names by its hash. */
  | { readonly what: 'frozen'; readonly sha512: string };

export interface BootPorts {
  readonly served: ServedStore;
  readonly platform: Platform;
  readonly releaseOf: ReleaseOf;
  readonly hasUpdates: HasUpdates;
  readonly store: MachineStore;
  readonly current: Current;
  readonly vault: Vault;
  readonly capabilities: Capabilities;
  readonly composer: Composer;
  readonly handed: HandedStore;
}

export interface BootRequest {
  readonly capability: string;
  readonly wanted: Wanted;
  /** The origin under which clients reach this service, such as `https://edge.example`; for a script, the one that it was asked with. */
  readonly origin: string;
  /** True for a request that must change nothing. */
  readonly isHead?: boolean;
  /** What a script asks when its downloads have failed for a while; absent: itself. */
  readonly again?: string;
}

export interface BootAnswer {
  readonly body: string;
  readonly contentType: string;
  readonly machine: Machine;
  /** The SHA-512 of the body, in hexadecimal. */
  readonly sha512: string;
  /** What the config was composed of; absent for a body that is no config. */
  readonly made?: Made | undefined;
  /** The number of the release that a script boots. */
  readonly release?: string | undefined;
  /** Why it is not what the machine would boot by its URL now, in words. */
  readonly older?: string | undefined;
}

/** A fault of a boot. `machine` is there when the capability has proven it. */
export type BootFault = Fault & { readonly machine?: string };

type Fault =
  /** This service did not mint the capability. No store was read. */
  | { readonly reason: 'forged' }
  | { readonly reason: 'expired' | 'revoked' | 'deleted'; readonly machine: string; readonly generation?: number }
  | Ended
  | NotThere
  | { readonly reason: 'no-secret' | 'record-missing' | 'too-slow' }
  | { readonly reason: 'line-too-long'; readonly bytes: number }
  | ReleaseUnknown
  /** The machine's layers no longer make a valid config, because its profile has changed. `entry`: layer and path. */
  | {
      readonly reason: 'invalid';
      readonly machine: string;
      readonly generation: number;
      readonly entry: string;
      readonly profile?: string;
      readonly profileGeneration?: string;
    }
  | VaultFault
  | StoreFault;

/** Ignition waits 10 s for the headers of an answer (internal/resource/http.go in coreos/ignition). */
export const ANSWER_WITHIN_MS = 7_000;

/** Returns the body to serve, or the reason why there is none. A forged capability costs no store read. */
export async function answerBoot(ports: BootPorts, request: BootRequest): Promise<Result<BootAnswer, BootFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  const capability = await ports.capabilities.read(request.capability);
  if (capability === undefined) return err({ reason: 'forged' });
  const { machine, expiry } = capability;
  if (expiry !== 0 && ports.platform.now() >= expiry * 1000) return err({ reason: 'expired', machine });
  const answer = await within(ports.platform, ANSWER_WITHIN_MS, answerProven(ports, request, capability));
  if (answer === undefined) return err({ reason: 'too-slow', machine });
  return answer.ok ? answer : err({ machine, ...answer.error });
}

async function answerProven(
  ports: BootPorts,
  request: BootRequest,
  capability: Capability,
): Promise<Result<BootAnswer, BootFault>> {
  const proven = await provenFor(ports, capability);
  return proven.ok ? await answerFor(ports, request, proven.value) : proven;
}

/** Returns the machine's record, if the capability opens it. */
export async function provenFor(
  { current }: Pick<BootPorts, 'current'>,
  capability: Capability,
): Promise<Result<Proven<Machine>, BootFault>> {
  const proven = await current.machine(capability.machine);
  if (!proven.ok) return proven;
  // A valid capability proves that the machine existed. A missing record is our loss, so it must not be a 404.
  if (proven.value === undefined) return err({ reason: 'record-missing' });
  const { id, generation, deletedAt, epoch } = proven.value.value;
  if (deletedAt !== null) return err({ reason: 'deleted', machine: id, generation });
  const isEnded = epoch !== capability.epoch || isRevoked(proven.value.value, capability.nonce);
  if (isEnded) return err({ reason: 'revoked', machine: id, generation });
  return ok(proven.value);
}

/** Returns the body for a machine whose record was proven, and which the request may have. */
export async function answerFor(
  ports: BootPorts,
  request: BootRequest,
  proven: Proven<Machine>,
): Promise<Result<BootAnswer, BootFault>> {
  const machine = proven.value;
  const isStillOpen = await isOpen(ports, machine);
  if (!isStillOpen.ok) return isStillOpen;
  const body = await bodyFor(ports, request, proven);
  if (!body.ok) return body;
  const noted = isConfig(request, machine) ? await noteHandedOut(ports, machine) : ok(undefined);
  if (!noted.ok) return noted;
  const { text, contentType, made, release, older } = body.value;
  const sha512 = await sha512Hex(new Uint8Array(new TextEncoder().encode(text)));
  return ok({ body: text, contentType, machine, sha512, made, release, older });
}

/** The values of variables may be secrets as a config's are. */
const isConfig = ({ wanted, isHead = false }: BootRequest, { vars = null }: Machine): boolean =>
  !isHead &&
  (wanted.what === 'metadata'
    ? vars !== null && wanted.path === 'env'
    : wanted.what === 'ignition' || wanted.what === 'frozen' || wanted.what === 'cloud-config');

async function bodyFor(
  ports: BootPorts,
  request: BootRequest,
  proven: Proven<Machine>,
): Promise<Result<Body, BootFault>> {
  const machine = proven.value;
  const { wanted, origin, capability } = request;
  const url = `${origin}/boot/${capability}`;
  switch (wanted.what) {
    case 'cloud-config':
      return await cloudConfig(ports, machine);
    case 'metadata':
      return await metadata(ports, machine, wanted.path);
    case 'frozen':
      return await frozen(ports, machine, wanted.sha512);
    case 'ignition':
      return await ignition(ports, proven, { origin, url });
    default:
      return await script(ports, machine, wanted.what, {
        origin,
        url,
        again: request.again ?? `${url}/${wanted.what}`,
      });
  }
}

/** Renders the script that firmware boots by. Its kernel and its initrd are of the release that the alias names now. */
async function script(
  ports: BootPorts,
  machine: Machine,
  what: Script,
  { origin, url, again }: { readonly origin: string; readonly url: string; readonly again: string },
): Promise<Result<Body, BootFault>> {
  const [profiles, release] = await Promise.all([profilesFor(ports, machine), ports.releaseOf(machine)]);
  if (!profiles.ok) return profiles;
  if (!release.ok) return release;
  const records = profiles.value.map(({ value }) => value);
  const isFetched = await isCloudConfigFetched(ports, machine, records);
  if (!isFetched.ok) return isFetched;
  const { channel, board } = machine;
  const updates = await ports.hasUpdates({ channel, board, version: release.value });
  if (!updates.ok) return updates;
  const boot = {
    ...{ origin, channel, board, version: release.value, configUrl: `${url}/ignition`, scriptUrl: again },
    cloudConfigUrl: isFetched.value ? `${url}/cloud-config` : undefined,
    updatesUrl: updates.value ? `${origin}/update` : undefined,
    kernelArgs: kernelArgsOf(machine, records),
  };
  // A kernel cuts a longer line without a word, and its end would be the operator's own arguments.
  const bytes = kernelLine(boot).length;
  if (bytes > MOST_LINE_BYTES) return err({ reason: 'line-too-long', bytes });
  return ok({ text: bootScript(what, boot), contentType: TEXT, release: release.value });
}

/** Returns true where the kernel is to be told of a cloud-config. Only then the profiles' texts are opened. */
async function isCloudConfigFetched(
  ports: BootPorts,
  { kind }: Machine,
  profiles: readonly Profile[],
): Promise<Result<boolean, BootFault>> {
  if (!needsCloudInit(kind, { cloudInit: 'on', default: undefined })) return ok(false);
  const texts = await openProfiles(ports.vault, profiles);
  if (!texts.ok) return texts;
  const engine = engineOf(texts.value);
  const layers = { profiles: texts.value, user: undefined };
  return ok(needsCloudInit(kind, cloudInitOf(layers, engine.ok ? engine.value : 'ignition')));
}

/** Returns the machine's profiles, in order. */
export async function profilesFor(
  { current }: BootPorts,
  machine: Machine,
): Promise<Result<readonly Proven<Profile>[], BootFault>> {
  const found = await Promise.all(profilesOf(machine).map((name) => current.profile(name)));
  const profiles: Proven<Profile>[] = [];
  for (const profile of found) {
    if (!profile.ok) return profile;
    // A profile in use cannot be deleted, so a missing profile is lost, or is not visible yet.
    if (profile.value === undefined || profile.value.value.deletedAt !== null) return err({ reason: 'record-missing' });
    profiles.push(profile.value);
  }
  return ok(profiles);
}

async function ignition(
  ports: BootPorts,
  machine: Proven<Machine>,
  { origin, url }: { readonly origin: string; readonly url: string },
): Promise<Result<Body, BootFault>> {
  const { id, generation } = machine.value;
  const profiles = await profilesFor(ports, machine.value);
  if (!profiles.ok) return profiles;
  const release = () => releaseFolder(ports, machine.value, origin);
  const text = await ports.composer.text({ machine, profiles: profiles.value }, { machine: url, release });
  const of = madeOfProfiles(profiles.value.map(({ value }) => value));
  if (text.ok) return ok({ text: text.value, contentType: IGNITION, made: { generation, ...of } });
  if (text.error.reason !== 'invalid-layers') return err(text.error);
  // The log gets the path and not the message, because a message may quote the config.
  return err({ reason: 'invalid', machine: id, generation, entry: text.error.entry, ...of });
}
