/** The rules of spec 2 for systemd and networkd units. No I/O. */
import type { Findings } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';
import { checkInstall, checkUnitContents, hasOptions, UNIT_EXTENSIONS } from './units.ts';

const NETWORK_EXTENSIONS = /\.(link|netdev|network)$/;
const PARSED_SINCE = 0;

/** Reports the errors about the units of `config`, and warns of a unit that is enabled in vain. */
export function checkUnitsV2({ systemd, networkd }: ConfigV2, minor: number, report: Findings): void {
  for (const [index, unit] of (systemd?.units ?? []).entries()) {
    const path = ['systemd', 'units', index];
    if (!UNIT_EXTENSIONS.test(unit.name)) report.error([...path, 'name'], 'invalid systemd unit extension');
    // Spec 1 does not look into units.
    if (minor < PARSED_SINCE) continue;
    checkUnitContents(unit.contents, [...path, 'contents'], report);
    const isEnabled = unit.enable === true || unit.enabled === true;
    // Unlike spec 3, spec 2 looks neither at the template of an instance nor at a unit without any option.
    if (isEnabled && hasOptions(unit.contents)) checkInstall(unit, [...path, 'contents'], report);
    for (const [number, dropin] of (unit.dropins ?? []).entries()) {
      const where = [...path, 'dropins', number];
      if (!dropin.name.endsWith('.conf')) report.error([...where, 'name'], 'invalid systemd drop-in extension');
      checkUnitContents(dropin.contents, [...where, 'contents'], report);
    }
  }
  for (const [index, unit] of (networkd?.units ?? []).entries()) {
    const path = ['networkd', 'units', index];
    if (!NETWORK_EXTENSIONS.test(unit.name)) report.error([...path, 'name'], 'invalid networkd unit extension');
    if (minor < PARSED_SINCE) continue;
    checkUnitContents(unit.contents, [...path, 'contents'], report);
    for (const [number, dropin] of (unit.dropins ?? []).entries()) {
      const where = [...path, 'dropins', number];
      if (!dropin.name.endsWith('.conf')) report.error([...where, 'name'], 'invalid networkd drop-in extension');
      checkUnitContents(dropin.contents, [...where, 'contents'], report);
    }
  }
}
