/**
 * Reads what update_engine asks: a request of Omaha 3.0 with its extensions
 * (https://github.com/google/omaha/blob/main/doc/ServerProtocolV3.md; omaha/protocol.go of flatcar/go-omaha). No I/O.
 */
import { parseXml, type XmlDocument, XmlElement, type XmlNode } from '@rgrove/parse-xml';
import { isVersion, type Version } from '../releases/model.ts';
import { err, ok, type Result } from '../shared/result.ts';

export interface UpdateEvent {
  /** Such as 3 for an update, 13 for a download that begins, 14 for one that has ended. */
  readonly type: number;
  /** 0: failed, 1: done, 2: done, and a reboot follows or has followed. */
  readonly result: number;
}

export interface AskingApp {
  /** As the client wrote it: the answer repeats it. */
  readonly id: string;
  /** True for Flatcar itself. */
  readonly isFlatcar: boolean;
  /** What it runs; `undefined` for a text that is no release. */
  readonly version: Version | undefined;
  readonly track: string;
  readonly board: string;
  readonly isPinging: boolean;
  readonly wantsUpdate: boolean;
  readonly events: readonly UpdateEvent[];
}

const FLATCAR = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const MOST_APPS = 8;
const MOST_EVENTS = 20;
const MOST_DEPTH = 20;
const MOST_TEXT = 200;

/** Returns the apps of a request, or what is wrong with it in words. */
export function parseRequest(text: string): Result<readonly AskingApp[], string> {
  // The parser goes down with each level, and a request has three.
  if (deepest(text) > MOST_DEPTH) return err('its elements are nested too deeply');
  let document: XmlDocument;
  try {
    document = parseXml(text, { ignoreUndefinedEntities: true });
  } catch {
    return err('it is not XML');
  }
  const { root } = document;
  if (root?.name !== 'request') return err('it has no element request');
  const architecture =
    childrenOf(root, 'os')[0]?.attributes['sp'] ?? childrenOf(root, 'os')[0]?.attributes['arch'] ?? '';
  const apps = childrenOf(root, 'app');
  if (apps.length === 0) return err('it has no element app');
  if (apps.length > MOST_APPS) return err(`it has more than ${MOST_APPS} apps`);
  return ok(apps.map((app) => appOf(app, architecture)));
}

function appOf(app: XmlElement, architecture: string): AskingApp {
  const { appid = '', version = '', track = '', board = '' } = app.attributes;
  const known = board === '' ? boardOf(architecture) : board;
  return {
    id: appid.slice(0, MOST_TEXT),
    isFlatcar: appid.replaceAll(/[{}]/g, '').toLowerCase() === FLATCAR,
    version: versionIn(version),
    track: track.slice(0, MOST_TEXT),
    board: known.slice(0, MOST_TEXT),
    isPinging: childrenOf(app, 'ping').length > 0,
    wantsUpdate: childrenOf(app, 'updatecheck').length > 0,
    events: childrenOf(app, 'event')
      .slice(0, MOST_EVENTS)
      .map(({ attributes }) => ({
        type: numberIn(attributes['eventtype']),
        result: numberIn(attributes['eventresult']),
      })),
  };
}

/** A developer's build says more behind the number, such as `4593.2.5+nightly-20260901-2100`. */
function versionIn(text: string): Version | undefined {
  const number = /^\d{1,6}\.\d{1,6}\.\d{1,6}(?=$|[+-])/.exec(text)?.[0] ?? '';
  return isVersion(number) ? number : undefined;
}

const boardOf = (architecture: string): string => (/(?:aarch64|arm64)$/.test(architecture) ? 'arm64-usr' : 'amd64-usr');

const numberIn = (text: string | undefined): number => (/^\d{1,5}$/.test(text ?? '') ? Number(text) : -1);

const childrenOf = ({ children }: { readonly children: readonly XmlNode[] }, name: string): XmlElement[] =>
  children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);

/** Returns how deep elements are nested in a text, in one pass over its characters; what is no XML may seem deeper. */
function deepest(text: string): number {
  let depth = 0;
  let most = 0;
  let isOpening = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '<') {
      const next = text[at + 1];
      isOpening = next !== '/' && next !== '?' && next !== '!';
      if (next === '/') depth -= 1;
      if (isOpening) depth += 1;
      most = Math.max(most, depth);
    } else if (text[at] === '>' && isOpening) {
      isOpening = false;
      if (text[at - 1] === '/') depth -= 1;
    }
  }
  return most;
}
