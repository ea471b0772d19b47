/** Finds what spec 3.1 cannot express in a spec 2.4 config, as Flatcar's patches on Ignition 2.26.0 do. No I/O. */
import { cleanPath } from './clean-path.ts';
import type { Mounts } from './mounts-v2.ts';
import type { Findings, Path } from './report.ts';
import { linksAbove } from './rules/nodes.ts';
import { type ConfigV2, NEWEST_V2 } from './spec/v2.ts';
import { validateV2 } from './validate-v2.ts';

/** Reports everything that spec 3.1 cannot express, at its path in the spec 2 config. */
export function findUntranslatable(config: ConfigV2, mounts: Mounts, report: Findings): void {
  // The rules of the config's own version were reported before. Only errors of 2.4 are new.
  validateV2(config, NEWEST_V2, { error: (path, message) => report.error(path, message), warn: () => undefined });
  findSectors(config, report);
  findUnmounted(config, report);
  findNodes(config, mounts, report);
  findDropins(config, report);
  findLongNames(config, report);
}

function findSectors({ storage }: ConfigV2, report: Findings): void {
  for (const [index, disk] of (storage?.disks ?? []).entries()) {
    for (const [number, { start, size }] of (disk.partitions ?? []).entries()) {
      if (start === undefined && size === undefined) continue;
      const path = ['storage', 'disks', index, 'partitions', number];
      report.error(path, 'starts and sizes in sectors, and all partitions before spec 2.3, have no word in spec 3');
    }
  }
}

function findUnmounted({ storage }: ConfigV2, report: Findings): void {
  for (const [index, { mount }] of (storage?.filesystems ?? []).entries()) {
    const path = ['storage', 'filesystems', index];
    if (mount === undefined) report.error(path, 'a filesystem with a path alone has no word in spec 3');
    if (mount?.create !== undefined && mount.create.force !== true) {
      report.error([...path, 'mount', 'create'], 'a filesystem that is created without force has no word in spec 3');
    }
  }
}

function findNodes({ storage }: ConfigV2, mounts: Mounts, report: Findings): void {
  const pathOf = ({ filesystem, path }: { filesystem: string; path: string }) =>
    cleanPath(`/${mounts.paths.get(filesystem) ?? ''}/${path}`);
  const { files = [], directories = [], links = [] } = storage ?? {};
  const linked = linksAbove(links.map(pathOf), [...files, ...directories].map(pathOf));
  const usedPaths = new Set<string>();
  for (const name of ['files', 'directories', 'links'] as const) {
    for (const [index, node] of (storage?.[name] ?? []).entries()) {
      const nodePath = pathOf(node);
      const where = ['storage', name, index];
      if (usedPaths.has(nodePath)) report.error(where, `${nodePath} stands twice, which spec 3 does not allow`);
      if ((linked.get(nodePath) ?? 0) > 0) report.error(where, `${nodePath} lies below a link of this config`);
      usedPaths.add(nodePath);
    }
  }
}

function findDropins({ systemd }: ConfigV2, report: Findings): void {
  for (const [index, { name: unit, dropins = [] }] of (systemd?.units ?? []).entries()) {
    const usedNames = new Set<string>();
    for (const [number, { name }] of dropins.entries()) {
      if (usedNames.has(name))
        report.error(
          ['systemd', 'units', index, 'dropins', number],
          `${short(unit)} has the drop-in ${short(name)} twice`,
        );
      usedNames.add(name);
    }
  }
}

/** So much of a name is shown: a message is made for each drop-in of a unit. */
const short = (name: string): string => (name.length > 100 ? `${name.slice(0, 100)}...` : name);

/** The limit in bytes for one part of a path (NAME_MAX of Linux). */
const MOST_NAME = 255;

/**
 * A networkd unit becomes a file, and each of its drop-ins becomes one below a directory of its name. No file system takes
 * longer names, and the name of the unit would be copied for each drop-in.
 */
function findLongNames({ networkd }: ConfigV2, report: Findings): void {
  const check = (name: string, path: Path) => {
    if (name.length > MOST_NAME) report.error(path, `the name of a file may have at most ${MOST_NAME} bytes`);
  };
  for (const [index, { name, dropins = [] }] of (networkd?.units ?? []).entries()) {
    const path = ['networkd', 'units', index];
    check(name, [...path, 'name']);
    for (const [number, dropin] of dropins.entries()) check(dropin.name, [...path, 'dropins', number, 'name']);
  }
}
