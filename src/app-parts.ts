/** Wires the rooms beside releases, machines and mirror: the rest of the composition root. It hands each its bindings. */
import { accessBucket } from './access/bucket.ts';
import type { AccessRoom } from './access/routes-access.ts';
import { Team } from './access/team.ts';
import { TokenKeys } from './access/tokens.ts';
import { announcerOf } from './announcements/announcer.ts';
import { announcementBucket } from './announcements/bucket.ts';
import type { AnnouncementRoom } from './announcements/routes-announcements.ts';
import { deliveryLauncher } from './announcements/workflow.ts';
import type { Runtime } from './app-rooms.ts';
import type { Config } from './config.ts';
import type { MachineRoom } from './machines/api/room.ts';
import { lookBucket } from './machines/gate/bucket.ts';
import type { GatePorts } from './machines/gate/gate.ts';
import { lookLauncher } from './machines/gate/workflow.ts';
import { PART_BYTES } from './mirror/copy/parts.ts';
import { mirrorBucket } from './mirror/store/bucket.ts';
import type { ReleaseStore } from './releases/store/bucket.ts';
import { FileSignatures } from './releases/upstream/file-signatures.ts';
import { httpUpstream } from './releases/upstream/upstream.ts';
import type { Announce } from './shared/announcement.ts';
import type { Platform } from './shared/platform.ts';
import { Slots } from './shared/slots.ts';
import { storeCaller } from './shared/store.ts';
import { keyringDocument } from './signing/bucket.ts';
import { keySource } from './signing/key-source.ts';
import { TrustedKeys } from './signing/trusted-keys.ts';
import { sysextBucket, sysextKeyringKey } from './sysexts/bucket.ts';
import { sysextLauncher } from './sysexts/launcher.ts';
import type { SysextRoom } from './sysexts/routes-sysexts.ts';
import type { SysextSource } from './sysexts/sources.ts';

/** Builds the gate's half of the machine room. It calls `looked` when a look at the machines has ended. */
export const lookParts = (
  env: Env,
  machines: MachineRoom,
  { platform }: Runtime,
  looked: GatePorts['looked'],
): GatePorts => ({
  ...{ machines, looked, looks: lookBucket(env.RELEASES, platform) },
  // The Worker that only mirrors has no such binding.
  launcher: env.LOOK_AT_RELEASE === undefined ? undefined : lookLauncher(env.LOOK_AT_RELEASE, platform),
});

/** Builds the room of announcements. `announce` is absent where nobody is told of anything. */
export function announcementParts(
  env: Env,
  config: Config,
  { platform }: Runtime,
  shared: Pick<AnnouncementRoom, 'cursors' | 'isDry'>,
): AnnouncementRoom & { readonly announce: Announce | undefined } {
  const room = {
    ...{ platform, ...shared, receivers: config.ANNOUNCE_URLS, secrets: config.WEBHOOK_SECRET ?? [] },
    store: announcementBucket(env.RELEASES, platform),
    // The Worker that only mirrors has no such binding.
    launcher:
      env.DELIVER_ANNOUNCEMENTS === undefined ? undefined : deliveryLauncher(env.DELIVER_ANNOUNCEMENTS, platform),
  };
  return { ...room, announce: room.receivers.length === 0 ? undefined : announcerOf(room) };
}

/** Builds the room of catalogues of system extensions. Each has keys of its own. */
export function sysextParts(
  env: Env,
  config: Config,
  { platform, partBytes = PART_BYTES }: Runtime,
  releases: ReleaseStore,
  isDry: boolean,
): SysextRoom {
  const store = mirrorBucket(env.RELEASES, platform);
  const slots = new Slots(3);
  const reading = (source: SysextSource) => {
    const ownHosts = [new URL(source.url).host];
    const upstream = httpUpstream(platform, `${source.url}{file}`, {
      ...{ ownHosts, allowedHosts: config.UPSTREAM_REDIRECT_HOSTS },
    });
    const keyring = keyringDocument(env.RELEASES, platform, sysextKeyringKey(source.name));
    const fetchKey = keySource(platform, source.keyUrl, config.UPSTREAM_REDIRECT_HOSTS);
    const trustedKeys = new TrustedKeys(platform, keyring, fetchKey, [source.fingerprint]);
    return { upstream, signatures: new FileSignatures(platform, upstream, trustedKeys, []) };
  };
  const readings = new Map<string, ReturnType<typeof reading>>();
  return {
    ...{ platform, sources: config.SYSEXT_URLS, releases, isDry },
    records: sysextBucket(env.RELEASES, platform),
    launcher: sysextLauncher(env.MIRROR_RELEASE, platform),
    sink: { store, slots, partBytes, maxFileBytes: config.MAX_FILE_BYTES },
    reading: (source) => {
      const known = readings.get(source.name) ?? reading(source);
      readings.set(source.name, known);
      return known;
    },
    remove: (keys) => store.delete(keys),
  };
}

/** Builds the room of tokens, people and the audit trail. */
export function accessParts(
  env: Env,
  config: Config,
  { platform }: Runtime,
  shared: Pick<AccessRoom, 'cursors' | 'isDry'>,
): AccessRoom {
  const sealing = [...(config.STORAGE_KEY ?? []), ...(config.CAPABILITY_SECRET ?? [])];
  const { ACCESS_TEAM: team, ACCESS_AUD: audience, ACCESS_GROUPS: groups } = config;
  const issuer = `https://${team}.cloudflareaccess.com`;
  return {
    platform,
    ...shared,
    store: accessBucket(env.RELEASES, platform),
    keys: new TokenKeys(sealing.length > 0 ? sealing : (config.OPERATOR_TOKEN ?? [])),
    operatorTokens: config.OPERATOR_TOKEN ?? [],
    team: team === '' ? undefined : new Team(platform, { issuer, audience, groups }),
  };
}

/** Returns one cheap call for each store. `/healthz` makes these calls to learn whether the stores answer. */
export function storeProbes(env: Env, platform: Platform) {
  const reach = storeCaller(platform);
  return {
    RELEASES: () => reach('probe', () => env.RELEASES.head('keyring.asc')),
    MACHINES: () => reach('probe', () => env.MACHINES.get('probe')),
  };
}
