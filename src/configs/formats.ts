/**
 * Reads the formats in which user data and profiles may be written. The format is decided before any YAML is parsed: an
 * Ignition config in JSON and a cloud-config are valid YAML too, and a Container Linux Config does not name itself.
 */
import { gzipSync } from 'node:zlib';
import { type Transpiled, type TranspileFault, transpileButane } from '../butane/butane/transpile.ts';
import { transpileCt } from '../butane/ct/transpile.ts';
import type { LocalFiles } from '../butane/local-files.ts';
import { parseConfig } from '../ignition/parse.ts';
import type { Entry } from '../ignition/report.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { checkCloudConfig } from './cloud-config.ts';
import type { UserData } from './user-data.ts';
import { notIgnition, whatItIs } from './what-it-is.ts';

export type Source = 'butane' | 'ct';

export interface FormatQuery {
  /** With `undefined`, the text itself decides. */
  readonly format: Source | 'ignition' | undefined;
  /** The variant of Butane, where the text names none. */
  readonly variant?: string | undefined;
  /** The platform for ct's dynamic data. */
  readonly platform: string;
  /** If true, unknown YAML keys are ignored, as `butane` and `ct` ignore them. */
  readonly lenient: boolean;
}

export interface Written extends Omit<UserData, 'notes' | 'files'> {
  readonly source: Source | null;
  /** The text that `text` was transpiled from. */
  readonly sourceText: string | undefined;
  readonly entries: readonly Entry[];
}

export type FormatFault =
  | { readonly reason: 'wrong-format'; readonly message: string }
  | { readonly reason: 'untranspilable'; readonly error: string; readonly entries: readonly Entry[] };

/** Transpiles Butane and Container Linux Configs to an Ignition config. Returns every other text unchanged. */
export function readFormat(data: UserData, query: FormatQuery): Result<Written, FormatFault> {
  const source = sourceOf(data, query);
  if (!source.ok) return source;
  const { notes, files, ...asSent } = data;
  if (source.value === null) {
    const checked = data.kind === 'cloud-config' ? checkCloudConfig(data.text) : ok([]);
    if (!checked.ok) return err({ reason: 'untranspilable', ...checked.error });
    return ok({ ...asSent, source: null, sourceText: undefined, entries: [...notes, ...checked.value] });
  }
  const transpiled = transpile(data.text, source.value, {
    strict: false,
    platform: query.platform,
    variant: query.variant,
    files,
  });
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
  return ok({ text, kind: 'ignition', source: source.value, sourceText: data.text, entries: [...notes, ...entries] });
}

interface TranspileOptions extends Pick<FormatQuery, 'platform' | 'variant'> {
  /** When true, a warning makes the translation fail. */
  readonly strict: boolean;
  /** The files that `local` fields name. */
  readonly files?: LocalFiles | undefined;
}

/** Transpiles YAML to Ignition as `butane` or `ct` does it. */
export function transpile(
  text: string,
  source: Source,
  { strict, platform, variant, files }: TranspileOptions,
): Result<Transpiled, TranspileFault> {
  if (source === 'ct') return transpileCt(text, { strict, platform });
  // A compressed placeholder could not be replaced.
  const gzip = text.includes('cloud_config_url') ? 'plain' : (bytes: Uint8Array) => gzipSync(bytes, { level: 9 });
  return transpileButane(text, { strict, gzip, variant, files });
}

function sourceOf(data: UserData, { format, variant }: FormatQuery): Result<Source | null, FormatFault> {
  if (data.kind === 'none') return ok(null);
  const wrong = (message: string) => err<FormatFault>({ reason: 'wrong-format', message });
  if (data.kind !== 'ignition')
    return format === 'ct' || format === 'butane' ? wrong(`the body is ${data.kind}, not ${format}`) : ok(null);
  const found = whatItIs(data.text);
  if (format === 'butane' && found.kind === 'json' && variant === undefined)
    return wrong('the body is JSON without a variant, as an Ignition config is; leave out format=butane');
  if (format === 'butane') return ok('butane');
  if (format === undefined && variant !== undefined && found.kind === 'yaml') return ok('butane');
  if (format === 'ct') {
    if (found.kind === 'butane') return wrong('the body names a variant, so it is Butane; leave out format=ct');
    return isIgnition(data.text) ? wrong('the body is an Ignition config, not ct') : ok('ct');
  }
  if (format === undefined && found.kind === 'butane') return ok('butane');
  const problem = notIgnition(found);
  if (problem !== undefined) return wrong(problem);
  if (data.text.startsWith('\ufeff'))
    return wrong('the body begins with a byte order mark, which Ignition does not read: save it as UTF-8 without one');
  return ok(null);
}

/** True for JSON that states the version of an Ignition config. */
function isIgnition(text: string): boolean {
  const parsed = /^\s*\{/.test(text) ? parseConfig(text) : undefined;
  return parsed?.ok === true;
}
