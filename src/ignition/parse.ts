/**
 * From text to a config and a report, in the reference's order: empty or another kind, JSON, version, types, rules.
 * Spec 3 so far. No I/O.
 */
import { err, ok, type Result } from '../shared/result.ts';
import { decode, type Places } from './decode.ts';
import { type JsonNode, placeOf, readJson } from './json-source.ts';
import { type Entry, type Path, Report } from './report.ts';
import { type ConfigV3, SCHEMAS_V3 } from './spec/v3.ts';
import { type UserDataKind, userDataKind } from './user-data.ts';
import { validateV3 } from './validate-v3.ts';
import { parseSpec3, type Spec3 } from './version.ts';

export interface ParsedConfig {
  readonly config: ConfigV3;
  readonly spec: Spec3;
  /** Warnings and notes; errors make a fault. */
  readonly entries: readonly Entry[];
}

export type ParseFault =
  /** Nothing there, or user data of another kind: no Ignition config, which is not an error by itself. */
  | { readonly reason: 'no-config'; readonly kind: Exclude<UserDataKind, 'json'> }
  | { readonly reason: 'unparsable-version' | 'unsupported-version'; readonly entries: readonly Entry[] }
  | { readonly reason: 'invalid'; readonly entries: readonly Entry[] };

/** Reads a config of spec 3; `text` has had its gzip taken off. Never throws, whatever it is given. */
export function parseConfig(text: string): Result<ParsedConfig, ParseFault> {
  const kind = userDataKind(text);
  if (kind !== 'json') return err({ reason: 'no-config', kind });
  const places: Places = new Map();
  const report = new Report((path: Path) => {
    const at = places.get(path.join('.'));
    return at === undefined ? undefined : placeOf(text, at);
  });
  const invalid = (message: string, at: number) => {
    places.set('', at);
    report.error([], message);
    return err({ reason: 'invalid' as const, entries: report.entries });
  };
  const json = readJson(text);
  if (!json.ok) return invalid(json.error.message, json.error.at);
  const stub = versionOf(json.value);
  if (!stub.ok) return invalid(stub.error, json.value.at);
  const spec = parseSpec3(stub.value);
  if (!spec.ok) {
    places.set('', json.value.at);
    report.error(
      [],
      spec.error === 'unparsable-version' ? "invalid config version (couldn't parse)" : 'unsupported config version',
    );
    return err({ reason: spec.error, entries: report.entries });
  }
  const schema = SCHEMAS_V3[spec.value.minor];
  if (schema === undefined) throw new Error(`no spec 3.${spec.value.minor}`);
  const decoded = decode(schema, json.value, report, places);
  if (!decoded.ok) return invalid(decoded.error.message, decoded.error.at);
  const config = decoded.value as ConfigV3;
  validateV3(config, spec.value.minor, report);
  if (report.isFatal) return err({ reason: 'invalid', entries: report.entries });
  return ok({ config, spec: spec.value, entries: report.entries });
}

/** `ignition.version` before anything else is looked at; names match whatever their case. */
function versionOf(root: JsonNode): Result<string, string> {
  if (root.kind === 'null') return ok('');
  if (root.kind !== 'object') return err(`the config must be an object, not ${root.kind}`);
  const ignition = member(root, 'ignition');
  if (ignition === undefined || ignition.kind === 'null') return ok('');
  if (ignition.kind !== 'object') return err(`ignition must be an object, not ${ignition.kind}`);
  const version = member(ignition, 'version');
  if (version === undefined || version.kind === 'null') return ok('');
  return version.kind === 'string' ? ok(version.value) : err(`ignition.version must be a string, not ${version.kind}`);
}

function member(node: JsonNode & { kind: 'object' }, name: string): JsonNode | undefined {
  const exact = node.members.findLast(({ key }) => key === name);
  return (exact ?? node.members.findLast(({ key }) => key.toLowerCase() === name))?.value;
}
