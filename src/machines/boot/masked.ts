/** Shows a config without the machine's own URLs, which are secrets: as they are, percent-encoded, and inside base64 and gzip. No I/O. */
import { replaceInDataUrl } from '../layers/data-url-slots.ts';

/** What stands for the machine's own URL wherever an operator is shown a config. */
export const SAMPLE_URL = 'https://edge.invalid/boot/machine.epoch.nonce.0.mac';

type Config = Record<string, unknown>;

/** Returns the config of a JSON text without the URLs of the machine `id`; `undefined` for a text that is no JSON object. */
export function maskedConfig(text: string, id: string): Config | undefined {
  try {
    const config = JSON.parse(withoutUrls(text, id)) as unknown;
    const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
    if (!isObject) return undefined;
    return (text.includes(';base64,') ? unpacked(config, id) : config) as Config;
  } catch {
    return undefined;
  }
}

/** Looks into the data URL of every resource (`source`, with the `compression` beside it). */
function unpacked(value: unknown, id: string): unknown {
  if (Array.isArray(value)) return value.map((inner) => unpacked(inner, id));
  if (typeof value !== 'object' || value === null) return value;
  const { source, compression } = value as Config;
  const entries = Object.entries(value).map(([name, inner]) => [name, unpacked(inner, id)] as const);
  if (typeof source !== 'string' || !source.startsWith('data:')) return Object.fromEntries(entries);
  const shown = replaceInDataUrl(source, compression === 'gzip', (text) => withoutUrls(text, id));
  return { ...Object.fromEntries(entries), source: shown };
}

/** How a URL stands in a config: as it is, or percent-encoded in a `data:` URL. */
const SPELLINGS = [
  { mark: (id: string) => `/boot/${id}.`, schemes: ['http://', 'https://'], written: SAMPLE_URL },
  {
    mark: (id: string) => `%2Fboot%2F${id}.`,
    schemes: ['http%3A%2F%2F', 'https%3A%2F%2F'],
    written: encodeURIComponent(SAMPLE_URL),
  },
] as const;

const IN_CAPABILITY = /[\w.-]/;
/** No URL goes on over these. */
const NO_ORIGIN = /[\s"'\\,]/;
/** A URL begins this far before its path at most: a scheme and the name of a host. */
const MOST_ORIGIN = 300;

/** Returns the text without the URLs. It makes one pass over the text for each spelling. */
export const withoutUrls = (text: string, id: string): string =>
  SPELLINGS.reduce((shown, { mark, schemes, written }) => without(shown, mark(id), schemes, written), text);

function without(text: string, mark: string, schemes: readonly string[], written: string): string {
  let shown = '';
  let at = 0;
  for (;;) {
    const found = text.indexOf(mark, at);
    if (found < 0) return shown + text.slice(at);
    let end = found + mark.length;
    while (end < text.length && IN_CAPABILITY.test(text[end] ?? '')) end += 1;
    shown += text.slice(at, originBefore(text, at, found, schemes)) + written;
    at = end;
  }
}

/** Returns where the URL begins whose path begins at `path`; `path` itself where no scheme stands near before it. */
function originBefore(text: string, at: number, path: number, schemes: readonly string[]): number {
  const near = Math.max(at, path - MOST_ORIGIN);
  const before = text.slice(near, path);
  const scheme = Math.max(...schemes.map((one) => before.lastIndexOf(one)));
  return scheme < 0 || NO_ORIGIN.test(before.slice(scheme)) ? path : near + scheme;
}
