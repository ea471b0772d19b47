/** Withdraws releases: the operator quarantines one, or a subkey that signed it turns out to be compromised. */

import type { Catalogue } from '../releases/catalogue.ts';
import type { Pair } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { isWithdrawn, type Manifest, unmarked, unpublished } from '../releases/store/manifest.ts';
import { EMPTY_INDEX } from '../releases/store/release-index.ts';
import { type Conflict, change, type Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Keyring } from '../signing/keyring.ts';
import { compromisedKeys } from '../signing/signer.ts';
import type { Publisher } from './publish.ts';
import type { Release } from './store/bucket.ts';
import { releaseWithdrawn } from './told/events.ts';
import { readableOf, type Tell } from './unreadable.ts';

export interface WithdrawalPorts {
  readonly platform: Platform;
  readonly publisher: Publisher;
  readonly releases: ReleaseStore;
  readonly catalogue: Catalogue;
}

/** What a write demands of the manifest that is there: it must not happen where this is an error. */
export type Demand<E> = (current: Manifest | undefined) => Promise<Result<undefined, E>>;

const NOTHING: Demand<never> = async () => ok(undefined);

/**
 * Marks a release as quarantined, removes it from every list and alias, and returns its manifest. A release that is not
 * published gets a manifest without files: it can be blocked before anybody mirrors it, and while it is mirrored. So does
 * one whose manifest cannot be read.
 */
export async function quarantine<E = never>(
  ports: WithdrawalPorts,
  release: Release,
  why: { readonly by: string; readonly reason: string | undefined },
  demands: Demand<E> = NOTHING,
): Promise<Result<Manifest, StoreFault | E>> {
  const now = new Date(ports.platform.now()).toISOString();
  const { by, reason } = why;
  const document = ports.releases.replaceableManifest(release);
  return await withdraw(ports, release, document, demands, (manifest) => ({
    ...(manifest ?? unpublished(release, now)),
    quarantinedAt: manifest?.quarantinedAt ?? now,
    quarantine:
      manifest?.quarantinedAt !== undefined && reason === undefined && manifest.quarantine !== undefined
        ? manifest.quarantine
        : { by, ...(reason === undefined ? {} : { reason }) },
  }));
}

/**
 * Takes the mark of a quarantine off a release, and returns its manifest. Nothing is mirrored by that: its files may be gone,
 * so it is not published before it is copied anew. `undefined` when it carries no such mark.
 */
export async function liftQuarantine<E = never>(
  { platform, releases }: Pick<WithdrawalPorts, 'platform' | 'releases'>,
  release: Release,
  demands: Demand<E> = NOTHING,
): Promise<Result<Manifest | undefined, StoreFault | E>> {
  let hadMark = false;
  const lifted = await change<Manifest, E>(platform, releases.manifestDocument(release), async (current) => {
    const manifest = current?.value;
    hadMark = manifest?.quarantinedAt !== undefined;
    const met = await demands(manifest);
    if (!met.ok) return met;
    return ok(manifest === undefined || !hadMark ? undefined : unmarked(manifest));
  });
  if (!lifted.ok) return isConflict(lifted.error) ? err(CROWDED) : err(lifted.error);
  return ok(hadMark ? lifted.value?.value : undefined);
}

/** Others wrote the manifest at each attempt. */
const CROWDED: StoreFault = { reason: 'store-unreachable', operation: 'mark manifest' };
const isConflict = <E>(fault: E | Conflict): fault is Conflict => (fault as Conflict).reason === 'conflict';

/** Writes the mark first: from then on nothing of the release is served, even if a later step fails. */
async function withdraw<E>(
  ports: WithdrawalPorts,
  release: Release,
  document: Document<Manifest>,
  demands: Demand<E>,
  mark: (manifest: Manifest | undefined) => Manifest,
): Promise<Result<Manifest, StoreFault | E>> {
  const { platform, publisher } = ports;
  const manifest = await change<Manifest, E>(platform, document, async (current) => {
    const met = await demands(current?.value);
    return met.ok ? ok(mark(current?.value)) : met;
  });
  if (!manifest.ok) return isConflict(manifest.error) ? err(CROWDED) : err(manifest.error);
  if (manifest.value === undefined) return err({ reason: 'store-unreachable', operation: 'mark manifest' });
  // It is told before it leaves the lists, for the poll finds again what is marked and listed. But it leaves them in any case.
  const told = await publisher.tell(releaseWithdrawn(manifest.value.value));
  const unlisted = await publisher.unlist(release);
  if (!unlisted.ok) return unlisted;
  return told.ok ? ok(manifest.value.value) : told;
}

