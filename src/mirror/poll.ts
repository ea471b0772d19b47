/**
 * The cron: what keeps the mirror complete when nobody announces anything. Each part stands alone; what fails is logged and
 * tried again a quarter of an hour later.
 */

import { type Catalogue, type Stream, streamEntry } from '../releases/catalogue.ts';
import { type Alias, compareVersions, type Pair, type Version } from '../releases/model.ts';
import { type ReleaseFault, releaseProblem } from '../releases/serve/problems.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { EMPTY_INDEX } from '../releases/store/release-index.ts';
import type { VersionSource } from '../releases/upstream/version-source.ts';
import { causeFields } from '../shared/cause.ts';
import { update } from '../shared/document.ts';
import type { LogEvent } from '../shared/log.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import { expiryWarning, lastingSigningKey } from '../signing/keyring.ts';
import type { TrustedKeys } from '../signing/trusted-keys.ts';
import type { Jobs } from './jobs.ts';
import type { Publisher } from './publish.ts';
import type { MirrorStore } from './store/bucket.ts';
import { isDead } from './store/job.ts';
import { type MirrorNotes, NO_NOTES } from './store/notes.ts';
import { sweep } from './sweep.ts';
import { distrustCompromised } from './withdrawal.ts';

export interface PollPorts {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  /** Base names that a job copies. */
  readonly mirrorFiles: readonly string[];
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly versions: VersionSource;
  readonly trustedKeys: TrustedKeys;
  readonly jobs: Jobs;
  readonly publisher: Publisher;
  readonly log: LogEvent;
}

type Outcome = Result<unknown, ReleaseFault>;
const DONE: Outcome = { ok: true, value: undefined };

const DAY_MS = 24 * 3_600_000;
const LATE_FILES_MS = 7 * DAY_MS;

/** One round: new releases, late files, dead jobs; once a day the keyring and the sweep. */
export async function poll(ports: PollPorts): Promise<void> {
  const faults: string[] = [];
  const note = (what: string, outcome: Outcome) => {
    if (outcome.ok) return;
    faults.push(`${what}: ${outcome.error.reason} (${releaseProblem(outcome.error).detail})`);
    ports.log.set(causeFields(outcome.error));
  };
  const sightings: [entry: string, fault: ReleaseFault | undefined][] = [];
  for (const stream of ports.catalogue.streams) {
    const entry = streamEntry(stream);
    const seen = await upstreamsWord(ports, stream);
    sightings.push([entry, seen.ok ? undefined : seen.error]);
    note(entry, seen.ok ? await startSeen(ports, stream, seen.value) : seen);
  }
  if (sightings.length > 0) note('notes', await rememberSightings(ports, sightings));
  for (const pair of ports.catalogue.pairs) {
    note(`jobs of ${pair.channel}/${pair.board}`, await takeOverDead(ports, pair));
    note(`late files of ${pair.channel}/${pair.board}`, await lookForLateFiles(ports, pair));
  }
  note('signing key', await warnOfExpiry(ports));
  note('keyring', await daily(ports, 'keyringRefreshedAt', () => refreshKeyring(ports)));
  note('sweep', await daily(ports, 'sweptAt', () => sweep(ports)));
  ports.log.set({ event: 'poll', faults: faults.length === 0 ? undefined : faults.join('; ') });
}

/** What the public page says of upstream. */
async function rememberSightings(
  { platform, store }: PollPorts,
  sightings: readonly (readonly [entry: string, fault: ReleaseFault | undefined])[],
) {
  const now = new Date(platform.now()).toISOString();
  return await update<MirrorNotes>(platform, store.notes(), (current = NO_NOTES) => {
    const seen = sightings.map(([entry, fault]) => {
      const { seenAt, fault: _fault, detail: _words, ...kept } = current.upstream[entry] ?? {};
      if (fault === undefined) return [entry, { ...kept, seenAt: now }];
      const why = { fault: fault.reason, detail: releaseProblem(fault).detail };
      return [entry, { ...kept, ...(seenAt === undefined ? {} : { seenAt }), ...why }];
    });
    return { ...current, upstream: Object.fromEntries(seen) };
  });
}

/** What upstream's alias names, by its verified version.txt. */
async function upstreamsWord(
  ports: PollPorts,
  { channel, board, alias }: Stream,
): Promise<Result<Version, ReleaseFault>> {
  const record = await ports.releases.alias({ channel, board }, alias);
  if (!record.ok) return record;
  const where = { channel, board, version: alias, file: 'version.txt' };
  const text = await ports.versions.read(where, record.value.floor);
  return text.ok ? ok(text.value.version) : text;
}

/** Starts or joins the job of it. */
async function startSeen({ jobs }: PollPorts, { channel, board, alias }: Stream, version: Version) {
  const started = await jobs.start({ channel, board, version }, 'poll', streamOf(alias));
  return started.ok || started.error.reason === 'quarantined' ? ok(undefined) : started;
}

const streamOf = (alias: Alias): Alias | undefined => (alias === 'current' ? undefined : alias);

async function takeOverDead({ store, jobs, platform }: PollPorts, pair: Pair): Promise<Outcome> {
  const known = await store.jobs(pair);
  if (!known.ok) return known;
  for (const job of known.value.filter((candidate) => isDead(candidate, platform.now()))) {
    const started = await jobs.start(job, job.trigger, job.alias);
    if (!started.ok) return started;
  }
  return DONE;
}

/** Releases of the last seven days are asked for again: pictures of a release come in several loads. */
async function lookForLateFiles({ releases, jobs, platform, mirrorFiles }: PollPorts, pair: Pair): Promise<Outcome> {
  const index = await releases.indexDocument(pair).read();
  if (!index.ok) return index;
  const recent = (index.value?.value ?? EMPTY_INDEX).releases
    .filter(({ publishedAt }) => platform.now() - Date.parse(publishedAt) < LATE_FILES_MS)
    .filter(({ files }) => mirrorFiles.some((file) => !Object.hasOwn(files, file)))
    .sort((a, b) => compareVersions(b.version, a.version));
  for (const { version } of recent) {
    const started = await jobs.reopen({ ...pair, version });
    if (!started.ok) return started;
  }
  return DONE;
}

/** Every round, so that it stands in the log of every day. */
async function warnOfExpiry({ trustedKeys, platform, log }: PollPorts): Promise<Outcome> {
  const keyring = await trustedKeys.current();
  if (!keyring.ok) return keyring;
  const warning = expiryWarning(await lastingSigningKey(keyring.value, platform.now()), platform.now());
  if (warning !== undefined) log.set({ warning });
  return DONE;
}

async function refreshKeyring(ports: PollPorts): Promise<Outcome> {
  const keyring = await ports.trustedKeys.refreshed();
  if (!keyring.ok) return keyring;
  const distrusted = await distrustCompromised(ports, keyring.value);
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
