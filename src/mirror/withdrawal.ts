/** Taking releases back: by the operator (quarantine), or because a key that signed them turned out compromised. */
import type { ReleaseStore } from '../releases/bucket.ts';
import { changeAlias } from '../releases/current.ts';
import type { Manifest } from '../releases/manifest.ts';
import { EMPTY_INDEX, type ReleaseIndex, withoutReleases } from '../releases/release-index.ts';
import type { Config } from '../shared/config.ts';
import { update } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { Keyring } from '../signing/keyring.ts';
import { isCompromised } from '../signing/signer.ts';
import { withdrawn } from './alias-moves.ts';
import type { MirrorStore, Release } from './bucket.ts';
import { NO_NOTES } from './notes.ts';
import type { Publisher } from './publish.ts';

export interface WithdrawalPorts {
  readonly platform: Platform;
  readonly store: MirrorStore;
  readonly releases: ReleaseStore;
  readonly publisher: Publisher;
  readonly config: Pick<Config, 'CHANNELS' | 'BOARDS'>;
}

/** Marks the release as quarantined and takes it out of every list and alias; `undefined` when it is not published. */
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

/** The mark first: from then on nothing of it is served, whatever fails after. */
async function withdraw(
  ports: WithdrawalPorts,
  release: Release,
  mark: (manifest: Manifest) => Manifest,
): Promise<Result<Manifest | undefined, StoreFault>> {
  const { platform, store, releases, publisher } = ports;
  const manifest = await update(platform, store.manifest(release), (current) => current && mark(current));
  if (!manifest.ok || manifest.value === undefined) return manifest;
  const now = new Date(platform.now()).toISOString();
  const index = await update(platform, store.index(release), (current) =>
    withoutReleases(current ?? EMPTY_INDEX, [release.version], now),
  );
  if (!index.ok) return index;
  const aliases = await clearAliases(ports, releases, release, index.value ?? EMPTY_INDEX, now);
  if (!aliases.ok) return aliases;
  const rebuilt = await publisher.rebuildPublicIndex();
  return rebuilt.ok ? ok(manifest.value) : rebuilt;
}

async function clearAliases(
  { platform }: WithdrawalPorts,
  releases: ReleaseStore,
  release: Release,
  remaining: ReleaseIndex,
  now: string,
): Promise<Result<undefined, StoreFault>> {
  const aliases = await releases.aliases(release);
  if (!aliases.ok) return aliases;
  for (const { alias } of aliases.value) {
    const changed = await changeAlias(platform, releases, release, alias, (record) =>
      withdrawn(record, alias, release.version, remaining, now),
    );
    if (!changed.ok) return changed;
  }
  return ok(undefined);
}

/** Distrusts every published release that a compromised subkey of `keyring` signed; each subkey is dealt with once. */
export async function distrustCompromised(
  ports: WithdrawalPorts,
  keyring: Keyring,
): Promise<Result<Release[], StoreFault>> {
  const { platform, store, config } = ports;
  const notes = await store.notes().read();
  if (!notes.ok) return notes;
  const known = new Set(notes.value?.value.distrusted);
  const compromised = new Set<string>();
  for (const subkey of keyring.keys.flatMap(({ subkeys }) => subkeys)) {
    const fingerprint = subkey.getFingerprint().toUpperCase();
    if (!known.has(fingerprint) && (await isCompromised(keyring, fingerprint))) compromised.add(fingerprint);
  }
  if (compromised.size === 0) return ok([]);
  const distrusted: Release[] = [];
  for (const pair of config.CHANNELS.flatMap((channel) => config.BOARDS.map((board) => ({ channel, board })))) {
    const found = await signedBy(store, pair, compromised);
    if (!found.ok) return found;
    for (const { release, fingerprint } of found.value) {
      const at = new Date(platform.now()).toISOString();
      const marked = await withdraw(ports, release, (manifest) => ({ ...manifest, distrusted: { fingerprint, at } }));
      if (!marked.ok) return marked;
      distrusted.push(release);
    }
  }
  const noted = await update(platform, store.notes(), (current = NO_NOTES) => ({
    ...current,
    distrusted: [...known, ...compromised],
  }));
  return noted.ok ? ok(distrusted) : noted;
}

/** By the manifests themselves, releases that have left the index included: they are still served for a day. */
async function signedBy(
  store: MirrorStore,
  { channel, board }: { channel: string; board: string },
  fingerprints: ReadonlySet<string>,
): Promise<Result<{ release: Release; fingerprint: string }[], StoreFault>> {
  const found: { release: Release; fingerprint: string }[] = [];
  const index = await store.index({ channel, board }).read();
  if (!index.ok) return index;
  const { releases, left } = index.value?.value ?? EMPTY_INDEX;
  for (const { version } of [...releases, ...left]) {
    const release = { channel, board, version };
    const manifest = await store.manifest(release).read();
    if (!manifest.ok) return manifest;
    const signers = Object.values(manifest.value?.value.files ?? {}).map((file) => file.signedBy ?? '');
    const fingerprint = signers.find((signer) => fingerprints.has(signer));
    if (fingerprint !== undefined) found.push({ release, fingerprint });
  }
  return ok(found);
}
