/**
 * Translates a Container Linux Config to Ignition 2.3 in the stages of container-linux-config-transpiler 0.9.4: parse,
 * convert, check the rules of Ignition 2.3. No stage runs after one that fails. No I/O.
 */

import { completed } from '../../ignition/decode.ts';
import { plainConfig } from '../../ignition/render.ts';
import type { Findings, Path } from '../../ignition/report.ts';
import { schemasV2 } from '../../ignition/spec/v2.ts';
import { upgradeV2 } from '../../ignition/upgrade-v2.ts';
import { plainDataUrl } from '../../ignition/urls/data-url.ts';
import { validateV2 } from '../../ignition/validate-v2.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { snakeCase } from '../butane/shape.ts';
import { objectAt } from '../butane/source-rules.ts';
import type { Transpiled, TranspileFault } from '../butane/transpile.ts';
import { decodeYaml, type YamlObject } from '../yaml/decode.ts';
import type { Place, YamlNode } from '../yaml/node.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { findUnknownKeys, type KeyFindings } from '../yaml/unknown-keys.ts';
import { YamlReport } from '../yaml/yaml-report.ts';
import { etcdOptions, flannelOptions } from './options.ts';
import { checkCt } from './rules.ts';
import { isPlatform, type ServiceUnit, serviceUnits, updateConf } from './services.ts';
import { ctShape } from './shape.ts';
import { plainSections } from './translation.ts';
import { parseVersion } from './version.ts';

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
  const root = readYaml(text);
  const failed = (error: string, report: YamlReport) => err({ error, entries: report.entries });
  if (!root.ok) return unread(PARSE_FAILED, root.error.message, [root.error]);
  const report = new YamlReport(root.value);
  if (isEmpty(text)) report.add('warning', [], 'Configuration is empty');
  const shape = shapeFor(root.value);
  const decoded = decodeYaml(shape, root.value, 'order');
  if (!decoded.ok) return unread(PARSE_FAILED, decoded.error.message, decoded.error.problems);
  findUnknownKeys(shape, decoded.value, root.value, keyFindings(report));
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
  if (strict && !report.isEmpty) return failed('Config has warnings and strict was asked for', report);
  const { entries, unknownKeys } = report;
  return ok({ config: plainConfig(schemasV2()[MINOR], config), entries, unknownKeys });
}

/** Returns the fault of a source that cannot be read. The tool has one entry for it, without a place; this one has one. */
function unread(error: string, message: string, problems: readonly { readonly at: Place }[]) {
  const entry = { severity: 'error', path: '$', message, ...problems[0]?.at } as const;
  return err<TranspileFault>({ error, entries: [entry] });
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
  const config = completed(schemasV2()[MINOR], {
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
  const read = decodeYaml({ kind: 'object', fields }, root, 'order');
  const versionOf = (name: string) => {
    const { version } = read.ok ? objectAt(read.value as YamlObject | undefined, name) : {};
    if (typeof version !== 'string') return undefined;
    const parsed = parseVersion(version);
    return parsed.ok ? parsed.value.numbers : ([99, 0, 0] as const);
  };
  return ctShape(etcdOptions(versionOf('etcd')), flannelOptions(versionOf('flannel')));
}

function keyFindings(report: YamlReport): KeyFindings {
  return {
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
  text.split(/\r\n?|\n/).every((line) => {
    const trimmed = line.trimStart();
    return trimmed === '' || trimmed.startsWith('#');
  });

/** Maps a path in the contents of a file to the field that the user wrote: a remote file, or an inline text. */
function contentsPath(path: Path, report: YamlReport): Path {
  const [name] = path.slice(4);
  const contents = path.slice(0, 4);
  if (name === undefined) return contents;
  // The tool points at the whole `verification`, not at the hash in it.
  if (name !== 'source') return [...contents, 'remote', name];
  return (
    [
      [...contents, 'remote', 'url'],
      [...contents, 'inline'],
    ].find((field) => report.has(field)) ?? contents
  );
}

/**
 * Returns findings that report each finding of Ignition 2.3 at its place in the source. The units of services come
 * before those of the source; a finding about one of them belongs to the whole source.
 */
function mapped(report: YamlReport, services: readonly ServiceUnit[]): Findings {
  const at = (path: Path): Path => {
    const snake = path.map((step) => (typeof step === 'string' ? snakeCase(step) : step));
    const [section, list, index, ...rest] = snake;
    if (section === 'storage' && list === 'files' && rest[0] === 'contents') return contentsPath(snake, report);
    if (section !== 'systemd' || list !== 'units' || typeof index !== 'number') return snake;
    return index < services.length ? [] : [section, list, index - services.length, ...rest];
  };
  return {
    error: (path, message) => report.add('error', at(path), message),
    warn: (path, message) => report.add('warning', at(path), message),
  };
}
