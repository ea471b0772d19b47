/**
 * Reads the formats in which user data and profiles may be written. The format is decided before any YAML is parsed: an
 * Ignition config in JSON and a cloud-config are valid YAML too, and a Container Linux Config does not name itself.
 */
import { gzipSync } from 'node:zlib';
import { type Transpiled, type TranspileFault, transpileButane } from '../butane/butane/transpile.ts';
import { transpileCt } from '../butane/ct/transpile.ts';
import type { Entry } from '../ignition/report.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { UserData } from './user-data.ts';

export type Source = 'butane' | 'ct';

export interface FormatQuery {
  /** With `undefined`, the text itself decides. */
  readonly format: Source | 'ignition' | undefined;
  /** The platform for ct's dynamic data. */
  readonly platform: string;
  /** If true, unknown YAML keys are ignored, as `butane` and `ct` ignore them. */
  readonly lenient: boolean;
}

export interface Written extends UserData {
  readonly source: Source | null;
  /** The text that `text` was transpiled from. */
  readonly sourceText: string | undefined;
  readonly entries: readonly Entry[];
}

export type FormatFault =
  | { readonly reason: 'wrong-format'; readonly message: string }
  | { readonly reason: 'untranspilable'; readonly error: string; readonly entries: readonly Entry[] };

/** A `variant` key at the left margin. A text that begins with a brace counts as JSON, even if it is YAML. */
const NAMES_VARIANT = /^["']?variant["']?[ \t]*:/m;

/** Transpiles Butane and Container Linux Configs to an Ignition config. Returns every other text unchanged. */
export function readFormat(data: UserData, query: FormatQuery): Result<Written, FormatFault> {
  const source = sourceOf(data, query);
  if (!source.ok) return source;
  if (source.value === null) return ok({ ...data, source: null, sourceText: undefined, entries: [] });
  const transpiled = transpile(data.text, source.value, { strict: false, platform: query.platform });
  if (!transpiled.ok) return err({ reason: 'untranspilable', ...transpiled.error });
  const { config, entries, unknownKeys } = transpiled.value;
  if (unknownKeys.length > 0 && !query.lenient) {
    const error = `unknown keys, whose values would be lost: ${unknownKeys.slice(0, 5).join(', ')}; lenient=1 takes them all the same`;
    const refusedEntries = entries.map((entry) =>
      unknownKeys.includes(entry.path) ? { ...entry, severity: 'error' as const } : entry,
    );
    return err({ reason: 'untranspilable', error, entries: refusedEntries });
  }
  const text = JSON.stringify(config);
  return ok({ text, kind: 'ignition', source: source.value, sourceText: data.text, entries });
}

/** Transpiles YAML to Ignition as `butane` or `ct` does it. */
export function transpile(
  text: string,
  source: Source,
  { strict, platform }: { readonly strict: boolean; readonly platform: string },
): Result<Transpiled, TranspileFault> {
  if (source === 'ct') return transpileCt(text, { strict, platform });
  // A compressed placeholder could not be replaced.
  const gzip = text.includes('cloud_config_url') ? 'plain' : (bytes: Uint8Array) => gzipSync(bytes, { level: 9 });
  return transpileButane(text, { strict, gzip });
}

function sourceOf(data: UserData, { format }: FormatQuery): Result<Source | null, FormatFault> {
  const isJson = /^\s*[{[]/.test(data.text);
  const isOtherKind = data.kind === 'cloud-config' || data.kind === 'script';
  if (format === 'ct' || format === 'butane') {
    if (data.kind === 'none') return ok(null);
    const foundFormat = isOtherKind ? data.kind : 'JSON';
    if (isOtherKind || isJson)
      return err({ reason: 'wrong-format', message: `the body is ${foundFormat}, not ${format}` });
    return ok(format);
  }
  const isButane = format === undefined && data.kind === 'ignition' && !isJson && NAMES_VARIANT.test(data.text);
  return ok(isButane ? 'butane' : null);
}
