/** What must hold of systemd and networkd units in spec 2. No I/O. */
import type { Findings } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';
import { checkInstall, checkUnitContents, UNIT_EXTENSIONS } from './units.ts';

const NETWORK_EXTENSIONS = /\.(link|netdev|network)$/;
const INSTALL_LOOKED_AT_SINCE = 1;

/** Adds what is wrong with the units of `config`, or useless. */
export function checkUnitsV2({ systemd, networkd }: ConfigV2, minor: number, report: Findings): void {
  for (const [index, unit] of (systemd?.units ?? []).entries()) {
    const path = ['systemd', 'units', index];
    if (!UNIT_EXTENSIONS.test(unit.name)) report.error([...path, 'name'], 'invalid systemd unit extension');
    checkUnitContents(unit.contents, [...path, 'contents'], report);
    const isEnabled = unit.enable === true || unit.enabled === true;
    // Spec 2 looks at the unit alone: an instance's template is not sought.
    if (isEnabled && minor >= INSTALL_LOOKED_AT_SINCE) checkInstall(unit, [...path, 'contents'], report);
    for (const [number, dropin] of (unit.dropins ?? []).entries()) {
      const where = [...path, 'dropins', number];
      if (!dropin.name.endsWith('.conf')) report.error([...where, 'name'], 'invalid systemd drop-in extension');
      checkUnitContents(dropin.contents, [...where, 'contents'], report);
    }
  }
  for (const [index, unit] of (networkd?.units ?? []).entries()) {
    const path = ['networkd', 'units', index];
    if (!NETWORK_EXTENSIONS.test(unit.name)) report.error([...path, 'name'], 'invalid networkd unit extension');
    checkUnitContents(unit.contents, [...path, 'contents'], report);
    for (const [number, dropin] of (unit.dropins ?? []).entries()) {
      const where = [...path, 'dropins', number];
      if (!dropin.name.endsWith('.conf')) report.error([...where, 'name'], 'invalid networkd drop-in extension');
      checkUnitContents(dropin.contents, [...where, 'contents'], report);
    }
  }
}
