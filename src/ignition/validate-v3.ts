/**
 * Applies the rules of spec 3 to a decoded config, by its own version. It reports all errors, not only the first. No
 * I/O.
 */
import type { Findings } from './report.ts';
import { checkDisks } from './rules/disks.ts';
import { checkDuplicates } from './rules/duplicates.ts';
import { checkEngine } from './rules/engine.ts';
import { checkLuks } from './rules/luks.ts';
import { checkNodes } from './rules/nodes.ts';
import { checkUnits } from './rules/units.ts';
import { type ConfigV3, SCHEMAS_V3 } from './spec/v3.ts';

/** Reports the errors and warnings of `config` at spec 3.`minor`. With `duplicates` false, a key may be used twice. */
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
