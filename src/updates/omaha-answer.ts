/** Writes the answer to update_engine: Omaha 3.0 as Nebraska writes it, which is what update_engine and ue-rs read. No I/O. */
import { fromHex, toBase64 } from '../shared/bytes.ts';

interface OfferedPackage {
  readonly name: string;
  readonly size: number;
  /** In hexadecimal; `sha1` is absent where an earlier version mirrored the file. */
  readonly sha256: string;
  readonly sha1?: string | undefined;
}

/** A release that a machine may update to. */
export interface Offer {
  readonly version: string;
  /** The folder of its payloads, with a slash at the end. */
  readonly codebase: string;
  readonly image: OfferedPackage;
  /** System extensions, which postinst fetches where the machine has them. */
  readonly extensions: readonly OfferedPackage[];
}

export interface AppAnswer {
  readonly id: string;
  readonly status: string;
  readonly isPinged: boolean;
  readonly events: number;
  /** `undefined`: it did not ask. `null`: there is no update. */
  readonly offer: Offer | null | 'error' | undefined;
}

/** Returns the body of an answer. */
export function answerText(apps: readonly AppAnswer[]): string {
  const body = apps.map(appText).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<response protocol="3.0" server="flatcar-edge"><daystart elapsed_seconds="0"></daystart>${body}</response>\n`;
}

function appText({ id, status, isPinged, events, offer }: AppAnswer): string {
  const ping = isPinged ? '<ping status="ok"></ping>' : '';
  const told = '<event status="ok"></event>'.repeat(events);
  return `<app ${attribute('appid', id)} ${attribute('status', status)}>${ping}${checkText(offer)}${told}</app>`;
}

function checkText(offer: AppAnswer['offer']): string {
  if (offer === undefined) return '';
  if (offer === null) return '<updatecheck status="noupdate"></updatecheck>';
  if (offer === 'error') return '<updatecheck status="error-internal"></updatecheck>';
  const { version, codebase, image, extensions } = offer;
  const packages = [packageText(image, true), ...extensions.map((extension) => packageText(extension, false))].join('');
  const sha256 = toBase64(fromHex(image.sha256));
  const action = `<action event="postinstall" ${attribute('sha256', sha256)} DisablePayloadBackoff="true"></action>`;
  const urls = `<urls><url ${attribute('codebase', codebase)}></url></urls>`;
  const manifest = `<manifest ${attribute('version', version)}><packages>${packages}</packages><actions>${action}</actions></manifest>`;
  return `<updatecheck status="ok">${urls}${manifest}</updatecheck>`;
}

function packageText({ name, size, sha1, sha256 }: OfferedPackage, isRequired: boolean): string {
  const hash = sha1 === undefined ? '' : ` ${attribute('hash', toBase64(fromHex(sha1)))}`;
  const digest = ` ${attribute('hash_sha256', sha256)}`;
  return `<package ${attribute('name', name)}${hash}${digest} size="${size}" required="${isRequired}"></package>`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const attribute = (name: string, value: string): string =>
  `${name}="${[...value]
    .filter(isAllowed)
    .join('')
    .replaceAll(/[&<>"]/g, (sign) => ESCAPES[sign] ?? '')}"`;

/** Control characters have no place in XML 1.0. */
const isAllowed = (sign: string): boolean => sign >= ' ' && sign !== '\ufffe' && sign !== '\uffff';
