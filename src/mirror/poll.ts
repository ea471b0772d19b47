/**
 * The cron trigger, which keeps the mirror complete without webhooks. A step that fails does not stop the others. It is
 * logged, and the next round (a quarter of an hour later) tries it again.
 */

import { type Catalogue, type Stream, streamEntry } from '../releases/catalogue.ts';
import { UNPROVEN_PREFIX, unprovenFile } from '../releases/keys.ts';
import { type Alias, compareVersions, filePath, type Pair, type ReleaseFile, type Version } from '../releases/model.ts';
import { type ReleaseFault, releaseProblem } from '../releases/serve/problems.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { EMPTY_INDEX } from '../releases/store/release-index.ts';
import type { VersionSource } from '../releases/upstream/version-source.ts';
import { causeFields } from '../shared/cause.ts';
import { update } from '../shared/document.ts';
import type { LogEvent } from '../shared/log.ts';
import { type Platform, within } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { expiryWarning, lastingSigningKey } from '../signing/keyring.ts';
import type { TrustedKeys } from '../signing/trusted-keys.ts';
import type { Jobs } from './jobs.ts';
import type { Publisher } from './publish.ts';
import type { MirrorStore } from './store/bucket.ts';
import { isDead } from './store/job.ts';
import { type MirrorNotes, NO_NOTES } from './store/notes.ts';
import { sweep } from './sweep.ts';
import { keyExpiring } from './told/events.ts';
import { startUnpack, type UnpackRunPorts } from './unpack/run-unpack.ts';
import type { Tell } from './unreadable.ts';
import { distrustCompromised, finishWithdrawals } from './withdrawal.ts';

export interface PollPorts {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  /** MIRROR_FILES: the names of the files that a job copies, without their companions. */
  readonly mirrorFiles: readonly string[];
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly versions: VersionSource;
  readonly trustedKeys: TrustedKeys;
  readonly jobs: Jobs;
  readonly publisher: Publisher;
  readonly unpack: UnpackRunPorts;
  /** Verifies again a file of upstream that was found bad, if that is due. */
  readonly retryRefused: (file: ReleaseFile) => Promise<void>;
  /** Makes the digests of a mirrored file, with which earlier downloads are compared. It returns whether it had to. */
  readonly proveMirrored: (file: ReleaseFile) => Promise<Result<boolean, ReleaseFault>>;
  /** Deletes old entries of the audit trail, and old announcements. */
  readonly forgetOld: () => Promise<Result<unknown, StoreFault>>;
  /** Begins what the other Worker has left to this one. */
  readonly errands: () => Promise<Result<unknown, StoreFault>>;
  readonly log: LogEvent;
}

type Outcome = Result<unknown, ReleaseFault>;
const DONE: Outcome = { ok: true, value: undefined };

const DAY_MS = 24 * 3_600_000;
const RETRIED_A_ROUND = 20;
const PROVED_A_ROUND = 5;
/** A file whose host does not answer must not take the time of the others. */
const FILE_WITHIN_MS = 60_000;
/** The cron trigger has 15 minutes for a round. */
const FILES_WITHIN_MS = 5 * 60_000;
const LATE_FILES_MS = 7 * DAY_MS;

/**
 * Runs one round. It starts jobs for new releases, restarts dead jobs and looks for late files; once a day it also
 * refreshes the keyring and sweeps. It logs faults and does not return them.
 */
