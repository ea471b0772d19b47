/**
 * Translates Butane of the flatcar variant to Ignition in the stages of coreos/butane 0.29.0: header, typed decoding,
 * source rules, translation, forbidden fields, Ignition's own rules. No stage runs after one that fails. No I/O.
 */
import { plainConfig } from '../../ignition/render.ts';
import type { Entry, Findings, Path } from '../../ignition/report.ts';
import { SCHEMAS_V3 } from '../../ignition/spec/v3.ts';
import { validateV3 } from '../../ignition/validate-v3.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Gzip } from '../resources.ts';
import { type Dialect, decodeYaml, type YamlObject } from '../yaml/decode.ts';
import { YamlReport } from '../yaml/sources.ts';
import { readYaml, type YamlNode } from '../yaml/yaml-tree.ts';
import { BUTANE_VERSIONS, type ButaneVersion, snakeCase } from './shape.ts';
import { checkSource } from './source-rules.ts';
import { findForbidden, type Generated, translate } from './translation.ts';

export interface Transpiled {
  /** The Ignition config without absent fields, in the field order of its schema. */
  readonly config: Record<string, unknown>;
  readonly entries: readonly Entry[];
  /** Paths of keys that the tool does not know. Butane warns about them and drops their values. */
  readonly unknownKeys: readonly string[];
}

export interface TranspileFault {
  /** The message with which the tool would end. */
  readonly error: string;
  readonly entries: readonly Entry[];
}

export interface ButaneOptions {
  /** When true, a warning makes the translation fail. */
  readonly strict: boolean;
  /** With `plain`, inline contents stay readable in their data URL, even where gzip or base64 is shorter. */
  readonly gzip: Gzip | 'plain';
}

const SEMVER = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z-.]+)?(\+[0-9A-Za-z-.]+)?$/;

/** Returns the Ignition config that Butane would write, or the fault with which Butane would end. */
export function transpileButane(text: string, options: ButaneOptions): Result<Transpiled, TranspileFault> {
  const normal = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const root = readYaml(normal);
  if (!root.ok) return refused(`Error unmarshaling yaml: ${root.error.message}`);
  const version = readHeader(root.value);
  if (!version.ok) return refused(version.error);
  const report = new YamlReport(normal, root.value);
  const source = decodeYaml(version.value.shape, root.value, dialectFor(report));
  if (!source.ok) {
    const { line } = report.placeOf(source.error.at);
    return refused(`yaml: unmarshal errors:\n  line ${line}: ${source.error.message}`);
  }
  return transpileSource((source.value ?? {}) as YamlObject, version.value, report, options);
}

function transpileSource(
  source: YamlObject,
  version: ButaneVersion,
  report: YamlReport,
  { strict, gzip }: ButaneOptions,
): Result<Transpiled, TranspileFault> {
  const invalid = (error: string) => err({ error, entries: report.entries });
  checkSource(source, version, report);
  if (report.isFatal) return invalid('source config is invalid');
  const generated = translate(source, version, gzip, report);
  if (report.isFatal) return invalid('source config is invalid');
  findForbidden(source, report);
  if (report.isFatal) return invalid('source config is invalid');
  const schema = SCHEMAS_V3[version.minor];
  if (schema === undefined) throw new Error(`no spec 3.${version.minor}`);
  validateV3(generated.config, version.minor, mapped(generated, report));
  if (report.isFatal) return invalid('config generated was invalid');
  if (strict && report.entries.length > 0) return invalid('Config produced warnings and --strict was specified');
  const { entries, unknownKeys } = report;
  return ok({ config: plainConfig(schema, generated.config), entries, unknownKeys });
}

const refused = (error: string) => err<TranspileFault>({ error, entries: [] });

/** Reads the variant and the version, which decide how the rest of the document is read. */
function readHeader(root: YamlNode): Result<ButaneVersion, string> {
  if (root.kind !== 'map' && !(root.kind === 'scalar' && root.text === '')) {
    const isNothing = root.kind === 'scalar' && /^(~|null|Null|NULL)$/.test(root.text) && root.isPlain;
    if (!isNothing) return err('Error unmarshaling yaml: yaml: unmarshal errors: the document is no mapping');
  }
  const fields = new Map([
    ['variant', { kind: 'text' as const }],
    ['version', { kind: 'text' as const }],
  ]);
  const ignore = () => undefined;
  const quiet: Dialect = { merging: 'first', unknownKey: ignore, strangeObject: ignore };
  const header = decodeYaml({ kind: 'object', fields }, root, quiet);
  if (!header.ok) return err(`Error unmarshaling yaml: yaml: ${header.error.message}`);
  const { variant = '', version = '' } = (header.value ?? {}) as Record<string, string>;
  if (variant === '') return err('error parsing variant; must be specified');
  const match = SEMVER.exec(version);
  if (match === null) return err('error parsing version; must be a valid semver');
  const [, major, minor, patch, preRelease = '', build = ''] = match;
  const normal = `${[major, minor, patch].map(Number).join('.')}${preRelease}${build}`;
  const supported = variant === 'flatcar' ? BUTANE_VERSIONS.find(({ text }) => text === normal) : undefined;
  return supported === undefined
    ? err(`No translator exists for variant ${variant} with version ${normal}`)
    : ok(supported);
}

function dialectFor(report: YamlReport): Dialect {
  return {
    merging: 'first',
    unknownKey: (key, _fieldNames, path, at) => report.addUnknownKey(path, `unused key ${key}`, at),
    strangeObject: (path, at) => {
      if (path.length === 0) return;
      report.add('warning', path, 'context tree does not match content tree: keys below are not looked at', at);
    },
  };
}

/** Returns findings that report each finding of Ignition at the place in YAML that it comes from. */
function mapped({ pathInYaml }: Generated, report: YamlReport): Findings {
  const at = (path: Path) =>
    pathInYaml(
      path,
      path.map((step) => (typeof step === 'string' ? snakeCase(step) : step)),
    );
  return {
    error: (path, message) => report.add('error', at(path), message),
    warn: (path, message) => report.add('warning', at(path), message),
  };
}
