/**
 * Translates a Container Linux Config to Ignition 2.3 in the stages of container-linux-config-transpiler 0.9.4: parse,
 * convert, check the rules of Ignition 2.3. No stage runs after one that fails. No I/O.
 */
import { plainDataUrl } from '../../ignition/data-url.ts';
import { completed } from '../../ignition/decode.ts';
import { plainConfig } from '../../ignition/render.ts';
import type { Findings, Path } from '../../ignition/report.ts';
import { SCHEMAS_V2 } from '../../ignition/spec/v2.ts';
import { upgradeV2 } from '../../ignition/upgrade-v2.ts';
import { validateV2 } from '../../ignition/validate-v2.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { snakeCase } from '../butane/shape.ts';
import { objectAt } from '../butane/source-rules.ts';
import type { Transpiled, TranspileFault } from '../butane/transpile.ts';
import { type Dialect, decodeYaml, type YamlObject } from '../yaml/decode.ts';
import { YamlReport } from '../yaml/sources.ts';
import { readYaml, type YamlNode } from '../yaml/yaml-tree.ts';
import { etcdOptions, flannelOptions, numbersOf } from './options.ts';
import { checkCt } from './rules.ts';
import { isPlatform, type ServiceUnit, serviceUnits, updateConf } from './services.ts';
import { ctShape } from './shape.ts';
import { plainSections } from './translation.ts';

export interface CtOptions {
  /** When true, any entry makes the translation fail. */
  readonly strict: boolean;
  /** The platform on which the machine runs, for dynamic data; empty when the config uses none. */
  readonly platform: string;
}

const MINOR = 3;
const UPDATE_CONF = '/etc/coreos/update.conf';

/** Returns the Ignition config that the tool `ct` would write, or the fault with which it would end. */
export function transpileCt(text: string, { strict, platform }: CtOptions): Result<Transpiled, TranspileFault> {
  const normal = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const root = readYaml(normal);
  const failed = (error: string, report: YamlReport) => err({ error, entries: report.entries });
  const unread = (message: string) =>
    err<TranspileFault>({ error: PARSE_FAILED, entries: [{ severity: 'error', path: '$', message }] });
  if (!root.ok) return unread(root.error.message);
  const report = new YamlReport(normal, root.value);
  if (isEmpty(normal)) report.add('warning', [], 'Configuration is empty');
  const decoded = decodeYaml(shapeFor(root.value), root.value, dialectFor(report));
  if (!decoded.ok) return unread(`yaml: ${decoded.error.message}`);
  const source = (decoded.value ?? {}) as YamlObject;
  if ((source['version'] ?? 0) !== 0) report.add('error', ['version'], 'Invalid version. Only version 0 is supported');
  checkCt(source, report);
  if (report.isFatal) return failed(PARSE_FAILED, report);
  if (!isPlatform(platform)) report.add('error', [], `unsupported platform: ${platform}`);
  if (report.isFatal) return failed(CONVERSION_FAILED, report);
  const converted = convert(source, platform, report);
  if (report.isFatal || converted === undefined) return failed(CONVERSION_FAILED, report);
  const { config, services } = converted;
  validateV2(upgradeV2(config, MINOR), MINOR, mapped(report, services));
  if (report.isFatal) return failed(CONVERSION_FAILED, report);
  if (strict && report.entries.length > 0) return failed('Config has warnings and strict was asked for', report);
  const { entries, unknownKeys } = report;
  return ok({ config: plainConfig(SCHEMAS_V2[MINOR], config), entries, unknownKeys });
}

const PARSE_FAILED = 'Failed to parse config';
const CONVERSION_FAILED = 'conversion failed';

function convert(source: YamlObject, platform: string, report: YamlReport) {
  const plain = plainSections(source, (path, message) => report.add('error', path, message));
  const services = serviceUnits(source, platform);
  if (!services.ok) {
    report.add('error', [], services.error);
    return undefined;
  }
  const units = [...services.value, ...unitsOf(plain)];
  const update = updateConf(source);
  const storage = plain['storage'] as { files: object[] };
  const files =
    update === undefined
      ? storage.files
      : [
          ...storage.files,
          { filesystem: 'root', path: UPDATE_CONF, mode: 0o644, contents: { source: plainDataUrl(update) } },
        ];
  const config = completed(SCHEMAS_V2[MINOR], {
    ...plain,
    storage: { ...storage, files },
    systemd: { units },
  });
  return { config, services: services.value };
}

const unitsOf = (plain: Record<string, unknown>): object[] =>
  ((plain['systemd'] as { units?: object[] } | undefined)?.units ?? []) as object[];

/** Reads the versions of etcd and flannel first, because they decide which options the shape has. */
function shapeFor(root: YamlNode) {
  const versions = new Map([['version', { kind: 'text' as const }]]);
  const service = { kind: 'object' as const, fields: versions };
  const fields = new Map([
    ['etcd', service],
    ['flannel', service],
  ]);
  const ignore = () => undefined;
  const quiet: Dialect = { merging: 'order', unknownKey: ignore, strangeObject: ignore };
  const read = decodeYaml({ kind: 'object', fields }, root, quiet);
  const versionOf = (name: string) => {
    const { version } = read.ok ? objectAt(read.value as YamlObject | undefined, name) : {};
    return typeof version === 'string' ? (numbersOf(version) ?? ([99, 0, 0] as const)) : undefined;
  };
  return ctShape(etcdOptions(versionOf('etcd')), flannelOptions(versionOf('flannel')));
}

function dialectFor(report: YamlReport): Dialect {
  return {
    merging: 'order',
    unknownKey: (key, fieldNames, path, at) => {
      report.addUnknownKey(path, `Config has unrecognized key: ${key}`, at);
      const meant = fieldNames.find((name) => name.toLowerCase() === key.toLowerCase());
      if (meant !== undefined) report.add('info', path, `Did you mean ${meant} instead of ${key}`, at);
    },
    strangeObject: () => undefined,
  };
}

/** True for a text of nothing but white space and comments. */
const isEmpty = (text: string): boolean =>
  text.split('\n').every((line) => {
    const trimmed = line.trimStart();
    return trimmed === '' || trimmed.startsWith('#');
  });

/**
 * Returns findings that report each finding of Ignition 2.3 at its place in the source. The units of services come
 * before those of the source; a finding about one of them belongs to the whole source.
 */
function mapped(report: YamlReport, services: readonly ServiceUnit[]): Findings {
  const at = (path: Path): Path => {
    const snake = path.map((step) => (typeof step === 'string' ? snakeCase(step) : step));
    const [section, list, index, ...rest] = snake;
    if (section !== 'systemd' || list !== 'units' || typeof index !== 'number') return snake;
    return index < services.length ? [] : [section, list, index - services.length, ...rest];
  };
  return {
    error: (path, message) => report.add('error', at(path), message),
    warn: (path, message) => report.add('warning', at(path), message),
  };
}
