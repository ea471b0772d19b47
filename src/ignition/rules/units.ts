/** The rules of spec 3 for systemd units. Their contents are read by `unit-file.ts`. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ConfigV3 } from '../spec/v3.ts';
import { readUnitFile } from './unit-file.ts';

type Unit = NonNullable<NonNullable<ConfigV3['systemd']>['units']>[number];

export const UNIT_EXTENSIONS = /\.(service|socket|device|mount|automount|swap|target|path|timer|snapshot|slice|scope)$/;

/** Reports the errors about the units of `config`, and warns of a unit that is enabled in vain. */
export function checkUnits({ systemd }: ConfigV3, report: Findings): void {
  const units = systemd?.units ?? [];
  // The last template of a name counts. Each template is parsed once, however many instances it has.
  const templates = new Map(
    units.filter(({ name }) => name.endsWith('@.service')).map((unit) => [unit.name, lacksInstall(unit.contents)]),
  );
  for (const [index, unit] of units.entries()) {
    const path = ['systemd', 'units', index];
    if (!UNIT_EXTENSIONS.test(unit.name)) report.error([...path, 'name'], 'invalid systemd unit extension');
    checkUnitContents(unit.contents, [...path, 'contents'], report);
    if (unit.enabled === true) {
      checkInstall(unit, [...path, 'contents'], report);
      const template = templateOf(unit.name);
      if (template !== undefined && templates.get(template) === true)
        report.warn([...path, 'contents'], noInstall(unit.name));
    }
    for (const [number, dropin] of (unit.dropins ?? []).entries()) {
      const where = [...path, 'dropins', number];
      if (!dropin.name.endsWith('.conf')) report.error([...where, 'name'], 'invalid systemd drop-in extension');
      checkUnitContents(dropin.contents, [...where, 'contents'], report);
    }
  }
}

/**
 * Returns the name of the template of an instance, such as `getty@.service` of `getty@tty1.service`, or `undefined`.
 * The first `@` that has text before it ends the name of the template.
 */
function templateOf(name: string): string | undefined {
  const at = name.indexOf('@', 1);
  const end = name.length - '.service'.length;
  return at === -1 || at + 1 >= end || !name.endsWith('.service') ? undefined : `${name.slice(0, at)}@.service`;
}

/** Reports an error when `contents` is not a valid unit file. Empty contents are valid. */
export function checkUnitContents(contents: string | undefined, path: Path, report: Findings): void {
  const sections = readUnitFile(contents ?? '');
  if (!sections.ok) report.error(path, `invalid unit content: ${sections.error}`);
}

/** Warns when the contents of a unit have no `[Install]` section, because enabling it then does nothing. */
export function checkInstall({ name, contents }: Pick<Unit, 'name' | 'contents'>, path: Path, report: Findings): void {
  if (lacksInstall(contents)) report.warn(path, noInstall(name));
}

/** True for the contents of a unit in which some section has an option. */
export function hasOptions(contents: string): boolean {
  const sections = readUnitFile(contents);
  return sections.ok && sections.value.size > 0;
}

function lacksInstall(contents: string | undefined): boolean {
  if (contents === undefined || contents === '') return false;
  const sections = readUnitFile(contents);
  return sections.ok && !sections.value.has('Install');
}

const noInstall = (name: string): string =>
  `unit "${name}" is enabled, but has no install section so enable does nothing`;
