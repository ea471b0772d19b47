/** What must hold in the bucket at every moment, whatever has just failed: read from its raw objects, past the code that writes them. */
import { createHash } from 'node:crypto';
import type { StoredObject } from '../support/memory-object.ts';

export type Objects = ReadonlyMap<string, StoredObject>;

interface RawManifest {
  readonly files: Readonly<Record<string, { readonly key: string; readonly etag: string }>>;
}

/** What the object at `key` breaks, in words; `genuine` holds every file of the release by its name. */
export function breaches(objects: Objects, key: string, genuine: ReadonlyMap<string, Uint8Array>): string[] {
  const object = objects.get(key);
  // What is gone must not be missed.
  if (object === undefined)
    return [...objects.keys()].filter(isLaw).flatMap((other) => breaches(objects, other, genuine));
  const [kind, channel, board, last = '', ...rest] = key.replace(/\.json$/, '').split('/');
  const name = rest.slice(0, -1).join('/');
  const manifestKey = (version: string) => `manifests/${channel}/${board}/${version}.json`;
  const unpublished = (version: string | null) =>
    version === null || objects.has(manifestKey(version)) ? [] : [`${key} names ${version}, which is not published`];
  if (kind === 'files' && name.endsWith(PROVENANCE))
    return isProvenanceOf(genuine.get(name.slice(0, -PROVENANCE.length)), object) ? [] : [`${key} is not true`];
  if (kind === 'files')
    return Buffer.compare(object.bytes, genuine.get(name) ?? Buffer.of(0)) === 0 ? [] : [`${key} is not genuine`];
  if (kind === 'manifests') {
    const { files } = jsonOf(object) as RawManifest;
    const missing = [...genuine.keys()].filter((file) => !Object.hasOwn(files, file));
    const dangling = Object.values(files).filter((file) => objects.get(file.key)?.etag !== file.etag);
    return [...missing.map((file) => `${last} lacks ${file}`), ...dangling.map((file) => `${last} names ${file.key}`)];
  }
  if (kind === 'alias') return unpublished((jsonOf(object) as { version: string | null }).version);
  if (kind === 'index')
    return (jsonOf(object) as { releases: { version: string }[] }).releases.flatMap(({ version }) =>
      unpublished(version),
    );
  return [];
}

export const PROVENANCE = '.provenance.json';

/** True for a statement about exactly these bytes. */
function isProvenanceOf(bytes: Uint8Array | undefined, object: StoredObject): boolean {
  const { subject } = jsonOf(object) as { subject: { digest: { sha256: string; sha512: string } }[] };
  const digest = (name: string) =>
    createHash(name)
      .update(bytes ?? '')
      .digest('hex');
  return subject[0]?.digest.sha256 === digest('sha256') && subject[0].digest.sha512 === digest('sha512');
}

const isLaw = (key: string): boolean => /^(manifests|alias|index)\//.test(key);

const jsonOf = ({ bytes }: StoredObject): unknown => JSON.parse(new TextDecoder().decode(bytes));
