/**
 * Every rule of spec 2 over a config at 2.4 that was written as 2.`minor` (config/v2_4/types and config/validate of
 * flatcar/ignition 0.36.2). A part that is wrong in itself is not looked into further. No I/O.
 */
import type { Findings, Path } from './report.ts';
import { checkPasswdV2 } from './rules/v2-passwd.ts';
import { checkHashV2, checkHeadersV2, checkSourceV2 } from './rules/v2-resources.ts';
import { checkStorageV2 } from './rules/v2-storage.ts';
import { checkUnitsV2 } from './rules/v2-units.ts';
import type { ConfigV2 } from './spec/v2.ts';

type Reference = NonNullable<NonNullable<ConfigV2['ignition']['config']>['replace']>;

/** Adds what is wrong with `config`, warnings and deprecations included. */
export function validateV2(config: ConfigV2, minor: number, report: Findings): void {
  const { config: references, security } = config.ignition;
  for (const [index, reference] of (references?.append ?? []).entries()) {
    checkReference(reference, ['ignition', 'config', 'append', index], report);
  }
  if (references?.replace !== undefined) checkReference(references.replace, ['ignition', 'config', 'replace'], report);
  for (const [index, authority] of (security?.tls?.certificateAuthorities ?? []).entries()) {
    checkReference(authority, ['ignition', 'security', 'tls', 'certificateAuthorities', index], report);
  }
  checkStorageV2(config, minor, report);
  checkUnitsV2(config, minor, report);
  checkPasswdV2(config, minor, report);
}

function checkReference(reference: Reference, path: Path, report: Findings): void {
  checkSourceV2(reference.source, [...path, 'source'], report);
  checkHashV2(reference.verification, path, report);
  checkHeadersV2(reference.httpHeaders, reference.source, path, report);
}
