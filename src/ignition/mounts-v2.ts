/**
 * Where spec 3 mounts the file systems that spec 2 only names. The reference makes paths up and counts them over all the
 * configs it reads; the OEM partition has its own place. flatcar/scripts, config/util/translate.go of its patches on
 * Ignition 2.26.0. No I/O.
 */
import type { ConfigV2 } from './spec/v2.ts';

const OEM = '/usr/share/oem';

export interface Mounts {
  /** By file system name; `root` is `/`. */
  readonly paths: ReadonlyMap<string, string>;
  /** How many paths were made up so far, those of earlier configs included. */
  readonly counted: number;
}

/** The mount paths of a config; `counted` are those made up for the configs before it. */
export function mountsOf({ storage }: ConfigV2, counted: number): Mounts {
  const paths = new Map([['root', '/']]);
  let number = counted;
  for (const { name } of storage?.filesystems ?? []) {
    if (name === '' || paths.has(name)) continue;
    number += 1;
    paths.set(name, name === 'oem' ? OEM : `/tmp/${name}-ign${number}`);
  }
  return { paths, counted: number };
}
