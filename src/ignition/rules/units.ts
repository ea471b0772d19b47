/** What must hold of systemd units. The contents are read as go-systemd's deserializer reads them. No I/O. */
import { err, ok, type Result } from '../../shared/result.ts';
import type { Findings, Path } from '../report.ts';
import type { ConfigV3 } from '../spec/v3.ts';

type Unit = NonNullable<NonNullable<ConfigV3['systemd']>['units']>[number];

export const UNIT_EXTENSIONS = /\.(service|socket|device|mount|automount|swap|target|path|timer|snapshot|slice|scope)$/;
const MOST_LINE = 2048;

/** Adds what is wrong with the units of `config`, or useless. */
export function checkUnits({ systemd }: ConfigV3, report: Findings): void {
  const units = systemd?.units ?? [];
  const contentsOf = new Map(units.map(({ name, contents }) => [name, contents]));
  for (const [index, unit] of units.entries()) {
    const path = ['systemd', 'units', index];
    if (!UNIT_EXTENSIONS.test(unit.name)) report.error([...path, 'name'], 'invalid systemd unit extension');
    checkUnitContents(unit.contents, [...path, 'contents'], report);
    if (unit.enabled === true) checkInstall(unit, contentsOf, [...path, 'contents'], report);
    for (const [number, dropin] of (unit.dropins ?? []).entries()) {
      const where = [...path, 'dropins', number];
      if (!dropin.name.endsWith('.conf')) report.error([...where, 'name'], 'invalid systemd drop-in extension');
      checkUnitContents(dropin.contents, [...where, 'contents'], report);
    }
  }
}

/** Adds why `contents` is no unit file; empty is one. */
export function checkUnitContents(contents: string | undefined, path: Path, report: Findings): void {
  const sections = readSections(contents ?? '');
  if (!sections.ok) report.error(path, `invalid unit content: ${sections.error}`);
}

/** Enabling a unit without an `[Install]` section does nothing; an instance is enabled by its template's. */
export function checkInstall(
  { name, contents }: Pick<Unit, 'name' | 'contents'>,
  contentsOf: ReadonlyMap<string, string | undefined>,
  path: Path,
  report: Findings,
): void {
  const template = /^([^@]+@)[^.]+(\..+)$/.exec(name);
  const templateName = template === null ? undefined : `${template[1]}${template[2]}`;
  const own = contents === undefined || contents === '' ? contentsOf.get(templateName ?? '') : contents;
  if (own === undefined || own === '') return;
  const sections = readSections(own);
  if (sections.ok && !sections.value.has('Install')) {
    report.warn(path, `unit "${name}" is enabled, but has no install section so enable does nothing`);
  }
}

/** The sections that a unit file has, or why it is none. */
function readSections(text: string): Result<Set<string>, string> {
  const sections = new Set<string>();
  let isInside = false;
  let continues = false;
  for (const line of text.split('\n')) {
    if (line.length > MOST_LINE) return err('line too long');
    const trimmed = line.trim();
    if (continues) {
      continues = trimmed.endsWith('\\');
      continue;
    }
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue;
    if (trimmed.startsWith('[')) {
      const end = trimmed.indexOf(']');
      if (end === -1) return err('unable to find end of section');
      if (end !== trimmed.length - 1) return err('found garbage after section name');
      sections.add(trimmed.slice(1, end));
      isInside = true;
    } else if (isInside) {
      if (!trimmed.includes('=')) return err('missing = in option');
      continues = trimmed.endsWith('\\');
    }
  }
  return ok(sections);
}
