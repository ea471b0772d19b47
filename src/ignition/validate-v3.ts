/** Every rule of spec 3 over a decoded config, at its own version; all errors are gathered. No I/O. */
import type { Findings } from './report.ts';
import { checkDisks } from './rules/disks.ts';
import { checkDuplicates } from './rules/duplicates.ts';
import { checkEngine } from './rules/engine.ts';
import { checkLuks } from './rules/luks.ts';
import { checkNodes } from './rules/nodes.ts';
import { checkUnits } from './rules/units.ts';
import { type ConfigV3, SCHEMAS_V3 } from './spec/v3.ts';

/** Adds what is wrong with `config` at spec 3.`minor`; `duplicates` is off where the engine does not look for them. */
export function validateV3(config: ConfigV3, minor: number, report: Findings, duplicates = true): void {
  const schema = SCHEMAS_V3[minor];
  if (schema === undefined) throw new Error(`no spec 3.${minor}`);
  checkEngine(config, minor, report);
  checkDisks(config, minor, report);
  checkLuks(config, minor, report);
  checkNodes(config, minor, report);
  checkUnits(config, report);
  if (duplicates) checkDuplicates(schema, config, report);
}
