/**
 * Translates Butane of the variants flatcar and fcos to Ignition in the stages of coreos/butane 0.29.0: header, typed decoding,
 * source rules, translation, forbidden fields, Ignition's own rules. No stage runs after one that fails. No I/O.
 */
import { plainConfig } from '../../ignition/render.ts';
import type { Entry, Findings, Path } from '../../ignition/report.ts';
import { SCHEMAS_V3 } from '../../ignition/spec/v3.ts';
import { validateV3 } from '../../ignition/validate-v3.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { LocalFiles } from '../local-files.ts';
import type { Gzip } from '../resources.ts';
import { unread } from '../unread.ts';
import { decodeYaml, type YamlObject, type YamlShape } from '../yaml/decode.ts';
import type { YamlNode } from '../yaml/node.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { findUnknownKeys, type KeyFindings } from '../yaml/unknown-keys.ts';
import { YamlReport } from '../yaml/yaml-report.ts';
import { BUTANE_VERSIONS, type ButaneVersion, snakeCase, UNUSABLE } from './shape.ts';
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
  /** The variant of a source that names none. */
  readonly variant?: string | undefined;
  /** The files that `local` fields name; `undefined` where there are none. */
  readonly files?: LocalFiles | undefined;
}

/** Go's semver takes an empty pre-release and an empty build. */
const SEMVER = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-.]*))?(?:\+([0-9A-Za-z-.]*))?$/;

/** Returns the Ignition config that Butane would write, or the fault with which Butane would end. */
export function transpileButane(text: string, options: ButaneOptions): Result<Transpiled, TranspileFault> {
  const root = readYaml(text);
  if (!root.ok) return unread(`Error unmarshaling yaml: ${root.error.message}`, [root.error]);
  const version = readHeader(root.value, options.variant);
  if (!version.ok) return version;
  const report = new YamlReport(root.value);
  const source = decodeYaml(version.value.shape(), root.value, 'first');
  if (!source.ok) return unread(source.error.message, source.error.problems);
  findUnknownKeys(version.value.shape(), source.value, root.value, keyFindings(report));
  if (version.value.variant !== 'flatcar') refuseUnusable(root.value, report);
  if (report.isFatal) return err({ error: 'source config is invalid', entries: report.entries });
  return transpileSource((source.value ?? {}) as YamlObject, version.value, report, options);
}

function transpileSource(
  source: YamlObject,
  version: ButaneVersion,
  report: YamlReport,
  { strict, gzip, files }: ButaneOptions,
): Result<Transpiled, TranspileFault> {
  const invalid = (error: string) => err({ error, entries: report.entries });
  checkSource(source, version, report);
  if (report.isFatal) return invalid('source config is invalid');
  const generated = translate(source, version, gzip, files, report);
  if (report.isFatal) return invalid('source config is invalid');
  findForbidden(source, report);
  if (report.isFatal) return invalid('source config is invalid');
  const schema = SCHEMAS_V3[version.minor];
  if (schema === undefined) throw new Error(`no spec 3.${version.minor}`);
  validateV3(generated.config, version.minor, mapped(generated, report));
  if (report.isFatal) return invalid('config generated was invalid');
  if (strict && !report.isEmpty) return invalid('Config produced warnings and --strict was specified');
  const { entries, unknownKeys } = report;
  return ok({ config: plainConfig(schema, generated.config), entries, unknownKeys });
}

const HEADER: YamlShape = {
  kind: 'object',
  fields: new Map([
    ['variant', { kind: 'text' }],
    ['version', { kind: 'text' }],
  ]),
};

/** Reads the variant and the version, which decide how the rest of the document is read. */
function readHeader(root: YamlNode, asked: string | undefined): Result<ButaneVersion, TranspileFault> {
  const header = decodeYaml(HEADER, root, 'first');
  if (!header.ok) return unread(`Error unmarshaling yaml: ${header.error.message}`, header.error.problems);
  const { variant: stated = '', version = '' } = (header.value ?? {}) as Record<string, string>;
  const variant = stated === '' ? (asked ?? '') : stated;
  const refused = (error: string, path: string) => {
    const report = new YamlReport(root);
    report.error(path === '$' ? [] : [path], error);
    return err<TranspileFault>({ error, entries: report.entries });
  };
  if (asked !== undefined && variant !== asked)
    return refused(
      `the source says variant ${variant}, and the call says variant ${asked}: leave one of them out`,
      'variant',
    );
  if (variant === '') return refused('error parsing variant; must be specified', 'variant');
  const match = SEMVER.exec(version);
  if (match === null) return refused('error parsing version; must be a valid semver', 'version');
  const [, major, minor, patch, preRelease = '', build = ''] = match;
  const numbers = [major, minor, patch].map(Number).join('.');
  const normal = `${numbers}${preRelease === '' ? '' : `-${preRelease}`}${build === '' ? '' : `+${build}`}`;
  const ofVariant = BUTANE_VERSIONS.filter((known) => known.variant === variant);
  const supported = ofVariant.find(({ text }) => text === normal);
  if (supported !== undefined) return ok(supported);
  return refused(
    `No translator exists for variant ${variant} with version ${normal}: ${insteadOf(variant)}`,
    ofVariant.length > 0 ? 'version' : 'variant',
  );
}

/** Says which variants and versions there are, and what a config of another variant needs. */
function insteadOf(variant: string): string {
  const versionsOf = (known: string) =>
    BUTANE_VERSIONS.filter((version) => version.variant === known)
      .map(({ text }) => text)
      .join(', ');
  const known = `this server has variant flatcar, versions ${versionsOf('flatcar')}, and fcos, versions ${versionsOf('fcos')}`;
  if (!OTHER_VARIANTS.includes(variant)) return known;
  return `${known}. For Flatcar, begin with "variant: flatcar" and "version: 1.1.0", and take out what only ${variant} has`;
}

/** Variants that Butane has for other systems. */
const OTHER_VARIANTS = ['openshift', 'r4e', 'fiot', 'rhcos'];

/** Reports sugar of other variants: without it the machine would not be what its author described. */
function refuseUnusable(root: YamlNode, report: YamlReport): void {
  if (root.kind !== 'map') return;
  for (const { key } of root.pairs)
    for (const [name, instead] of UNUSABLE)
      if (key.kind === 'scalar' && key.text === name)
        report.add('error', [name], `Flatcar has no use for ${name}: ${instead}`, key.at);
}

function keyFindings(report: YamlReport): KeyFindings {
  return {
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
