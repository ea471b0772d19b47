/** Shows releases to the operator: what is published, and what was taken back, by whom and why. */
import type { Pair } from '../../releases/model.ts';
import type { AliasRecord } from '../../releases/store/alias.ts';
import type { Manifest } from '../../releases/store/manifest.ts';
import { sha256Hex } from '../../shared/bytes.ts';
import { entityTag } from '../../shared/http/precondition.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { ReleaseItem } from './call-shapes.ts';
import type { MirrorRoom } from './room.ts';

export interface PairReleases {
  readonly items: readonly ReleaseItem[];
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
}

const AT_ONCE = 6;

/** Returns the releases of a pair, newest first: those of the index, and those that carry a mark. */
export async function releasesOf(room: MirrorRoom, pair: Pair): Promise<Result<PairReleases, StoreFault>> {
  const { releases } = room;
  const path = `${pair.channel}/${pair.board}`;
  const unreadable: { id: string; reason: string }[] = [];
  const [index, aliases, versions] = await Promise.all([
    releases.index(pair),
    releases.aliases(pair),
    releases.manifestVersions(pair),
  ]);
  if (!aliases.ok) return aliases;
  if (!versions.ok) return versions;
  if (!index.ok) {
    if (index.error.reason !== 'stored-malformed') return index;
    unreadable.push({ id: path, reason: index.error.detail });
  }
  for (const { alias, detail } of aliases.value.unreadable) unreadable.push({ id: `${path}/${alias}`, reason: detail });
  const listed = index.ok ? index.value.releases : [];
  const items = listed.map(({ version, publishedAt, files }): ReleaseItem => {
    const marks = { state: 'published', publishedAt, quarantine: null, distrusted: null } as const;
    const fileCount = Object.keys(files).length;
    return { ...pair, version, ...marks, fileCount, ...namedBy(version, aliases.value.found) };
  });
  const known = new Set<string>(listed.map(({ version }) => version));
  const others = versions.value.filter((version) => !known.has(version));
  for (let at = 0; at < others.length; at += AT_ONCE) {
    const page = others.slice(at, at + AT_ONCE);
    const manifests = await Promise.all(page.map((version) => releases.manifest({ ...pair, version })));
    for (const [place, manifest] of manifests.entries()) {
      if (!manifest.ok) {
        if (manifest.error.reason !== 'stored-malformed') return manifest;
        unreadable.push({ id: `${path}/${page[place] ?? ''}`, reason: manifest.error.detail });
      } else if (manifest.value !== undefined && stateOf(manifest.value) !== 'published') {
        const { version, files } = manifest.value;
        const fileCount = Object.keys(files).length;
        items.push({ ...marksOf(manifest.value), fileCount, ...namedBy(version, aliases.value.found) });
      }
    }
  }
  return ok({ items: items.toSorted((a, b) => byVersion(b.version, a.version)), unreadable });
}

function namedBy(version: string, aliases: readonly { readonly alias: string; readonly record: AliasRecord }[]) {
  const naming = aliases.filter(({ record }) => (record.pin ?? record.version) === version);
  return {
    aliases: naming.map(({ alias }) => alias),
    isPinned: naming.some(({ record }) => record.pin === version),
    isFloor: aliases.some(({ record }) => record.floor === version),
  };
}

function stateOf({ quarantinedAt, publishedAt, distrusted, files }: Manifest): ReleaseItem['state'] {
  if (quarantinedAt !== undefined)
    return publishedAt === quarantinedAt && Object.keys(files).length === 0 ? 'blocked' : 'quarantined';
  return distrusted === undefined ? 'published' : 'distrusted';
}

/** The public fields of a manifest without its files. It names each field, so that other fields stay private. */
export function marksOf(manifest: Manifest): Omit<ReleaseItem, 'fileCount' | 'aliases' | 'isPinned' | 'isFloor'> {
  const { channel, board, version, publishedAt, distrusted, quarantinedAt, quarantine } = manifest;
  const state = stateOf(manifest);
  return {
    ...{ channel, board, version, state },
    publishedAt: state === 'blocked' ? null : publishedAt,
    quarantine:
      quarantinedAt === undefined
        ? null
        : { at: quarantinedAt, by: quarantine?.by ?? null, reason: quarantine?.reason ?? null },
    distrusted: distrusted === undefined ? null : { fingerprint: distrusted.fingerprint, at: distrusted.at },
  };
}

/** Returns the entity tag of a release: it changes with its marks and its files. */
export async function releaseTag(manifest: Manifest): Promise<string> {
  const files = Object.entries(manifest.files).map(([name, { sha512 }]) => [name, sha512]);
  const text = JSON.stringify(['release', marksOf(manifest), files]);
  return entityTag((await sha256Hex(new Uint8Array(new TextEncoder().encode(text)))).slice(0, 32));
}

function byVersion(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (const [at, number] of (left ?? []).entries()) {
    const difference = number - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
