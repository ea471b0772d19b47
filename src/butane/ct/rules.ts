/**
 * The rules that the transpiler checks on a Container Linux Config before it converts (its Validate functions). No I/O.
 */
import type { Path } from '../../ignition/report.ts';
import { listAt, objectAt } from '../butane/source-rules.ts';
import type { YamlObject } from '../yaml/decode.ts';
import type { YamlReport } from '../yaml/sources.ts';
import { numbersOf } from './options.ts';

const NEWEST_ETCD: Readonly<Record<number, number>> = { 2: 3, 3: 5 };
const STRATEGIES = ['reboot', 'etcd-lock', 'off'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** One number with its unit. A number has a digit on at least one side of its point. */
const DURATION_PART = /(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)/y;

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
  const set = [contents['inline'], contents['local'], objectAt(contents, 'remote')['url']].filter(
    (value) => (value ?? '') !== '',
  );
  if (set.length > 1)
    report.add('error', [...path, 'contents'], 'only one of the following can be set: local, inline, remote.url');
}

function checkEtcd({ version }: YamlObject, report: YamlReport): void {
  if (typeof version !== 'string') return;
  const numbers = numbersOf(version);
  if (numbers === undefined) {
    report.add('error', ['etcd', 'version'], `${version} is not in dotted-tri format`);
    return;
  }
  const [major, minor] = numbers;
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
    const numbers = numbersOf(version);
    if (numbers === undefined) {
      report.add('error', ['flannel', 'version'], `${version} is not in dotted-tri format`);
      return;
    }
    const [major, minor] = numbers;
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
  if (/%(?![0-9A-Fa-f]{2})|\s/.test(String(server).split('?')[0] ?? ''))
    report.add('error', ['update', 'server'], `parse "${server}": invalid URL`);
}

function checkLocksmith(locksmith: YamlObject, report: YamlReport): void {
  const { reboot_strategy: strategy, window_start: start = '', window_length: length = '' } = locksmith;
  if ((start === '') !== (length === '')) {
    report.add('error', ['locksmith'], 'window-start and window-length must both be specified');
    return;
  }
  if (strategy !== undefined && !STRATEGIES.includes(String(strategy).toLowerCase()))
    report.add('error', ['locksmith', 'reboot_strategy'], 'unknown reboot strategy');
  if (start !== '') {
    const [time = '', day] = String(start).split(' ').reverse();
    const isTime = /^([01]?\d|2[0-3]):[0-5]\d$/.test(time);
    if (day !== undefined && !DAYS.includes(day.toLowerCase()))
      report.add('error', ['locksmith', 'window_start'], 'unknown day in window start');
    else if (!isTime) report.add('error', ['locksmith', 'window_start'], "couldn't parse window start");
  }
  if (length !== '' && !isDuration(String(length)))
    report.add('error', ['locksmith', 'window_length'], "couldn't parse window length");
}

/** True for a text that Go's `time.ParseDuration` reads: `1h30m`, `-1.5s`, `0`. */
function isDuration(text: string): boolean {
  const from = /^[-+]/.test(text) ? 1 : 0;
  if (text.slice(from) === '0') return true;
  let at = from;
  while (at < text.length) {
    DURATION_PART.lastIndex = at;
    const part = DURATION_PART.exec(text);
    if (part === null) return false;
    at += part[0].length;
  }
  return at > from;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