export async function poll(ports: PollPorts): Promise<void> {
  const faults: string[] = [];
  const note = (what: string, outcome: Outcome) => {
    if (outcome.ok) return;
    faults.push(`${what}: ${outcome.error.reason} (${releaseProblem(outcome.error).detail})`);
    ports.log.set(causeFields(outcome.error));
  };
  const telling =
    (what: string): Tell =>
    (fault) =>
      note(what, err(fault));
  const sightings: [entry: string, fault: ReleaseFault | undefined][] = [];
  for (const stream of ports.catalogue.streams) {
    const entry = streamEntry(stream);
    const version = await readUpstreamVersion(ports, stream);
    sightings.push([entry, version.ok ? undefined : version.error]);
    note(entry, version.ok ? await startJob(ports, stream, version.value) : version);
  }
  if (sightings.length > 0) note('notes', await rememberSightings(ports, sightings));
  for (const pair of ports.catalogue.pairs) {
    const name = `${pair.channel}/${pair.board}`;
    note(`withdrawals of ${name}`, await finishWithdrawals(ports, pair, telling(`withdrawals of ${name}`)));
    note(`gate of ${name}`, await ports.publisher.lookAhead(pair));
    note(`moves of ${name}`, await ports.publisher.tellMoves(pair));
    note(`jobs of ${name}`, await takeOverDead(ports, pair, telling(`jobs of ${name}`)));
    note(`late files of ${name}`, await lookForLateFiles(ports, pair));
    note(`files to be made of ${name}`, await unpackListed(ports, pair));
  }
  note('signing key', await warnOfExpiry(ports));
  note('errands', await ports.errands());
  note('keyring', await daily(ports, 'keyringRefreshedAt', () => refreshKeyring(ports, telling('keyring'))));
  note('sweep', await daily(ports, 'sweptAt', () => swept(ports, telling('sweep'))));
  // These download whole files, so they come last: nothing waits for them.
  note('downloads before the mirror', await proveMirrored(ports));
  note('files found bad', await retryRefused(ports));
  ports.log.set({ event: 'poll', faults: faults.length === 0 ? undefined : faults.join('; ') });
}

async function swept(ports: PollPorts, tell: Tell): Promise<Outcome> {
  const files = await sweep(ports, tell);
  const old = await ports.forgetOld();
  return files.ok ? old : files;
}

/** Stores for each stream when upstream last answered well, or its fault; the public status page shows this. */
async function rememberSightings(
  { platform, store }: PollPorts,
  sightings: readonly (readonly [entry: string, fault: ReleaseFault | undefined])[],
) {
  const now = new Date(platform.now()).toISOString();
  return await update<MirrorNotes>(platform, store.notes(), (current = NO_NOTES) => {
    const upstream = sightings.map(([entry, fault]) => {
      const { seenAt, fault: _fault, detail: _words, ...kept } = current.upstream[entry] ?? {};
      if (fault === undefined) return [entry, { ...kept, seenAt: now }];
      const why = { fault: fault.reason, detail: releaseProblem(fault).detail };
      return [entry, { ...kept, ...(seenAt === undefined ? {} : { seenAt }), ...why }];
    });
    return { ...current, upstream: Object.fromEntries(upstream) };
  });
}

/** The version that upstream's alias names in its verified version.txt. */
async function readUpstreamVersion(
  ports: PollPorts,
  { channel, board, alias }: Stream,
): Promise<Result<Version, ReleaseFault>> {
  const record = await ports.releases.alias({ channel, board }, alias);
  if (!record.ok) return record;
  const where = { channel, board, version: alias, file: 'version.txt' };
  const versionFile = await ports.versions.read(where, record.value.floor);
  return versionFile.ok ? ok(versionFile.value.version) : versionFile;
}

/** Starts or joins the job of a release. A quarantined release is no fault: the poll leaves it alone. */
async function startJob({ jobs }: PollPorts, { channel, board, alias }: Stream, version: Version) {
  const started = await jobs.start({ channel, board, version }, 'poll', ltsAliasOf(alias));
  return started.ok || started.error.reason === 'quarantined' ? ok(undefined) : started;
}

const ltsAliasOf = (alias: Alias): Alias | undefined => (alias === 'current' ? undefined : alias);

async function takeOverDead({ store, jobs, platform }: PollPorts, pair: Pair, tell: Tell): Promise<Outcome> {
  const all = await store.jobs(pair);
  if (!all.ok) return all;
  for (const { version, detail } of all.value.unreadable)
    tell({ reason: 'stored-malformed', what: `job of ${version}`, detail });
  let outcome = DONE;
  for (const job of all.value.found.filter((candidate) => isDead(candidate, platform.now()))) {
    const started = await jobs.takeOver(job);
    if (!started.ok && started.error.reason !== 'quarantined') outcome = started;
  }
  return outcome;
}

/** Asks again for missing files of the last seven days: upstream uploads the images of a release in several batches. */
async function lookForLateFiles({ releases, jobs, platform, mirrorFiles }: PollPorts, pair: Pair): Promise<Outcome> {
  const index = await releases.indexDocument(pair).read();
  if (!index.ok) return index;
  const recent = (index.value?.value ?? EMPTY_INDEX).releases
    .filter(({ publishedAt }) => platform.now() - Date.parse(publishedAt) < LATE_FILES_MS)
    .filter(({ files }) => mirrorFiles.some((file) => !Object.hasOwn(files, file)))
    .sort((a, b) => compareVersions(b.version, a.version));
  let outcome = DONE;
  for (const { version } of recent) {
    const started = await jobs.reopen({ ...pair, version });
    if (!started.ok) outcome = started;
  }
  return outcome;
}

