/** Wires the rooms: the second half of the composition root. It hands each room its bindings. */

import { leaveEntry } from './access/audit.ts';
import { accessBucket } from './access/bucket.ts';
import { ignitionOf } from './app-ignition.ts';
import { releaseOf, updatesAt } from './app-release.ts';
import type { Config } from './config.ts';
import type { MachineRoom } from './machines/api/room.ts';
import { BootLog } from './machines/boot/boots.ts';
import { Capabilities } from './machines/boot/capability.ts';
import { Composer } from './machines/boot/composer.ts';
import { checkBucket } from './machines/checks/bucket.ts';
import { checkLauncher } from './machines/checks/workflow.ts';
import { waitingBucket } from './machines/fleets/bucket.ts';
import type { FleetBootRoom } from './machines/fleets/routes-fleet-boot.ts';
import { WaitingRoom } from './machines/fleets/waiting.ts';
import { machineBucket } from './machines/records/bucket.ts';
import { composedBucket } from './machines/records/composed.ts';
import { Current } from './machines/records/current.ts';
import { handedBucket } from './machines/records/handed.ts';
import { identityBucket } from './machines/records/identities.ts';
import { copyNamespace } from './machines/records/kv.ts';
import { servedBucket } from './machines/records/served.ts';
import { Vault } from './machines/records/vault.ts';
import type { MirrorRoom } from './mirror/api/room.ts';
import { PART_BYTES } from './mirror/copy/parts.ts';
import { mirrorOnDemand } from './mirror/demand.ts';
import { Jobs } from './mirror/jobs.ts';
import { Publisher, type PublishPorts } from './mirror/publish.ts';
import type { MirrorPorts } from './mirror/run-job.ts';
import { mirrorBucket } from './mirror/store/bucket.ts';
import { addFiles } from './mirror/unpack/add-files.ts';
import type { UnpackRunPorts } from './mirror/unpack/run-unpack.ts';
import { unpackLauncher, workflowLauncher } from './mirror/workflow.ts';
import { MirroredProofs } from './releases/pass-through/mirrored-proof.ts';
import { PassThrough } from './releases/pass-through/pass-through.ts';
import { type FixedLength, Sender } from './releases/pass-through/sender.ts';
import { UnprovenStreams } from './releases/pass-through/unproven.ts';
import { Verifications } from './releases/pass-through/verifications.ts';
import { type CachedEntrypoint, openFromStore, openThroughCache } from './releases/serve/cached-files.ts';
import { rememberFloor } from './releases/serve/current.ts';
import { MirroredFiles } from './releases/serve/mirrored.ts';
import type { ReleaseRoom } from './releases/serve/routes.ts';
import { keepSmall } from './releases/serve/small-files.ts';
import { type ReleaseStore, releaseBucket } from './releases/store/bucket.ts';
import { FileSignatures } from './releases/upstream/file-signatures.ts';
import { httpUpstream, type Upstream, upstreamByKind } from './releases/upstream/upstream.ts';
import { templateHosts } from './releases/upstream/url-template.ts';
import { VersionFiles } from './releases/upstream/version-files.ts';
import { VersionSource } from './releases/upstream/version-source.ts';
import type { LogSink } from './shared/log.ts';
import type { Platform } from './shared/platform.ts';
import { keyringDocument } from './signing/bucket.ts';
import { keySource } from './signing/key-source.ts';
import { provenanceSigner } from './signing/provenance.ts';
import { TrustedKeys } from './signing/trusted-keys.ts';
import { VERSION } from './version.ts';

/** What the runtime provides besides the bindings. */
export interface Runtime {
  readonly platform: Platform;
  readonly fixedLength: FixedLength;
  readonly logSink: LogSink;
  /** The entrypoint from which Cloudflare's cache gets mirrored files; absent in a runtime without one. */
  readonly cachedEntrypoint?: CachedEntrypoint;
  /** Milliseconds for which counts are gathered before they are stored. The default is 10 s. */
  readonly gatherCountsMs?: number;
  /** Of every part of an upload but the last; 8 MiB unless told. R2 itself takes 5 MiB and more. */
  readonly partBytes?: number;
}

