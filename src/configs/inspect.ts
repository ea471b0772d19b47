/** The calls that validate and merge configs. They store nothing. No I/O. */
import type * as z from 'zod';
import { combine, type Engine, engineFaults } from '../ignition/combine.ts';
import { faultEntries } from '../ignition/compose.ts';
import { readJson } from '../ignition/json-source.ts';
import { lowered } from '../ignition/lower.ts';
import { type ParsedConfig, parseConfig } from '../ignition/parse.ts';
import { newestSpec, type Reader } from '../ignition/reader.ts';
import { plainConfig } from '../ignition/render.ts';
import type { Entry } from '../ignition/report.ts';
import { SCHEMAS_V3 } from '../ignition/spec/v3.ts';
import { checkShape, shapeProblem, unknownName } from '../shared/http/api.ts';
import { fieldProblem, type Problem } from '../shared/problem.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { mergeBody } from './call-requests.ts';
import { kindOf, type MachineKind } from './machine-kind.ts';
import { notIgnition, whatItIs } from './what-it-is.ts';

interface Validation {
  readonly valid: boolean;
  /** The spec version; `null` when the text does not parse as a config. */
  readonly version: string | null;
  readonly kind: MachineKind;
  /** The error of Ignition for the whole config; absent when it is valid. */
  readonly error?: string;
  readonly entries: readonly Entry[];
}

const NO_CONFIG: Readonly<Record<string, string>> = {
  'cloud-config': 'not a config (found cloud-config)',
  script: 'not a config (found a script)',
  multipart: 'not a config (found a MIME multipart message)',
  empty: 'not a config (empty)',
};

/**
 * Returns what the engine would report about this text as a config by itself. With a `reader`, a spec that it does not know
 * is refused, as it does it.
 */
export function validate(text: string, engine: Engine, notes: readonly Entry[] = [], reader?: Reader): Validation {
  const kind = kindOf(text);
  const parsed = parseConfig(text);
  if (!parsed.ok) {
    const fault = parsed.error;
    if (fault.reason === 'no-config')
      return { valid: false, version: null, kind, error: NO_CONFIG[fault.kind] ?? 'not a config', entries: notes };
    const entries = [...notes, ...fault.entries, ...otherKind(text)];
    return { valid: false, version: null, kind, error: fault.message, entries };
  }
  const { version } = parsed.value;
  const entries = [...notes, ...parsed.value.entries];
  const tooNew = reader === undefined ? [] : tooNewFor(reader, parsed.value);
  if (tooNew.length > 0)
    return { valid: false, version, kind, error: 'unsupported config version', entries: [...entries, ...tooNew] };
  const faults = engineFaults(parsed.value, engine);
  if (faults.length === 0) return { valid: true, version, kind, entries };
  return { valid: false, version, kind, error: `not for engine ${engine}`, entries: [...entries, ...faults] };
}

/** Returns why `reader` refuses a config: its version, and the fields that keep it from being written in an older one. */
function tooNewFor(reader: Reader, parsed: ParsedConfig): Entry[] {
  if (parsed.major !== 3 || parsed.minor <= (reader.newestMinor ?? -1)) return [];
  const place = parsed.place(['ignition', 'version']);
  const newest = newestSpec(reader);
  const version: Entry = {
    ...{ severity: 'error', path: 'ignition.version', ...place },
    message: `Ignition ${reader.ignition} does not read spec ${parsed.version}: the newest that it reads is ${newest}`,
  };
  const schema = SCHEMAS_V3[parsed.minor] as unknown as z.ZodType;
  const older = lowered(plainConfig(schema, parsed.config), parsed.minor, reader);
  if (!older.ok) return reader.newestMinor === undefined ? [version] : [version, ...older.error];
  const message = `nothing in it needs ${parsed.version}: to a machine of this service it is served as ${newest}`;
  return [version, { severity: 'info', path: 'ignition.version', message, ...place }];
}

/** Returns a note that says what the text is, when it is another kind of config. */
function otherKind(text: string): Entry[] {
  const message = notIgnition(whatItIs(text));
  return message === undefined ? [] : [{ severity: 'info', path: '$', message }];
}

type Side = 'parent' | 'child';

interface SidedEntry extends Entry {
  readonly layer: Side | 'result';
}

interface Merged {
  readonly config: Record<string, unknown>;
  readonly entries: readonly SidedEntry[];
}

/**
 * Merges the two configs of `body`, which is JSON: `{parent, child, engine?}`. Each side is a config or the text of
 * one. Returns the merged config, or a problem. Each side is read from the original text: JavaScript would write
 * `420.0`, which is not an integer to Ignition, as `420`.
 */
export function merge(body: string): Result<Merged, Problem> {
  const json = readJson(body);
  if (!json.ok || json.value.kind !== 'object')
    return err({ code: 'bad-request', detail: 'the body is not a JSON object' });
  const texts = new Map<string, string>();
  for (const { key, value } of json.value.members) {
    texts.set(key, value.kind === 'string' ? value.value : body.slice(value.at, value.end));
  }
  const unknown = [...texts.keys()].find((name) => !Object.hasOwn(mergeBody.shape, name));
  if (unknown !== undefined) {
    const known = Object.keys(mergeBody.shape);
    return err(fieldProblem([unknownName(unknown, known, 'the body')], 'unknown-name'));
  }
  const asked = checkShape(mergeBody.pick({ engine: true }), { engine: texts.get('engine') });
  if (!asked.ok) return err(shapeProblem(asked.error));
  const { engine = 'ignition' } = asked.value;
  const sides: Partial<Record<Side, ParsedConfig>> = {};
  const entries: SidedEntry[] = [];
  for (const side of ['parent', 'child'] as const) {
    const text = texts.get(side);
    if (text === undefined) return err(fieldProblem([{ field: side, message: 'is missing: it must be a config' }]));
    const parsed = parseConfig(text);
    if (parsed.ok) {
      sides[side] = parsed.value;
      entries.push(...parsed.value.entries.map((entry) => ({ ...entry, layer: side })));
    } else entries.push(...sideFault(parsed.error, side));
  }
  const { parent, child } = sides;
  if (parent === undefined || child === undefined) return err(refusal('an input is not valid', entries));
  const combined = combine([parent, child], engine);
  if (!combined.ok) {
    const layer = combined.error.at === undefined ? 'result' : combined.error.at === 0 ? 'parent' : 'child';
    const faults = combined.error.entries.map((entry): SidedEntry => ({ ...entry, layer }));
    const detail = layer === 'result' ? 'the result is not valid' : 'an input is not valid';
    return err(refusal(detail, [...entries, ...faults], combined.error.config));
  }
  const resultEntries = combined.value.entries.filter(
    ({ path, message }) => !entries.some((entry) => entry.path === path && entry.message === message),
  );
  return ok({
    config: combined.value.config,
    entries: [...entries, ...resultEntries.map((entry) => ({ ...entry, layer: 'result' as const }))],
  });
}

function sideFault(fault: Parameters<typeof faultEntries>[0] | { reason: 'no-config'; kind: string }, layer: Side) {
  const entries: readonly Entry[] =
    fault.reason === 'no-config'
      ? [{ severity: 'error', path: '$', message: NO_CONFIG[fault.kind] ?? 'not a config' }]
      : faultEntries(fault);
  return entries.map((entry) => ({ ...entry, layer }));
}

const refusal = (
  detail: string,
  entries: readonly SidedEntry[],
  config: Record<string, unknown> | null = null,
): Problem => ({ code: 'invalid-config', detail, members: { config, entries } });
