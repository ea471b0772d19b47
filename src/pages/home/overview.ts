/**
 * Gathers the content of the public page: the release of each alias, the verified files, the state of upstream and the
 * signing key.
 */
import type { MirrorStore } from '../../mirror/store/bucket.ts';
import { NO_NOTES } from '../../mirror/store/notes.ts';
import { type Catalogue, isMirrored, mirroredAliases } from '../../releases/catalogue.ts';
import { isCompanion, isUpdate } from '../../releases/companions.ts';
import { type Alias, isAlias, type Pair } from '../../releases/model.ts';
import { servedRelease } from '../../releases/serve/current.ts';
import type { ReleaseStore } from '../../releases/store/bucket.ts';
import type { RefusedNote } from '../../releases/store/notes/bucket.ts';
import type { ReleaseIndex } from '../../releases/store/release-index.ts';
import type { VersionFiles } from '../../releases/upstream/version-files.ts';
import { type Platform, within } from '../../shared/platform.ts';
import { daysLeft, expiryWarning, lastingSigningKey } from '../../signing/keyring.ts';
import type { TrustedKeys } from '../../signing/trusted-keys.ts';

interface SignedFile {
  readonly name: string;
  readonly size: number;
  readonly sha512: string;
  readonly signedBy: string;
  /** The date of the signature, in ISO 8601 like the other dates here. */
  readonly signedAt: string | undefined;
  readonly verifiedAt: string;
}

/** The state of the release servers when they were last asked. */
type UpstreamState =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'stale'; readonly reason: string; readonly since: string | undefined }
  | { readonly kind: 'unknown' };

export interface StreamOverview extends Pair {
  readonly alias: Alias;
  /** The release that the alias names; `undefined` when neither our store nor upstream told it in time. */
  readonly version: string | undefined;
  readonly since: string | undefined;
  readonly source: 'mirror' | 'upstream';
  readonly isPinned: boolean;
  readonly upstream: UpstreamState;
  /** The files of the release that the alias names; empty when it is not mirrored. */
  readonly files: readonly SignedFile[];
  /** The other published releases of the pair, newest first. */
  readonly others: readonly string[];
}

interface SigningKey {
  readonly fingerprint: string;
  readonly expires: string | undefined;
  readonly daysLeft: number | undefined;
  readonly warning: string | undefined;
}

export interface Overview {
  readonly streams: readonly StreamOverview[];
  readonly key: SigningKey | undefined;
  /** Files of upstream whose signatures did not hold. */
  readonly refused: readonly RefusedNote[];
  readonly at: string;
  /** True when our own store did not answer for some of the content. */
  readonly isPartial: boolean;
}

export interface OverviewPorts {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  readonly store: ReleaseStore;
  readonly notes: MirrorStore['notes'];
  readonly versionFiles: VersionFiles;
  readonly trustedKeys: TrustedKeys;
}

const CACHED_MS = 30_000;
/** The poll asks every 15 minutes, so an older answer means that the poll does not run. */
const POLLED_WITHIN_MS = 3_600_000;
/** A page waits this long for upstream. A value that is missing then is shown as unknown. */
const UPSTREAM_WITHIN_MS = 4_000;

/** Returns a function that gives the overview. It remembers the overview for 30 seconds, and calls at once share it. */
export function overviewTeller(ports: OverviewPorts): () => Promise<Overview> {
  let cached: { readonly overview: Promise<Overview>; readonly until: number } | undefined;
  return async () => {
    const now = ports.platform.now();
    if (cached === undefined || now >= cached.until) {
      cached = { overview: gather(ports), until: now + CACHED_MS };
      ports.platform.waitUntil(cached.overview);
    }
    return await cached.overview;
  };
}

async function gather(ports: OverviewPorts): Promise<Overview> {
  const { catalogue, platform } = ports;
  const notes = await ports.notes().read();
  const { upstream } = (notes.ok ? notes.value?.value : undefined) ?? NO_NOTES;
  const [pairOverviews, key, refused] = await Promise.all([
    Promise.all(catalogue.pairs.map((pair) => overviewOfPair(ports, pair, upstream))),
    signingKey(ports),
    ports.store.refused.list(),
  ]);
  return {
    streams: pairOverviews.flatMap(({ streams }) => streams),
    key,
    refused: refused.ok ? refused.value : [],
    at: new Date(platform.now()).toISOString(),
    isPartial: !notes.ok || !refused.ok || pairOverviews.some(({ isPartial }) => isPartial),
  };
}

type Sightings = Readonly<
  Record<string, { readonly seenAt?: string | undefined; readonly fault?: string | undefined }>