/**
 * Takes out of the lists and aliases of a pair what carries a mark and is still there, and returns it: a withdrawal, or a
 * publication that met one, may have broken off after the mark was written. It tells of records that cannot be read, and
 * goes on with the others.
 */
export async function finishWithdrawals(
  { releases, publisher }: Pick<WithdrawalPorts, 'releases' | 'publisher'>,
  pair: Pair,
  tell: Tell,
): Promise<Result<Release[], StoreFault>> {
  const index = await publisher.mendIndex(pair, tell);
  if (!index.ok) return index;
  const aliases = await releases.aliases(pair);
  if (!aliases.ok) return aliases;
  const named = aliases.value.found.flatMap(({ record }) => [record.version, record.floor, record.pin]);
  for (const { alias, detail } of aliases.value.unreadable)
    tell({ reason: 'stored-malformed', what: `${pair.channel}/${pair.board}/${alias}`, detail });
  const listed = index.value.releases.map(({ version }) => version);
  const finished: Release[] = [];
  for (const version of new Set([...named.filter((number) => number !== null), ...listed])) {
    const release = { ...pair, version };
    const manifest = readableOf(await releases.manifest(release), tell);
    if (!manifest.ok) return manifest;
    if (manifest.value === undefined || !isWithdrawn(manifest.value)) continue;
    const told = await publisher.tell(releaseWithdrawn(manifest.value));
    const unlisted = await publisher.unlist(release);
    if (!unlisted.ok) return unlisted;
    if (!told.ok) return told;
    finished.push(release);
  }
  return ok(finished);
}

/**
 * Marks every release as distrusted that a compromised key of `keyring` has signed, and returns the newly marked
 * ones. It checks all releases on every call, since one may have been published since the last call. It tells of records
 * that cannot be read, and goes on with the others.
 */
export async function distrustCompromised(
  ports: WithdrawalPorts,
  keyring: Keyring,
  tell: Tell,
): Promise<Result<Release[], StoreFault>> {
  const { platform, releases, catalogue } = ports;
  const compromised = await compromisedKeys(keyring);
  if (compromised.size === 0) return ok([]);
  const distrusted: Release[] = [];
  for (const pair of catalogue.pairs) {
    const found = await signedBy(releases, pair, compromised, tell);
    if (!found.ok) return found;
    for (const { release, fingerprint } of found.value) {
      const at = new Date(platform.now()).toISOString();
      const marked = readableOf(
        await withdraw(ports, release, releases.manifestDocument(release), NOTHING, (manifest) => ({
          ...(manifest ?? unpublished(release, at)),
          distrusted: { fingerprint, at },
        })),
        tell,
      );
      if (!marked.ok) return marked;
      if (marked.value !== undefined) distrusted.push(release);
    }
  }
  return ok(distrusted);
}

/** Finds the releases that one of `fingerprints` signed, also those that left the index: they are served for a day. */
async function signedBy(
  store: ReleaseStore,
  pair: Pair,
  fingerprints: ReadonlySet<string>,
  tell: Tell,
): Promise<Result<{ release: Release; fingerprint: string }[], StoreFault>> {
  const found: { release: Release; fingerprint: string }[] = [];
  const index = readableOf(await store.indexDocument(pair).read(), tell);
  if (!index.ok) return index;
  const { releases, left } = index.value?.value ?? EMPTY_INDEX;
  for (const { version } of [...releases, ...left]) {
    const release = { ...pair, version };
    const manifest = readableOf(await store.manifestDocument(release).read(), tell);
    if (!manifest.ok) return manifest;
    if (manifest.value?.value.distrusted !== undefined) continue;
    const signers = Object.values(manifest.value?.value.files ?? {}).map((file) => file.signedBy ?? '');
    const fingerprint = signers.find((signer) => fingerprints.has(signer));
    if (fingerprint !== undefined) found.push({ release, fingerprint });
  }
  return ok(found);
}