/** The objects that the signing room and the release room consist of. The mirror uses them too. */
export interface ReleaseParts {
  readonly trustedKeys: TrustedKeys;
  readonly upstream: Upstream;
  readonly signatures: FileSignatures;
  readonly versions: VersionSource;
  readonly versionFiles: VersionFiles;
  readonly store: ReleaseStore;
  readonly mirrored: MirroredFiles;
}

export interface MirrorParts {
  readonly room: MirrorRoom;
  readonly ports: MirrorPorts;
  readonly demand: ReleaseRoom['onDemand'];
}

/** Builds the signing room, and the objects that the release room and the mirror share. */
export function releaseParts(env: Env, config: Config, { platform, cachedEntrypoint }: Runtime): ReleaseParts {
  const fetchKey = keySource(platform, config.SIGNING_KEY_URL, config.UPSTREAM_REDIRECT_HOSTS);
  const keyring = keyringDocument(env.RELEASES, platform);
  const trustedKeys = new TrustedKeys(platform, keyring, fetchKey, config.SIGNING_KEY_FINGERPRINTS);
  const store = releaseBucket(env.RELEASES, platform);
  const upstreamAt = (template: string) =>
    httpUpstream(platform, template, {
      ownHosts: templateHosts(template, config.catalogue),
      allowedHosts: config.UPSTREAM_REDIRECT_HOSTS,
    });
  const upstream = upstreamByKind(upstreamAt(config.UPSTREAM_URL), upstreamAt(config.UPDATE_URL));
  const signatures = new FileSignatures(platform, upstream, trustedKeys, config.UPDATE_KEY);
  const versions = new VersionSource(platform, upstream, signatures, (file, version) =>
    rememberFloor(platform, store, file, file.version, version),
  );
  const isCached = config.DOWNLOAD_CACHE && cachedEntrypoint !== undefined;
  const open = isCached ? openThroughCache(platform, store, cachedEntrypoint) : openFromStore(store);
  return {
    ...{ trustedKeys, upstream, signatures, versions, store },
    versionFiles: new VersionFiles(platform, versions, store),
    mirrored: new MirroredFiles(platform, store, keepSmall(platform, open)),
  };
}

/** Builds the release room. The mirror provides `onDemand`, because the release room must not import the mirror. */
export function releaseRoom(
  config: Config,
  { platform, fixedLength }: Runtime,
  parts: ReleaseParts,
  onDemand: ReleaseRoom['onDemand'],
): ReleaseRoom {
  const { upstream, signatures, store, versionFiles, mirrored } = parts;
  const verifications = new Verifications(platform, store);
  const unproven = new UnprovenStreams(platform, store, verifications);
  const sender = new Sender(platform, upstream, verifications, unproven, fixedLength);
  return {
    ...{ platform, store, versionFiles, mirrored, onDemand, unproven },
    proofs: new MirroredProofs(store, verifications),
    catalogue: config.catalogue,
    hostSuffix: config.RELEASE_HOST_SUFFIX,
    publicUrl: config.PUBLIC_URL,
    passThrough: new PassThrough(
      platform,
      upstream,
      signatures,
      verifications,
      unproven,
      sender,
      config.ALLOW_UNSIGNED,
    ),
  };
}

