/** Which release an alias names right now: the pin, our own publication, or upstream's verified word. */
import { update } from '../../shared/document.ts';
import type { Platform } from '../../shared/platform.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { type Catalogue, isMirrored } from '../catalogue.ts';
import type { Alias, Pair, Version } from '../model.ts';
import { type AliasRecord, aliasMeaning, NO_ALIAS, raiseFloor } from '../store/alias.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { ServedVersionFile, VersionFiles } from '../upstream/version-files.ts';
import type { VersionFault } from '../upstream/version-source.ts';

export interface CurrentRelease {
  readonly version: Version;
  /** Where upstream's word decided: the very pair that was verified, so that text and signature always fit. */
  readonly versionFile?: ServedVersionFile;
}

/** Reads the alias object on every call: a pin or a publication counts at once. */
export async function currentRelease(
  store: ReleaseStore,
  versionFiles: VersionFiles,
  catalogue: Catalogue,
  pair: Pair,
  alias: Alias,
): Promise<Result<CurrentRelease, VersionFault>> {
  const stored = await store.alias(pair, alias);
  if (!stored.ok) return stored;
  const meaning = aliasMeaning(stored.value, isMirrored(catalogue, pair, alias));
  if (meaning.kind === 'release') return ok({ version: meaning.version });
  const versionFile = await versionFiles.get(pair, alias, meaning.floor);
  if (!versionFile.ok) return versionFile;
  return ok({ version: versionFile.value.version, versionFile: versionFile.value });
}

/** Changes what an alias names, by compare-and-set. */
export async function changeAlias(
  platform: Platform,
  store: ReleaseStore,
  pair: Pair,
  alias: Alias,
  change: (record: AliasRecord) => AliasRecord,
): Promise<Result<AliasRecord, StoreFault>> {
  const changed = await update(platform, store.aliasDocument(pair, alias), (current = NO_ALIAS) => {
    const next = change(current);
    return next === current ? undefined : next;
  });
  return changed.ok ? ok(changed.value ?? NO_ALIAS) : changed;
}

/**
 * Remembers in R2 that an alias has named `version`, so that nobody can take it back to an older one. A quarantined
 * release is not remembered: upstream itself may go back behind it. Gives back the floor that holds now: somebody else may
 * have seen a newer release meanwhile.
 */
export async function rememberFloor(
  platform: Platform,
  store: ReleaseStore,
  pair: Pair,
  alias: Alias,
  version: Version,
): Promise<Result<Version | null, StoreFault>> {
  const manifest = await store.manifest({ ...pair, version });
  if (!manifest.ok) return manifest;
  if (manifest.value?.quarantinedAt !== undefined) return ok(null);
  const raised = await changeAlias(platform, store, pair, alias, (record) => raiseFloor(record, version));
  return raised.ok ? ok(raised.value.floor) : raised;
}
