/** The rooms, wired: the second half of the composition root. Bindings go in here and nowhere else. */
import { BootLog } from './machines/boots.ts';
import { machineBucket } from './machines/bucket.ts';
import { Capabilities } from './machines/capability.ts';
import { Current } from './machines/current.ts';
import { copyNamespace } from './machines/kv.ts';
import type { BootRoom } from './machines/routes-boot.ts';
import type { MachineRoom } from './machines/routes-machines.ts';
import { Vault } from './machines/vault.ts';
import { mirrorBucket } from './mirror/bucket.ts';
import { mirrorOnDemand } from './mirror/demand.ts';
import { Jobs } from './mirror/jobs.ts';
import { Publisher } from './mirror/publish.ts';
import type { MirrorRoom } from './mirror/routes.ts';
import type { MirrorPorts } from './mirror/run-job.ts';
import { workflowLauncher } from './mirror/workflow.ts';
import { releaseBucket } from './releases/bucket.ts';
import { type CachedEntrypoint, openFromStore, openThroughCache } from './releases/cached-files.ts';
import { rememberFloor } from './releases/current.ts';
import { FileSignatures } from './releases/file-signatures.ts';
import { MirroredFiles } from './releases/mirrored.ts';
import { PassThrough } from './releases/pass-through.ts';
import type { ReleaseRoom } from './releases/routes.ts';
import { type FixedLength, Sender } from './releases/sender.ts';
import { httpUpstream, type Upstream } from './releases/upstream.ts';
import { VerdictDesk } from './releases/verdict-desk.ts';
import { VersionFiles } from './releases/version-files.ts';
import { VersionSource } from './releases/version-source.ts';
import type { Config } from './shared/config.ts';
import { templateHosts } from './shared/http/url-template.ts';
import type { LogSink } from './shared/log.ts';
import type { Background, Platform } from './shared/platform.ts';
import { keyringBucket } from './signing/bucket.ts';
import { keySource } from './signing/key-source.ts';
import { TrustedKeys } from './signing/trusted-keys.ts';

/** What the runtime provides besides bindings. */
export interface Runtime {
  readonly platform: Platform;
  readonly fixedLength: FixedLength;
  readonly logSink: LogSink;
  /** The entrypoint that hands out mirrored files to Cloudflare's cache; absent where there is none. */
  readonly cachedEntrypoint?: CachedEntrypoint;
  /** How long counts are gathered before they are stored; 10 s unless told. */
  readonly gatherCountsMs?: number;
}

export interface ReleaseParts {
  readonly trustedKeys: TrustedKeys;
  readonly upstream: Upstream;
  readonly signatures: FileSignatures;
  readonly versions: VersionSource;
  readonly room: ReleaseRoom;
  /** Set once the mirror is wired: the release room knows nothing of it. */
  demand: ReleaseRoom['onDemand'];
}

export interface MirrorParts {
  readonly room: MirrorRoom;
  readonly ports: (background: Background) => MirrorPorts;
}

/** The signing and release rooms. */
export function releaseParts(env: Env, config: Config, runtime: Runtime): ReleaseParts {
  const { platform, fixedLength, cachedEntrypoint } = runtime;
  const fetchKey = keySource(platform, config.SIGNING_KEY_URL, config.UPSTREAM_REDIRECT_HOSTS);
  const trustedKeys = new TrustedKeys(
    platform,
    keyringBucket(env.RELEASES, platform),
    fetchKey,
    config.SIGNING_KEY_FINGERPRINTS,
  );
  const store = releaseBucket(env.RELEASES, platform);
  const upstream = httpUpstream(platform, config.UPSTREAM_URL, {
    ownHosts: templateHosts(config.UPSTREAM_URL, config.CHANNELS, config.BOARDS),
    allowedHosts: config.UPSTREAM_REDIRECT_HOSTS,
  });
  const signatures = new FileSignatures(platform, upstream, trustedKeys);
  const versions = new VersionSource(platform, upstream, signatures, (file, version) =>
    rememberFloor(platform, store, file, file.version, version),
  );
  const desk = new VerdictDesk(platform, store);
  const sender = new Sender(platform, upstream, signatures, desk, fixedLength);
  const isCached = config.DOWNLOAD_CACHE && cachedEntrypoint !== undefined;
  const open = isCached ? openThroughCache(platform, store, cachedEntrypoint) : openFromStore(store);
  const parts: ReleaseParts = {
    trustedKeys,
    upstream,
    signatures,
    versions,
    demand: async () => 'off',
    room: {
      platform,
      config,
      store,
      versionFiles: new VersionFiles(platform, versions, store),
      mirrored: new MirroredFiles(platform, store, open),
      passThrough: new PassThrough(platform, upstream, signatures, desk, sender, config.ALLOW_UNSIGNED),
      onDemand: (file, background) => parts.demand(file, background),
    },
  };
  return parts;
}

/** The machines: records in R2, copies in KV. */
export function machineParts(env: Env, config: Config, { platform }: Runtime): MachineRoom & BootRoom {
  const capabilitySecrets = config.CAPABILITY_SECRET ?? [];
  const store = machineBucket(env.RELEASES, platform);
  const copies = copyNamespace(env.MACHINES, platform);
  return {
    platform,
    store,
    copies,
    current: new Current(platform, store, copies),
    vault: new Vault(config.STORAGE_KEY ?? [], capabilitySecrets),
    capabilities: new Capabilities(capabilitySecrets),
    boots: new BootLog(platform, store),
    offered: config,
    publicUrl: config.PUBLIC_URL,
  };
}

/** The mirror over the release room's parts. */
export function mirrorParts(
  env: Env,
  config: Config,
  { platform }: Runtime,
  parts: ReleaseParts,
  tell: (...run: [...Parameters<MirrorPorts['tell']>, Background]) => void,
): MirrorParts {
  const { trustedKeys, upstream, signatures, versions } = parts;
  const releases = parts.room.store;
  const store = mirrorBucket(env.RELEASES, platform);
  const publisher = new Publisher({ platform, store, releases, config });
  const launcher = workflowLauncher(env.MIRROR_RELEASE, platform);
  const jobs = new Jobs({ platform, store, upstream, publisher, launcher, config });
  const demandPorts = { platform, config, store, releases, versionFiles: parts.room.versionFiles, jobs };
  parts.demand = ({ channel, board, version }, background) =>
    mirrorOnDemand(demandPorts, { channel, board, version }, background);
  return {
    room: {
      ...{ platform, config, store, releases, versions, trustedKeys, jobs, publisher },
      forget: (release) => parts.room.mirrored.forget(release),
    },
    ports: (background) => ({
      ...{ platform, upstream, signatures, store, trustedKeys, versions, publisher, background },
      maxFileBytes: config.MAX_FILE_BYTES,
      tell: (release, attempt, event) => tell(release, attempt, event, background),
    }),
  };
}
