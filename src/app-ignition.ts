/** Finds the version of Ignition that a release has, for the machine room, which knows no release. */
import { lesser, readerOfChannel, readerOfRelease } from './ignition/reader.ts';
import type { MachinePorts } from './machines/issue.ts';
import { isAlias, isVersion } from './releases/model.ts';
import type { ReleaseStore } from './releases/store/bucket.ts';
import { ok } from './shared/result.ts';

/**
 * Returns a function that says which Ignition a release has. For an alias it is the lowest of those that the alias may
 * name: the pinned release, or the published one and the floor. Later releases do not read less.
 */
export function ignitionOf(store: Pick<ReleaseStore, 'alias'>): MachinePorts['ignitionOf'] {
  return async ({ channel, board, version }) => {
    if (isVersion(version)) return ok(readerOfRelease(version).ignition);
    if (!isAlias(version)) return ok(readerOfChannel(channel).ignition);
    const stored = await store.alias({ channel, board }, version);
    if (!stored.ok) return stored;
    const { pin, version: published, floor } = stored.value;
    const named = (pin === null ? [published, floor] : [pin]).filter((release) => release !== null);
    const [first, ...others] = named.map(readerOfRelease);
    return ok((first === undefined ? readerOfChannel(channel) : others.reduce(lesser, first)).ignition);
  };
}
