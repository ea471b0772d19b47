/**
 * Applies the rules of spec 2 (config/v2_4/types and config/validate of flatcar/ignition 0.36.2). Once an object is
 * invalid itself, the values inside it are not always checked, as in Ignition. No I/O.
 */
import type { Findings, Path } from './report.ts';
import { checkPasswdV2 } from './rules/v2-passwd.ts';
import { checkHashV2, checkHeadersV2, checkSourceV2 } from './rules/v2-resources.ts';
import { checkStorageV2 } from './rules/v2-storage.ts';
import { checkUnitsV2 } from './rules/v2-units.ts';
import type { ConfigV2 } from './spec/v2.ts';

type Reference = NonNullable<NonNullable<ConfigV2['ignition']['config']>['replace']>;

/** The `minor` of a config that was written in spec 1, whose rules are those of 2.0 but for units. */
export const SPEC_1 = -1;

/**
 * Reports the errors, warnings and deprecations of `config`, which is at 2.4 and was written as 2.`minor`, or with
 * `SPEC_1` in spec 1.
 */
export function validateV2(config: ConfigV2, minor: number, report: Findings): void {
  const { config: references, security } = config.ignition;
  for (const [index, reference] of (references?.append ?? []).entries()) {
    checkReference(reference, minor, ['ignition', 'config', 'append', index], report);
  }
  if (references?.replace !== undefined)
    checkReference(references.replace, minor, ['ignition', 'config', 'replace'], report);
  for (const [index, authority] of (security?.tls?.certificateAuthorities ?? []).entries()) {
    checkReference(authority, minor, ['ignition', 'security', 'tls', 'certificateAuthorities', index], report);
  }
  checkStorageV2(config, minor, report);
  checkUnitsV2(config, minor, report);
  checkPasswdV2(config, minor, report);
}

function checkReference(reference: Reference, minor: number, path: Path, report: Findings): void {
  checkSourceV2(reference.source, minor, [...path, 'source'], report);
  checkHashV2(reference.verification, path, report);
  checkHeadersV2(reference.httpHeaders, reference.source, path, report);
}
