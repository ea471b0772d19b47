/**
 * Chooses the mount paths of spec 3 for the file systems that spec 2 only names. Flatcar's Ignition invents the paths
 * and numbers them over all the configs that it reads. The OEM partition has a fixed path. Source:
 * config/util/translate.go in Flatcar's patches on Ignition 2.26.0 (flatcar/scripts). No I/O.
 */
import type { ConfigV2 } from './spec/v2.ts';

/** Patch 0015 of Flatcar's set of 2026-03. Images from before it mount the partition at `/usr/share/oem`. */
const OEM = '/oem';

export interface Mounts {
  /** The mount path of each file system by its name; that of `root` is `/`. */
  readonly paths: ReadonlyMap<string, string>;
  /** The number of paths that were invented so far, including those of earlier configs. */
  readonly counted: number;
}

/**
 * Returns the mount paths of a config. `counted` is the number of paths that were invented for the configs before it.
 */
export function mountsOf({ storage }: ConfigV2, counted: number): Mounts {
  const paths = new Map([['root', '/']]);
  let number = counted;
  for (const { name } of storage?.filesystems ?? []) {
    if (paths.has(name)) continue;
    // A file system without a name counts, but nothing can name it.
    number += 1;
    if (name !== '') paths.set(name, name === 'oem' ? OEM : `/tmp/${name}-ign${number}`);
  }
  return { paths, counted: number };
}
