/** Finds the release that a machine boots, for the machine room, which knows no release. */
import type { BootPorts } from './machines/boot/boot.ts';
import type { Machine } from './machines/records/model.ts';
import type { Catalogue } from './releases/catalogue.ts';
import { isUpdate } from './releases/companions.ts';
import { isAliasName, isRing, isVersion, type Pair, type Version } from './releases/model.ts';
import { servedRelease } from './releases/serve/current.ts';
import type { MirroredFiles } from './releases/serve/mirrored.ts';
import { releaseProblem } from './releases/serve/problems.ts';
import { isMade } from './releases/store/alias.ts';
import type { ReleaseStore } from './releases/store/bucket.ts';
import { isWithdrawn } from './releases/store/manifest.ts';
import type { VersionFiles } from './releases/upstream/version-files.ts';
import { err, ok, type Result } from './shared/result.ts';
import { isStoreFault, type StoreFault } from './shared/store.ts';

/** Returns a function that says whether the update payloads of a numbered release are served here, its system extensions among them. */
export const updatesAt =
  (mirrored: MirroredFiles): BootPorts['hasUpdates'] =>
  async ({ channel, board, version }) => {
    if (!isVersion(version)) return ok(false);
    const manifest = await mirrored.manifest({ channel, board, version });
    if (manifest.ok) return ok(Object.keys(manifest.value?.files ?? {}).some(isUpdate));
    return manifest.error.reason === 'quarantined' ? ok(false) : err(manifest.error);
  };

/** Returns a function that says which release a name means, for update checks: nothing where no release is served under it now. */
export function namedRelease(
  store: ReleaseStore,
  versionFiles: VersionFiles,
  catalogue: Catalogue,
): (place: Pair & { readonly version: string }) => Promise<Result<Version | undefined, StoreFault>> {
  return async ({ channel, board, version }) => {
    if (!isAliasName(version)) return ok(undefined);
    const current = await servedRelease(store, versionFiles, catalogue, { channel, board }, version);
    if (current.ok) return ok(current.value.version);
    return isStoreFault(current.error) ? err(current.error) : ok(undefined);
  };
}

/** Returns a function that says whether a name can be followed: an alias can, and a ring if an operator has made it. */
export const isNamed =
  (store: Pick<ReleaseStore, 'alias'>) =>
  async (pair: Pair, name: string): Promise<Result<boolean, StoreFault>> => {
    if (!isRing(name)) return ok(isAliasName(name));
    const record = await store.alias(pair, name);
    return record.ok ? ok(isMade(record.value)) : record;
  };

/**
 * Returns a function that notes that a machine has booted the release that its alias names: rings behind it may wait for that. A machine
 * that boots a number proves nothing of a ring. What cannot be noted is lost, and the next boot of the machine tells it again.
 */
export const bootedNote =
  (
    releaseOf: BootPorts['releaseOf'],
    note: (
      release: { channel: string; board: string; version: string },
      name: string,
      machine: string,
    ) => Promise<unknown>,
  ) =>
  async ({ id, channel, board, version }: Machine): Promise<void> => {
    if (!isAliasName(version)) return;
    const release = await releaseOf({ channel, board, version });
    if (release.ok) await note({ channel, board, version: release.value }, version, id);
  };

/**
 * Returns a function that says which release an alias names now: the one that a download below the alias would come from.
 * A firmware that is told the number gets kernel and initrd of one release, also while the alias moves.
 */
export function releaseOf(
  store: ReleaseStore,
  versionFiles: VersionFiles,
  catalogue: Catalogue,
): BootPorts['releaseOf'] {
  return async ({ channel, board, version }) => {
    const path = `${channel}/${board}/${version}`;
    if (isVersion(version)) {
      const manifest = await store.manifest({ channel, board, version });
      if (!manifest.ok) return manifest;
      const isTakenBack = manifest.value !== undefined && isWithdrawn(manifest.value);
      return isTakenBack ? err({ reason: 'no-release', detail: `${path} is quarantined` }) : ok(version);
    }
    if (!isAliasName(version)) return err({ reason: 'no-release', detail: `${path} is no release` });
    const current = await servedRelease(store, versionFiles, catalogue, { channel, board }, version);
    if (current.ok) return ok(current.value.version);
    const { reason } = current.error;
    const isNone = reason === 'absent' || reason === 'quarantined';
    const detail = isNone ? `${path} names none` : `${path}: ${releaseProblem(current.error).detail}`;
    return err({ reason: 'no-release', detail });
  };
}
