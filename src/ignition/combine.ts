/**
 * Two parsed configs made one: by the 3.x rules, whatever specs they were written in (engine `ignition`, as Flatcar does
 * since 2022), or by 2.x append (engine `legacy`). The result is validated again. No I/O.
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
  /** Plain JSON, pruned and in the order of the schema. */
  readonly config: Record<string, unknown>;
  readonly version: string;
  /** What the result's own rules and the lints warn of. */
  readonly entries: readonly Entry[];
  readonly origins: Origins;
}

/** Why two configs, each valid, cannot be one. */
export interface CombineFault {
  readonly entries: readonly Entry[];
  /** The input that the engine cannot take, or `undefined` where the result is what is wrong. */
  readonly side?: 'parent' | 'child';
  /** The result that is wrong. */
  readonly config?: Record<string, unknown>;
}

const SPEC_OF_TRANSLATED = 1;

/** The child over the parent; the version is the lowest that holds both. */
export function combine(parent: ParsedConfig, child: ParsedConfig, engine: Engine): Result<Combined, CombineFault> {
  return engine === 'legacy' ? appendBoth(parent, child) : mergeBoth(parent, child);
}

/** Why `parsed` cannot be used by the engine at all, alone or with another; empty if it can. */
export function engineFaults(parsed: ParsedConfig, engine: Engine): readonly Entry[] {
  const used = engine === 'legacy' ? asV2(parsed) : asV3(parsed, 0);
  return used.ok ? [] : used.error;
}

function mergeBoth(parent: ParsedConfig, child: ParsedConfig): Result<Combined, CombineFault> {
  const from = asV3(parent, 0);
  if (!from.ok) return err({ side: 'parent', entries: from.error });
  const to = asV3(child, from.value.counted);
  if (!to.ok) return err({ side: 'child', entries: to.error });
  const minor = Math.max(from.value.minor, to.value.minor);
  const schema = SCHEMAS_V3[minor] as unknown as z.ZodType<ConfigV3>;
  const [low, high] = [from.value, to.value].map((side) => translateV3(side.config, side.minor, minor));
  const report = new Report();
  const { config, origins } = mergeConfigs(schema, low as ConfigV3, high as ConfigV3, report);
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
  readonly counted: number;
}

function asV3(parsed: ParsedConfig, counted: number): Result<AsV3, readonly Entry[]> {
  if (parsed.major === 3) return ok({ config: parsed.config, minor: parsed.minor, counted });
  const translated = translateV2(parsed.config, counted);
  if (translated.ok) return ok({ ...translated.value, minor: SPEC_OF_TRANSLATED });
  return err(
    translated.error.map(({ path, message }) => ({
      severity: 'error',
      path: pathText(path),
      message,
      ...parsed.place(path),
    })),
  );
}

function asV2(parsed: ParsedConfig): Result<ParsedV2, readonly Entry[]> {
  if (parsed.major === 2) return ok(parsed);
  const path = ['ignition', 'version'];
  const message = `the legacy engine knows specs 1 and 2 only, not ${parsed.version}`;
  return err([{ severity: 'error', path: pathText(path), message, ...parsed.place(path) }]);
}