/** Builds the machine room. Its records are in R2, and their copies are in KV. */
export function machineParts(
  env: Env,
  config: Config,
  { platform }: Runtime,
  { store: releases, versionFiles, mirrored }: Pick<ReleaseParts, 'store' | 'versionFiles' | 'mirrored'>,
  shared: Pick<MachineRoom, 'cursors' | 'isDry' | 'bootsOf'> & Pick<FleetBootRoom, 'announce' | 'noteBooted'>,
): MachineRoom & FleetBootRoom {
  const capabilitySecrets = config.CAPABILITY_SECRET ?? [];
  const store = machineBucket(env.RELEASES, platform);
  const copies = copyNamespace(env.MACHINES, platform);
  const vault = new Vault(config.STORAGE_KEY ?? [], capabilitySecrets);
  const waiting = waitingBucket(env.RELEASES, platform);
  return {
    platform,
    store,
    copies,
    ignitionOf: ignitionOf(releases, platform),
    releaseOf: releaseOf(releases, versionFiles, config.catalogue),
    hasUpdates: updatesAt(mirrored),
    identities: identityBucket(env.RELEASES, platform),
    handed: handedBucket(env.RELEASES, platform),
    waiting,
    waitingRoom: new WaitingRoom(platform, waiting),
    current: new Current(platform, store, copies, vault),
    vault,
    composer: new Composer({ platform, store, vault, composed: composedBucket(env.RELEASES, platform) }),
    served: servedBucket(env.RELEASES, platform),
    capabilities: new Capabilities(capabilitySecrets),
    boots: new BootLog(platform, store),
    check: {
      ...{ checks: checkBucket(env.RELEASES, platform), launcher: checkLauncher(env.CHANGE_PROFILE, platform) },
      audit: async ({ id, profile, by }, before, after) => {
        // A trail that cannot be written must not run the check again: the change is stored.
        await leaveEntry(
          { platform, store: accessBucket(env.RELEASES, platform) },
          {
            ...{ who: by, call: 'storeProfileChange', target: `/api/profiles/${profile}`, status: 200, requestId: id },
            ...{ before: String(before), after: String(after) },
          },
        );
      },
    },
    ...shared,
    offered: config.catalogue,
    publicUrl: config.PUBLIC_URL,
    bootUrl: config.BOOT_URL,
  };
}

/** Builds the mirror on the release room's objects. It calls `tell` with each event of a run. */
export function mirrorParts(
  env: Env,
  config: Config,
  { platform, partBytes = PART_BYTES }: Runtime,
  parts: ReleaseParts,
  tell: MirrorPorts['tell'],
  {
    announce,
    lookFor,
    ...shared
  }: Pick<MirrorRoom, 'cursors' | 'isDry' | 'oemsOf'> & Pick<PublishPorts, 'announce' | 'lookFor'>,
): MirrorParts {
  const { trustedKeys, upstream, signatures, versions, versionFiles, store: releases } = parts;
  const store = mirrorBucket(env.RELEASES, platform);
  const verifications = new Verifications(platform, releases);
  const { catalogue, mirrorFiles, MAX_FILE_BYTES: maxFileBytes } = config;
  const keepReleases = config.KEEP_RELEASES;
  const promoteAfterBoots = config.PROMOTE_AFTER_BOOTS;
  const gate = { mirrorFiles, promoteAfterBoots, lookFor };
  const publisher = new Publisher({ platform, store, releases, catalogue, keepReleases, announce, ...gate });
  const launcher = workflowLauncher(env.MIRROR_RELEASE, platform);
  const jobs = new Jobs({ platform, store, releases, upstream, publisher, launcher, mirrorFiles });
  const provenance = { software: VERSION, signer: signerOf(config) };
  const unpack: UnpackRunPorts = {
    ...{ platform, store, releases, partBytes, maxFileBytes, provenance, formats: config.importFormats },
    launcher: unpackLauncher(env.MIRROR_RELEASE, platform),
    addFiles: (release, made) => addFiles({ platform, releases, publisher }, release, made),
  };
  const demand = { ...{ platform, catalogue, store, releases, versionFiles, jobs }, isOn: config.MIRROR_ON_DEMAND };
  return {
    room: {
      ...{ platform, catalogue, mirrorFiles, store, releases, versions, trustedKeys, jobs, publisher },
      ...{ versionFiles, unpack, ...shared },
      webhookSecrets: config.WEBHOOK_SECRET ?? [],
      forget: (release) => parts.mirrored.forget(release),
    },
    ports: {
      ...{
        platform,
        upstream,
        signatures,
        store,
        releases,
        trustedKeys,
        versions,
        publisher,
        maxFileBytes,
        partBytes,
        payloadKeys: config.UPDATE_KEY,
        ...{ provenance, unpack, tell },
        noteBad: (judged, reason) => verifications.settle(judged, { kind: 'bad', reason }, false),
      },
    },
    demand: ({ channel, board, version }) => mirrorOnDemand(demand, { channel, board, version }),
  };
}

/** The signer of statements of provenance; absent without PROVENANCE_KEY. */
export const signerOf = ({ PROVENANCE_KEY: key }: Config) => (key === undefined ? undefined : provenanceSigner(key));
