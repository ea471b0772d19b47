/** Which release an alias names right now: the pin, our own publication, or upstream's verified word. */
import type { Background } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import { aliasMeaning, isMirroredStream, raiseFloor } from './alias.ts';
import type { ReleaseStore } from './bucket.ts';
import type { Alias, Pair, Version } from './model.ts';
import type { ServedVersionFile, VersionFiles } from './version-files.ts';
import type { VersionFault } from './version-source.ts';

export interface CurrentRelease {
  readonly version: Version;
  /** Where upstream's word decided: the very pair that was verified, so that text and signature always fit. */
  readonly versionFile?: ServedVersionFile;
}

const CAS_ATTEMPTS = 5;

/** Reads the alias object on every call: a pin or a publication counts at once. */
export async function currentRelease(
  store: ReleaseStore,
  versionFiles: VersionFiles,
  mirror: readonly string[],
  pair: Pair,
  alias: Alias,
  background: Background,
): Promise<Result<CurrentRelease, VersionFault>> {
  const stored = await store.alias(pair, alias);
  if (!stored.ok) return stored;
  const meaning = aliasMeaning(stored.value.record, isMirroredStream(mirror, pair, alias));
  if (meaning.kind === 'release') return ok({ version: meaning.version });
  const versionFile = await versionFiles.get(pair, alias, meaning.floor, background);
  if (!versionFile.ok) return versionFile;
  return ok({ version: versionFile.value.version, versionFile: versionFile.value });
}

/** Remembers in R2 that an alias has named `version`, so that nobody can take it back to an older one. */
export async function rememberFloor(
  store: ReleaseStore,
  pair: Pair,
  alias: Alias,
  version: Version,
): Promise<Result<undefined, StoreFault>> {
  for (let attempt = 0; attempt < CAS_ATTEMPTS; attempt += 1) {
    const stored = await store.alias(pair, alias);
    if (!stored.ok) return stored;
    const { record, etag } = stored.value;
    const raised = raiseFloor(record, version);
    if (raised === record) return ok(undefined);
    const written = await store.writeAlias(pair, alias, raised, etag);
    if (!written.ok) return written;
    if (written.value) return ok(undefined);
  }
  return err({ reason: 'store-unreachable', operation: 'write alias' });
}
