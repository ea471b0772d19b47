/**
 * Finds names that no machine can use because they are too long. Ignition's own rules take them, and then the boot
 * fails, so they are refused when a config is written and not when it is validated. No I/O.
 */
import { parseConfig } from '../ignition/parse.ts';
import type { Entry, Path } from '../ignition/report.ts';
import { pathText } from '../ignition/report.ts';

/** The limit in bytes for a unit's name (UNIT_NAME_MAX of systemd) and for one part of a path (NAME_MAX of Linux). */
const MOST_BYTES = 255;

interface Named {
  readonly name: string;
  readonly dropins?: readonly { readonly name: string }[] | undefined;
}

/**
 * Returns an error for each unit, drop-in and part of a path in `text` whose name is over 255 bytes. A text that is no
 * valid Ignition config gives none.
 */
export function longNames(text: string): readonly Entry[] {
  const parsed = parseConfig(text);
  if (!parsed.ok) return [];
  const { config, place } = parsed.value;
  const entries: Entry[] = [];
  const check = (name: string, what: string, path: Path) => {
    if (!isTooLong(name)) return;
    const message = `${what} may have at most ${MOST_BYTES} bytes; shorten it`;
    entries.push({ severity: 'error', path: pathText(path), message, ...place(path) });
  };
  const checkUnits = (units: readonly Named[], owner: string) => {
    for (const [index, { name, dropins = [] }] of units.entries()) {
      const path = [owner, 'units', index];
      check(name, 'the name of a unit', [...path, 'name']);
      for (const [number, dropin] of dropins.entries())
        check(dropin.name, 'the name of a drop-in', [...path, 'dropins', number, 'name']);
    }
  };
  checkUnits(config.systemd?.units ?? [], 'systemd');
  if ('networkd' in config) checkUnits(config.networkd?.units ?? [], 'networkd');
  for (const kind of ['files', 'directories', 'links'] as const) {
    for (const [index, node] of (config.storage?.[kind] ?? []).entries()) {
      const part = node.path.split('/').find(isTooLong);
      if (part !== undefined) check(part, 'a part of a path', ['storage', kind, index, 'path']);
    }
  }
  return entries;
}

/** Counts bytes only where the number of characters does not decide. */
const isTooLong = (name: string): boolean =>
  name.length > MOST_BYTES || (name.length * 3 > MOST_BYTES && new TextEncoder().encode(name).length > MOST_BYTES);
