/**
 * The rules that the transpiler checks on a Container Linux Config before it converts (its Validate functions). No I/O.
 */
import type { Path } from '../../ignition/report.ts';
import { parseGoUrl } from '../../ignition/urls/go-url.ts';
import { listAt, objectAt } from '../butane/source-rules.ts';
import type { YamlObject } from '../yaml/decode.ts';
import type { YamlReport } from '../yaml/yaml-report.ts';
import { isGoDuration, windowStartFault } from './times.ts';
import { parseVersion } from './version.ts';

const NEWEST_ETCD: Readonly<Record<number, number>> = { 2: 3, 3: 5 };
const STRATEGIES = ['reboot', 'etcd-lock', 'off'];

/** Reports the errors of a source, and warns where the transpiler does something that the user may not expect. */
export function checkCt(source: YamlObject, report: YamlReport): void {
  const storage = objectAt(source, 'storage');
  for (const [index, file] of listAt(storage, 'files').entries()) checkFile(file, ['storage', 'files', index], report);
  for (const [index, { mode }] of listAt(storage, 'directories').entries()) {
    if (mode === undefined)
      report.add(
        'warning',
        ['storage', 'directories', index, 'mode'],
        'mode unspecified for directory, defaulting to 0755',
      );
  }
  if (source['etcd'] !== undefined) checkEtcd(objectAt(source, 'etcd'), report);
  if (source['flannel'] !== undefined) checkFlannel(objectAt(source, 'flannel'), report);
  if (source['update'] !== undefined) checkUpdate(objectAt(source, 'update'), report);
  if (source['locksmith'] !== undefined) checkLocksmith(objectAt(source, 'locksmith'), report);
}

function checkFile(file: YamlObject, path: Path, report: YamlReport): void {
  if (file['mode'] === undefined) {
    if (file['append'] === true)
      report.add('info', [...path, 'mode'], 'mode unspecified for file, defaulting to 0644 if the file does not exist');
    else report.add('warning', [...path, 'mode'], 'mode unspecified for file, defaulting to 0644');
  }
  const contents = objectAt(file, 'contents');
  const set = [contents['inline'], contents['local'], objectAt(contents, 'remote')['url']].filter((value) =>
    value instanceof Uint8Array ? value.length > 0 : (value ?? '') !== '',
  );
  if (set.length > 1)
    report.add('error', [...path, 'contents'], 'only one of the following can be set: local, inline, remote.url');
}

function checkEtcd({ version }: YamlObject, report: YamlReport): void {
  if (typeof version !== 'string') return;
  const parsed = parseVersion(version);
  if (!parsed.ok) {
    report.add('error', ['etcd', 'version'], parsed.error);
    return;
  }
  const [major, minor] = parsed.value.numbers;
  if (major < 2 || (major === 2 && minor < 3)) {
    report.add('error', ['etcd', 'version'], 'Etcd version specified is not valid (too old)');
  } else if (major > 3) {
    report.add('error', ['etcd', 'version'], 'Etcd version is not valid (too new)');
  } else if (minor > (NEWEST_ETCD[major] ?? 0)) {
    const message = 'Etcd minor version specified is too new, only options of the newest known one are taken';
    report.add('warning', ['etcd', 'version'], message);
  }
}

function checkFlannel(flannel: YamlObject, report: YamlReport): void {
  const { version, network_config: network = '', kube_subnet_mgr: kube } = flannel;
  if (typeof version === 'string') {
    const parsed = parseVersion(version);
    if (!parsed.ok) {
      report.add('error', ['flannel', 'version'], parsed.error);
      return;
    }
    const [major, minor] = parsed.value.numbers;
    if (major === 0 && minor < 5) report.add('error', ['flannel', 'version'], 'invalid flannel version (too old)');
    else if (major === 0 && minor > 7) {
      const message = 'flannel minor version too new: only options of the newest known one are taken';
      report.add('warning', ['flannel', 'version'], message);
    }
  }
  if (network === '') return;
  if (kube === true) {
    report.add('error', ['flannel'], 'flannel network config cannot be provided if kube_subnet_mgr is set');
  } else if (!isJsonObject(String(network))) {
    report.add('error', ['flannel', 'network_config'], "flannel network config doesn't appear to be valid JSON");
  }
}

function checkUpdate({ group = '', server = '' }: YamlObject, report: YamlReport): void {
  const isKnown = ['stable', 'beta', 'alpha'].includes(String(group).toLowerCase());
  if (!isKnown && server === '') report.add('warning', ['update'], 'unknown update group');
  const url = parseGoUrl(String(server));
  if (!url.ok) report.add('error', ['update', 'server'], url.error);
}

function checkLocksmith(locksmith: YamlObject, report: YamlReport): void {
  const { reboot_strategy: strategy, window_start: start = '', window_length: length = '' } = locksmith;
  if ((start === '') !== (length === '')) {
    report.add('error', ['locksmith'], 'window-start and window-length must both be specified');
    return;
  }
  if (strategy !== undefined && strategy !== '' && !STRATEGIES.includes(String(strategy).toLowerCase()))
    report.add('error', ['locksmith', 'reboot_strategy'], 'unknown reboot strategy');
  const fault = start === '' ? undefined : windowStartFault(String(start));
  if (fault !== undefined) report.add('error', ['locksmith', 'window_start'], fault);
  if (length !== '' && !isGoDuration(String(length)))
    report.add('error', ['locksmith', 'window_length'], "couldn't parse window length");
}

/** True for a text that Go decodes into a map: an object whose numbers are finite, or null. */
function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text, (_key, inner: unknown) => {
      if (inner === Number.POSITIVE_INFINITY || inner === Number.NEGATIVE_INFINITY) throw new Error('out of range');
      return inner;
    });
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
