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
import type { Announce } from './shared/announcement.ts';
import type { Platform } from './shared/platform.ts';
import { storeCaller } from './shared/store.ts';

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
