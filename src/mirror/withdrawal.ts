/** Withdraws releases: the operator quarantines one, or a subkey that signed it turns out to be compromised. */

import type { Catalogue } from '../releases/catalogue.ts';
import type { Pair } from '../releases/model.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import type { Manifest } from '../releases/store/manifest.ts';
import { EMPTY_INDEX } from '../releases/store/release-index.ts';
import { update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Keyring } from '../signing/keyring.ts';
import { compromisedKeys } from '../signing/signer.ts';
import type { Publisher } from './publish.ts';
import type { Release } from './store/bucket.ts';

export interface WithdrawalPorts {
  readonly platform: Platform;
  readonly publisher: Publisher;
  readonly releases: ReleaseStore;
  readonly catalogue: Catalogue;
}

/**
 * Marks a release as quarantined, removes it from every list and alias, and returns its manifest. It returns
 * `undefined` when the release is not published.
 */
export async function quarantine(
  ports: WithdrawalPorts,
  release: Release,
): Promise<Result<Manifest | undefined, StoreFault>> {
  const quarantinedAt = new Date(ports.platform.now()).toISOString();
  return await withdraw(ports, release, (manifest) => ({
    ...manifest,
    quarantinedAt: manifest.quarantinedAt ?? quarantinedAt,
  }));
}

/** Writes the mark first: from then on nothing of the release is served, even if a later step fails. */
async function withdraw(
  ports: WithdrawalPorts,
  release: Release,
  mark: (manifest: Manifest) => Manifest,
): Promise<Result<Manifest | undefined, StoreFault>> {
  const { platform, releases, publisher } = ports;
  const manifest = await update(platform, releases.manifestDocument(release), (current) => current && mark(current));
  if (!manifest.ok || manifest.value === undefined) return manifest;
  const unlisted = await publisher.unlist(release);
  return unlisted.ok ? manifest : unlisted;
}

/**
 * Marks every release as distrusted that a compromised key of `keyring` has signed, and returns the newly marked
 * ones. It checks all releases on every call, since one may have been published since the last call.
 */
export async function distrustCompromised(
  ports: WithdrawalPorts,
  keyring: Keyring,
): Promise<Result<Release[], StoreFault>> {
  const { platform, releases, catalogue } = ports;
  const compromised = await compromisedKeys(keyring);
  if (compromised.size === 0) return ok([]);
  const distrusted: Release[] = [];
  for (const pair of catalogue.pairs) {
    const found = await signedBy(releases, pair, compromised);
    if (!found.ok) return found;
    for (const { release, fingerprint } of found.value) {
      const at = new Date(platform.now()).toISOString();
      const marked = await withdraw(ports, release, (manifest) => ({ ...manifest, distrusted: { fingerprint, at } }));
      if (!marked.ok) return marked;
      distrusted.push(release);
    }
  }
  return ok(distrusted);
}

/** Finds the releases that one of `fingerprints` signed, also those that left the index: they are served for a day. */
async function signedBy(
  store: ReleaseStore,
  pair: Pair,
  fingerprints: ReadonlySet<string>,
): Promise<Result<{ release: Release; fingerprint: string }[], StoreFault>> {
  const found: { release: Release; fingerprint: string }[] = [];
  const index = await store.indexDocument(pair).read();
  if (!index.ok) return index;
  const { releases, left } = index.value?.value ?? EMPTY_INDEX;
  for (const { version } of [...releases, ...left]) {
    const release = { ...pair, version };
    const manifest = await store.manifestDocument(release).read();
    if (!manifest.ok) return manifest;
    if (manifest.value?.value.distrusted !== undefined) continue;
    const signers = Object.values(manifest.value?.value.files ?? {}).map((file) => file.signedBy ?? '');
    const fingerprint = signers.find((signer) => fingerprints.has(signer));
    if (fingerprint !== undefined) found.push({ release, fingerprint });
  }
  return ok(found);
}
