/**
 * Combines parsed configs. The engine `ignition` merges them by the rules of spec 3, whatever spec they were
 * written in, as Flatcar does since 2022. The engine `legacy` appends them by the rules of spec 2. The result is
 * validated again, because valid configs can give an invalid one. No I/O.
 */
import type * as z from 'zod';
import { err, ok, type Result } from '../shared/result.ts';
import { appendConfigs } from './append.ts';
import { mergeConfigs } from './merge.ts';
import type { Origins } from './origins.ts';
import type { ParsedConfig, ParsedV2, ParsedV3 } from './parse.ts';
import { plainConfig } from './render.ts';
import { type Entry, pathText, Report } from './report.ts';
import { type ConfigV2, NEWEST_V2, schemasV2 } from './spec/v2.ts';
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
  /** Returns which of the configs, counted from 0, a leaf of the result comes from; `undefined` for what is no leaf. */
  readonly originOf: (path: string) => number | undefined;
}

/** The reason why configs cannot be combined although each is valid. */
export interface CombineFault {
  readonly entries: readonly Entry[];
  /** The input that the engine cannot read, counted from 0; `undefined` when the inputs are good and the result is invalid. */
  readonly at?: number;
  /** The invalid result. */
  readonly config?: Record<string, unknown>;
}

/** Configs of spec 1 and 2 are translated to spec 3.1 (`translateV2`). */
const MINOR_OF_TRANSLATED = 1;

/**
 * Returns the configs merged in order, each into what those before it give, or appended to it. The version is the lowest
 * that can hold all. As in Ignition (`config.merge`), only the result of all is judged. The fault says why they cannot be
 * combined.
 */
export function combine(
  configs: readonly [ParsedConfig, ParsedConfig, ...ParsedConfig[]],
  engine: Engine,
): Result<Combined, CombineFault> {
  return engine === 'legacy' ? appendAll(configs) : mergeAll(configs);
}

/** Returns the errors that keep the engine from using `parsed`; the list is empty when it can use it. */
export function engineFaults(parsed: ParsedConfig, engine: Engine): readonly Entry[] {
  const converted = engine === 'legacy' ? asV2(parsed) : asV3(parsed, 0);
  return converted.ok ? [] : converted.error;
}

function mergeAll(configs: readonly ParsedConfig[]): Result<Combined, CombineFault> {
  const sides: AsV3[] = [];
  for (const [at, parsed] of configs.entries()) {
    const side = asV3(parsed, sides.at(-1)?.counted ?? 0);
    if (!side.ok) return err({ at, entries: side.error });
    sides.push(side.value);
  }
  const minor = Math.max(...sides.map((side) => side.minor));
  const schema = SCHEMAS_V3[minor] as unknown as z.ZodType<ConfigV3>;
  const report = new Report();
  const steps: Origins[] = [];
  const [first, ...others] = sides.map((side) => translateV3(side.config, side.minor, minor)) as [ConfigV3];
  let config = first;
  for (const child of others as ConfigV3[]) {
    const merged = mergeConfigs(schema, config, child, report);
    config = merged.config;
    steps.push(merged.origins);
  }
  validateV3(config, minor, report);
  return judged(plainConfig(schema, config), config.ignition.version, report, steps);
}

function appendAll(configs: readonly ParsedConfig[]): Result<Combined, CombineFault> {
  const sides: ParsedV2[] = [];
  for (const [at, parsed] of configs.entries()) {
    const side = asV2(parsed);
    if (!side.ok) return err({ at, entries: side.error });
    sides.push(side.value);
  }
  const steps: Origins[] = [];
  const [first, ...others] = sides.map((side) => side.config) as [ConfigV2];
  let config = first;
  for (const added of others as ConfigV2[]) {
    const appended = appendConfigs(config, added);
    config = appended.config;
    steps.push(appended.origins);
  }
  const report = new Report();
  validateV2(config, NEWEST_V2, { error: (path, message) => report.error(path, message), warn: () => undefined });
  return judged(plainConfig(schemasV2()[NEWEST_V2], config), config.ignition.version, report, steps);
}

function judged(
  config: Record<string, unknown>,
  version: string,
  report: Report,
  steps: readonly Origins[],
): Result<Combined, CombineFault> {
  if (report.isFatal) return err({ entries: report.entries, config });
  return ok({ config, version, entries: report.entries, originOf: (path) => originOf(steps, path) });
}

/** Goes back from the last step to the one in which the leaf was the child's. */
function originOf(steps: readonly Origins[], path: string): number | undefined {
  let at = path;
  for (let step = steps.length; step > 0; step -= 1) {
    const place = steps[step - 1]?.of(at);
    if (place === undefined) return undefined;
    if (place.origin === 'child') return step;
    at = place.path;
  }
  return 0;
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