/** Starts the runs that make files for import tools, of every listed release that lacks some. */
async function unpackListed({ releases, unpack }: PollPorts, pair: Pair): Promise<Outcome> {
  if (unpack.formats.length === 0) return DONE;
  const index = await releases.indexDocument(pair).read();
  if (!index.ok) return index;
  for (const { version } of (index.value?.value ?? EMPTY_INDEX).releases) {
    const started = await startUnpack(unpack, { ...pair, version });
    if (!started.ok) return started;
  }
  return DONE;
}

/** Tries again what was found bad, a few files a round: each is downloaded whole. A file that stays bad does not hold up the others. */
async function retryRefused({ releases, retryRefused, platform }: PollPorts): Promise<Outcome> {
  const notes = await releases.refused.list();
  if (!notes.ok) return notes;
  const first = Math.floor(platform.random() * notes.value.length);
  const inTurn = [...notes.value.slice(first), ...notes.value.slice(0, first)];
  const deadline = platform.now() + FILES_WITHIN_MS;
  for (const { file } of inTurn.slice(0, RETRIED_A_ROUND)) {
    if (platform.now() >= deadline) break;
    await within(platform, FILE_WITHIN_MS, retryRefused(file));
  }
  return DONE;
}

/** Makes the digests of mirrored files of which somebody has a part from before. Without them, parts stay refused for a day. */
async function proveMirrored(ports: PollPorts): Promise<Outcome> {
  const { platform, store, releases } = ports;
  // One page is enough: marks are deleted after a day, and the next round reads what is left.
  const page = await store.list(UNPROVEN_PREFIX, undefined);
  if (!page.ok) return page;
  const files = new Map<string, ReleaseFile>();
  for (const { key } of page.value.objects) {
    const file = unprovenFile(key);
    if (file !== undefined) files.set(filePath(file), file);
  }
  let proved = 0;
  for (const file of files.values()) {
    if (proved >= PROVED_A_ROUND) break;
    const manifest = await releases.manifest(file);
    if (!manifest.ok) return manifest;
    if (!Object.hasOwn(manifest.value?.files ?? {}, file.file)) continue;
    const outcome = await within(platform, FILE_WITHIN_MS, ports.proveMirrored(file));
    if (outcome?.ok === false) return outcome;
    if (outcome?.value !== false) proved += 1;
  }
  return DONE;
}

/** Logs in each round that the signing key expires soon, so that the warning does not get lost. */
async function warnOfExpiry({ trustedKeys, platform, log, publisher }: PollPorts): Promise<Outcome> {
  const keyring = await trustedKeys.current();
  if (!keyring.ok) return keyring;
  const now = platform.now();
  const lasting = await lastingSigningKey(keyring.value, now);
  const warning = expiryWarning(lasting, now);
  if (warning !== undefined) log.set({ warning });
  return lasting === undefined ? DONE : await publisher.tell(keyExpiring(lasting, now));
}

async function refreshKeyring(ports: PollPorts, tell: Tell): Promise<Outcome> {
  const keyring = await ports.trustedKeys.refreshed();
  if (!keyring.ok) return keyring;
  const distrusted = await distrustCompromised(ports, keyring.value, tell);
  if (distrusted.ok && distrusted.value.length > 0) {
    ports.log.set({
      distrusted: distrusted.value.map(({ channel, board, version }) => `${channel}/${board}/${version}`).join(),
    });
  }
  return distrusted;
}

/** Runs `work` if it has not succeeded for a day. */
async function daily(
  { platform, store }: PollPorts,
  name: 'keyringRefreshedAt' | 'sweptAt',
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const notes = await store.notes().read();
  if (!notes.ok) return notes;
  const last = notes.value?.value[name];
  if (last !== undefined && platform.now() - Date.parse(last) < DAY_MS) return DONE;
  const outcome = await work();
  if (!outcome.ok) return outcome;
  const at = new Date(platform.now()).toISOString();
  return await update<MirrorNotes>(platform, store.notes(), (current = NO_NOTES) => ({ ...current, [name]: at }));
}
