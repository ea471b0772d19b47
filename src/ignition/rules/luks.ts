/** The rules of spec 3 for encrypted devices and the keys that unlock them. No I/O. */
import type { Findings, Path } from '../report.ts';
import type { ConfigV3, LuksV3 } from '../spec/v3.ts';
import { byteLength, checkDevice } from './disks.ts';
import { checkResource } from './resources.ts';
import { headersOf, sourceFault } from './source-url.ts';

type Clevis = NonNullable<LuksV3['clevis']>;
type Tang = NonNullable<Clevis['tang']>[number];

const MOST_LABEL_BYTES = 47;
const MOST_JSON_DEPTH = 10_000;
const PINS = ['tpm2', 'tang', 'sss'];
const ANY_PIN_SINCE = 6;
const NETWORK_ALONE_REFUSED_SINCE = 3;

/** Reports the errors about the encrypted devices of `config` in spec 3.`minor`. */
export function checkLuks({ storage }: ConfigV3, minor: number, report: Findings): void {
  for (const [index, device] of (storage?.luks ?? []).entries()) {
    const path = ['storage', 'luks', index];
    const { name, label, clevis, keyFile, cex } = device;
    if (name.includes('/')) report.error([...path, 'name'], 'device names cannot contain slashes');
    checkDevice(device.device, [...path, 'device'], 'disk device is required', report);
    if (label !== undefined && byteLength(label) > MOST_LABEL_BYTES) {
      report.error([...path, 'label'], `luks device labels cannot be longer than ${MOST_LABEL_BYTES} characters`);
    }
    if (clevis !== undefined) checkClevis(clevis, [...path, 'clevis'], minor, report);
    const keyFault = keyFile?.source === undefined ? undefined : sourceFault(keyFile.source, minor);
    if (keyFault !== undefined) report.error([...path, 'keys'], 'invalid key file source');
    checkResource(keyFile, [...path, 'keyFile'], minor, report);
    if (cex?.enabled !== true) continue;
    if (clevis !== undefined && isUsed(clevis)) report.error([...path, 'cex'], 'cannot use cex with clevis');
    if ((keyFile?.source ?? '') !== '') report.error([...path, 'cex'], 'cannot use key file with cex');
  }
}

/** True for a clevis object that asks for something. One that is only there is none. */
const isUsed = ({ tpm2, threshold, tang = [], custom }: Clevis): boolean =>
  (custom?.pin ?? '') !== '' || tang.length > 0 || tpm2 === true || (threshold ?? 0) !== 0;

function checkClevis(clevis: Clevis, path: Path, minor: number, report: Findings): void {
  const { tpm2, threshold, tang = [], custom } = clevis;
  // In 3.2 a custom object counts even when it is empty.
  const isCustom = minor === 2 ? custom !== undefined : (custom?.pin ?? '') !== '';
  if (isCustom && (tang.length > 0 || tpm2 === true || (threshold ?? 0) !== 0)) {
    report.error(path, 'cannot use custom clevis config with tpm2, tang, or threshold');
  }
  if (custom !== undefined) checkCustom(custom, [...path, 'custom'], minor, report);
  for (const [index, server] of tang.entries()) checkTang(server, [...path, 'tang', index], report);
}

function checkCustom(custom: NonNullable<Clevis['custom']>, path: Path, minor: number, report: Findings): void {
  const { pin = '', config = '', needsNetwork } = custom;
  const isUsed = pin !== '' || config !== '' || (needsNetwork === true && minor >= NETWORK_ALONE_REFUSED_SINCE);
  if (!isUsed) return;
  if (pin === '') report.error([...path, 'pin'], 'clevis custom pin is required');
  else if (minor < ANY_PIN_SINCE && !PINS.includes(pin)) report.error([...path, 'pin'], 'unsupported clevis pin');
  if (config === '') report.error([...path, 'config'], 'clevis custom config is required');
}

function checkTang({ url, thumbprint = '', advertisement }: Tang, path: Path, report: Findings): void {
  if (url === '') report.error([...path, 'url'], 'url is required');
  else if (headersOf(url) !== 'taken') report.error([...path, 'url'], 'invalid url scheme');
  if (thumbprint === '') report.error([...path, 'thumbprint'], 'thumbprint is required');
  if (advertisement !== undefined && advertisement !== '' && !isJson(advertisement)) {
    report.error([...path, 'advertisement'], 'advertisement is not valid JSON');
  }
}

/** True for a text that Go's decoder reads: it refuses a number that is too great, and 10,000 levels. */
function isJson(text: string): boolean {
  if (depthOf(text) > MOST_JSON_DEPTH) return false;
  try {
    JSON.parse(text, (_key, value: unknown) => {
      if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) throw new Error('out of range');
      return value;
    });
    return true;
  } catch {
    return false;
  }
}

/** Returns how many brackets are open at once at most, without those in strings. */
function depthOf(text: string): number {
  let [open, deepest] = [0, 0];
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isInString && character === '\\') at += 1;
    else if (character === '"') isInString = !isInString;
    else if (!isInString && (character === '[' || character === '{')) open += 1;
    else if (!isInString && (character === ']' || character === '}')) open -= 1;
    deepest = Math.max(deepest, open);
  }
  return deepest;
}
