/**
 * The cron: what keeps the mirror complete when nobody announces anything. Each part stands alone; what fails is logged and
 * tried again a quarter of an hour later.
 */

import type { Config } from '../config.ts';
import { type Alias, compareVersions, type Pair, type Version } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { EMPTY_INDEX } from '../releases/store/release-index.ts';
import type { VersionSource } from '../releases/upstream/version-source.ts';
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
  readonly config: Config;
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly versions: VersionSource;
  readonly trustedKeys: TrustedKeys;
  readonly jobs: Jobs;
  readonly publisher: Publisher;
  readonly log: LogEvent;
}

const DAY_MS = 24 * 3_600_000;
const LATE_FILES_MS = 7 * DAY_MS;

/** One round: new releases, late files, dead jobs; once a day the keyring and the sweep. */
export async function poll(ports: PollPorts): Promise<void> {
  const faults: string[] = [];
  const note = (what: string, outcome: { readonly ok: boolean; readonly error?: { readonly reason: string } }) => {
    if (!outcome.ok) faults.push(`${what}: ${outcome.error?.reason}`);
  };
  const looks: [entry: string, fault: string | undefined][] = [];
  for (const entry of ports.config.MIRROR) {
    const seen = await upstreamsWord(ports, entry);
    looks.push([entry, seen.ok ? undefined : seen.error.reason]);
    note(entry, seen.ok ? await startSeen(ports, entry, seen.value) : seen);
  }
  if (looks.length > 0) note('notes', await rememberLooks(ports, looks));
  for (const pair of pairsOf(ports.config)) {
    note(`jobs of ${pair.channel}/${pair.board}`, await takeOverDead(ports, pair));
    note(`late files of ${pair.channel}/${pair.board}`, await lookForLateFiles(ports, pair));
  }
  note('signing key', await warnOfExpiry(ports));
  note('keyring', await daily(ports, 'keyringRefreshedAt', () => refreshKeyring(ports)));
  note('sweep', await daily(ports, 'sweptAt', () => sweep(ports)));
  ports.log.set({ event: 'poll', faults: faults.length === 0 ? undefined : faults.join('; ') });
}

const pairsOf = ({ CHANNELS, BOARDS }: Config): Pair[] =>
  CHANNELS.flatMap((channel) => BOARDS.map((board) => ({ channel, board })));

/** What the public page says of upstream. */
async function rememberLooks(
  { platform, store }: PollPorts,
  looks: readonly (readonly [entry: string, fault: string | undefined])[],
) {
  const now = new Date(platform.now()).toISOString();
  return await update<MirrorNotes>(platform, store.notes(), (current = NO_NOTES) => {
    const seen = looks.map(([entry, fault]) => {
      const seenAt = fault === undefined ? now : current.upstream[entry]?.seenAt;
      return [entry, { ...(seenAt === undefined ? {} : { seenAt }), ...(fault === undefined ? {} : { fault }) }];
    });
    return { ...current, upstream: Object.fromEntries(seen) };
  });
}

/** What upstream's alias names, by its verified version.txt. */
async function upstreamsWord(ports: PollPorts, entry: string): Promise<Result<Version, { readonly reason: string }>> {
  const { channel, board, alias } = streamIn(entry);
  const record = await ports.releases.alias({ channel, board }, alias);
  if (!record.ok) return record;
  const where = { channel, board, version: alias, file: 'version.txt' };
  const text = await ports.versions.read(where, record.value.record.floor);
  return text.ok ? ok(text.value.version) : text;
}

/** Starts or joins the job of it. */
async function startSeen({ jobs }: PollPorts, entry: string, version: Version) {
  const { channel, board, alias } = streamIn(entry);
  const started = await jobs.start({ channel, board, version }, 'poll', streamOf(alias));
  return started.ok || started.error.reason === 'quarantined' ? ok(undefined) : started;
}

/** The parts of an entry of MIRROR; the configuration was checked. */
function streamIn(entry: string): Pair & { readonly alias: Alias } {
  const [channel = '', board = '', alias = 'current'] = entry.split('/');
  return { channel, board, alias: alias as Alias };
}

const streamOf = (alias: Alias): Alias | undefined => (alias === 'current' ? undefined : alias);

async function takeOverDead({ store, jobs, platform }: PollPorts, pair: Pair) {
  const known = await store.jobs(pair);
  if (!known.ok) return known;
  for (const job of known.value.filter((candidate) => isDead(candidate, platform.now()))) {
    const started = await jobs.start(job, job.trigger, job.alias);
    if (!started.ok) return started;
  }
  return { ok: true };
}

/** Releases of the last seven days are asked for again: pictures of a release come in several loads. */
async function lookForLateFiles({ store, jobs, platform, config }: PollPorts, pair: Pair) {
  const index = await store.index(pair).read();
  if (!index.ok) return index;
  const recent = (index.value?.value ?? EMPTY_INDEX).releases
    .filter(({ publishedAt }) => platform.now() - Date.parse(publishedAt) < LATE_FILES_MS)
    .filter(({ files }) => config.MIRROR_FILES.some((file) => !Object.hasOwn(files, file)))
    .sort((a, b) => compareVersions(b.version, a.version));
  for (const { version } of recent) {
    const started = await jobs.reopen({ ...pair, version });
    if (!started.ok) return started;
  }
  return { ok: true };
}

/** Every round, so that it stands in the log of every day. */
async function warnOfExpiry({ trustedKeys, platform, log }: PollPorts) {
  const keyring = await trustedKeys.current();
  if (!keyring.ok) return keyring;
  const warning = expiryWarning(await lastingSigningKey(keyring.value, platform.now()), platform.now());
  if (warning !== undefined) log.set({ warning });
  return { ok: true };
}

async function refreshKeyring(ports: PollPorts) {
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
  work: () => Promise<{ readonly ok: boolean; readonly error?: { readonly reason: string } }>,
) {
  const notes = await store.notes().read();
  if (!notes.ok) return notes;
  const last = notes.value?.value[name];
  if (last !== undefined && platform.now() - Date.parse(last) < DAY_MS) return { ok: true };
  const outcome = await work();
  if (!outcome.ok) return outcome;
  const at = new Date(platform.now()).toISOString();
  return await update<MirrorNotes>(platform, store.notes(), (current = NO_NOTES) => ({ ...current, [name]: at }));
}