>;

async function overviewOfPair(ports: OverviewPorts, pair: Pair, sightings: Sightings) {
  const [index, records] = await Promise.all([ports.store.index(pair), ports.store.aliases(pair)]);
  const recorded = records.ok ? [...records.value.found, ...records.value.unreadable].map(({ alias }) => alias) : [];
  const configured = mirroredAliases(ports.catalogue, pair);
  const aliases = [...new Set(['current', ...recorded, ...configured])].filter(isAlias).sort();
  const releases = index.ok ? index.value.releases : [];
  const streams = await Promise.all(aliases.map((alias) => overviewOfStream(ports, pair, alias, releases, sightings)));
  return { streams, isPartial: !index.ok || !records.ok || records.value.unreadable.length > 0 };
}

async function overviewOfStream(
  { platform, store, versionFiles, catalogue }: OverviewPorts,
  pair: Pair,
  alias: Alias,
  releases: ReleaseIndex['releases'],
  sightings: Sightings,
): Promise<StreamOverview> {
  const record = await store.alias(pair, alias);
  const answer = servedRelease(store, versionFiles, catalogue, pair, alias);
  const current = await within(platform, UPSTREAM_WITHIN_MS, answer);
  const isOurs = isMirrored(catalogue, pair, alias);
  const version = current?.ok ? current.value.version : undefined;
  const release = releases.find((candidate) => candidate.version === version);
  const file = current?.ok ? current.value.versionFile : undefined;
  const { pin = null, since } = record.ok ? record.value : {};
  const released = file?.facts.lastModified;
  const failing = current !== undefined && !current.ok ? current.error.reason : undefined;
  return {
    ...pair,
    alias,
    version,
    since: since ?? release?.publishedAt ?? (released === undefined ? undefined : new Date(released).toISOString()),
    source: file === undefined && release !== undefined ? 'mirror' : 'upstream',
    isPinned: pin !== null,
    // A poll that finds upstream well says nothing of what is served: the release may be quarantined here.
    upstream:
      isOurs && file === undefined && failing !== 'quarantined'
        ? polled(sightings, pair, alias, platform.now())
        : answered(file, failing),
    files: release === undefined ? [] : signedFiles(release.files),
    others: releases.map((other) => other.version).filter((other) => other !== version),
  };
}

/** Returns the state of upstream that the poll noted for a stream of MIRROR. */
function polled(sightings: Sightings, { channel, board }: Pair, alias: Alias, now: number): UpstreamState {
  const pair = `${channel}/${board}`;
  const note = sightings[`${pair}/${alias}`] ?? (alias === 'current' ? sightings[pair] : undefined);
  if (note === undefined) return { kind: 'unknown' };
  const isOld = note.seenAt !== undefined && now - Date.parse(note.seenAt) > POLLED_WITHIN_MS;
  if (note.fault === undefined && isOld) return { kind: 'stale', reason: 'not asked since', since: note.seenAt };
  return note.fault === undefined ? { kind: 'fresh' } : { kind: 'stale', reason: note.fault, since: note.seenAt };
}

function answered(
  file: { readonly staleReason?: string; readonly staleSince?: number } | undefined,
  failing: string | undefined,
): UpstreamState {
  if (failing !== undefined) return { kind: 'stale', reason: failing, since: undefined };
  if (file === undefined) return { kind: 'unknown' };
  if (file.staleReason === undefined) return { kind: 'fresh' };
  const since = file.staleSince === undefined ? undefined : new Date(file.staleSince).toISOString();
  return { kind: 'stale', reason: file.staleReason, since };
}

const signedFiles = (files: ReleaseIndex['releases'][number]['files']): SignedFile[] =>
  Object.entries(files)
    .filter(([name]) => !isCompanion(name) && !isUpdate(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { size, sha512, signedBy, signedAt, verifiedAt }]) =>
      signedBy === undefined ? [] : [{ name, size, sha512, signedBy, signedAt, verifiedAt }],
    );

async function signingKey({ trustedKeys, platform }: OverviewPorts) {
  const keyring = await within(platform, UPSTREAM_WITHIN_MS, trustedKeys.current());
  const now = platform.now();
  const lasting = keyring?.ok ? await lastingSigningKey(keyring.value, now) : undefined;
  if (lasting === undefined) return undefined;
  const { fingerprint, expires } = lasting;
  return {
    fingerprint,
    expires: expires === undefined ? undefined : new Date(expires).toISOString(),
    daysLeft: daysLeft(lasting, now),
    warning: expiryWarning(lasting, now),
  };
}
