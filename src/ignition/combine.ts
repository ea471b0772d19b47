/**
 * Combines two parsed configs. The engine `ignition` merges them by the rules of spec 3, whatever spec they were
 * written in, as Flatcar does since 2022. The engine `legacy` appends them by the rules of spec 2. The result is
 * validated again, because two valid configs can give an invalid one. No I/O.
 */
import type * as z from 'zod';
import { err, ok, type Result } from '../shared/result.ts';
import { appendConfigs } from './append.ts';
import { mergeConfigs } from './merge.ts';
import type { Origins } from './origins.ts';
import type { ParsedConfig, ParsedV2, ParsedV3 } from './parse.ts';
import { plainConfig } from './render.ts';
import { type Entry, pathText, Report } from './report.ts';
import { NEWEST_V2, SCHEMAS_V2 } from './spec/v2.ts';
import { type ConfigV3, SCHEMAS_V3 } from './spec/v3.ts';
import { translateV2 } from './translate-v2.ts';
import { translateV3 } from './translate-v3.ts';
import { validateV2 } from './validate-v2.ts';
import { validateV3 } from './validate-v3.ts';

export type Engine = 'ignition' | 'legacy';

export interface Combined {
  /** Plain JSON values without absent fields, in the field order of the schema. */
  readonly config: Record<string, unknown>;
  readonly version: string;
  /** The warnings of the lints and of the rules for the result. */
  readonly entries: readonly Entry[];
  readonly origins: Origins;
}

/** The reason why two configs cannot be combined although each is valid. */
export interface CombineFault {
  readonly entries: readonly Entry[];
  /** The input that the engine cannot read; `undefined` when the inputs are good and the result is invalid. */
  readonly side?: 'parent' | 'child';
  /** The invalid result. */
  readonly config?: Record<string, unknown>;
}

/** Configs of spec 1 and 2 are translated to spec 3.1 (`translateV2`). */
const MINOR_OF_TRANSLATED = 1;

/**
 * Returns the child merged into the parent, or appended to it. The version is the lowest that can hold both. The fault
 * holds entries that say why they cannot be combined.
 */
export function combine(parent: ParsedConfig, child: ParsedConfig, engine: Engine): Result<Combined, CombineFault> {
  return engine === 'legacy' ? appendBoth(parent, child) : mergeBoth(parent, child);
}

/** Returns the errors that keep the engine from using `parsed`; the list is empty when it can use it. */
export function engineFaults(parsed: ParsedConfig, engine: Engine): readonly Entry[] {
  const converted = engine === 'legacy' ? asV2(parsed) : asV3(parsed, 0);
  return converted.ok ? [] : converted.error;
}

function mergeBoth(parent: ParsedConfig, child: ParsedConfig): Result<Combined, CombineFault> {
  const parentV3 = asV3(parent, 0);
  if (!parentV3.ok) return err({ side: 'parent', entries: parentV3.error });
  const childV3 = asV3(child, parentV3.value.counted);
  if (!childV3.ok) return err({ side: 'child', entries: childV3.error });
  const minor = Math.max(parentV3.value.minor, childV3.value.minor);
  const schema = SCHEMAS_V3[minor] as unknown as z.ZodType<ConfigV3>;
  const atMinor = (side: AsV3): ConfigV3 => translateV3(side.config, side.minor, minor);
  const report = new Report();
  const { config, origins } = mergeConfigs(schema, atMinor(parentV3.value), atMinor(childV3.value), report);
  validateV3(config, minor, report);
  const plain = plainConfig(schema, config);
  if (report.isFatal) return err({ entries: report.entries, config: plain });
  return ok({
    config: plain,
    version: config.ignition.version,
    entries: report.entries,
    origins,
  });
}

function appendBoth(parent: ParsedConfig, child: ParsedConfig): Result<Combined, CombineFault> {
  const old = asV2(parent);
  if (!old.ok) return err({ side: 'parent', entries: old.error });
  const added = asV2(child);
  if (!added.ok) return err({ side: 'child', entries: added.error });
  const { config, origins } = appendConfigs(old.value.config, added.value.config);
  const report = new Report();
  validateV2(config, NEWEST_V2, { error: (path, message) => report.error(path, message), warn: () => undefined });
  const plain = plainConfig(SCHEMAS_V2[NEWEST_V2], config);
  if (report.isFatal) return err({ entries: report.entries, config: plain });
  return ok({
    config: plain,
    version: config.ignition.version,
    entries: report.entries,
    origins,
  });
}

interface AsV3 extends Pick<ParsedV3, 'config' | 'minor'> {
  /** The number of mount paths that were invented for this config and those before it. */
  readonly counted: number;
}

function asV3(parsed: ParsedConfig, counted: number): Result<AsV3, readonly Entry[]> {
  if (parsed.major === 3) return ok({ config: parsed.config, minor: parsed.minor, counted });
  const translated = translateV2(parsed.config, counted);
  if (translated.ok) return ok({ ...translated.value, minor: MINOR_OF_TRANSLATED });
  const report = new Report(parsed.place);
  for (const { path, message } of translated.error) report.error(path, message);
  return err(report.entries);
}

function asV2(parsed: ParsedConfig): Result<ParsedV2, readonly Entry[]> {
  if (parsed.major === 2) return ok(parsed);
  const path = ['ignition', 'version'];
  const message = `the legacy engine knows specs 1 and 2 only, not ${parsed.version}`;
  return err([{ severity: 'error', path: pathText(path), message, ...parsed.place(path) }]);
}
