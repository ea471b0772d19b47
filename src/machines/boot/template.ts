/** A composed config with gaps where URLs of the machine go, which differ by the origin that it asks. Isolates remember templates. No I/O. */
import { type Encoding, encodedFor } from '../layers/encoding.ts';
import type { Urls } from '../layers/variables.ts';

type Kind = 'machine' | 'release';

interface Gap {
  readonly kind: Kind;
  readonly encoding: Exclude<Encoding, 'bytes'>;
}

export interface Template {
  /** The text around the gaps, in order: one more than there are gaps. */
  readonly texts: readonly string[];
  readonly gaps: readonly Gap[];
  /** True where a gap stands in bytes, so that the config has to be composed for each URL. */
  readonly isByUrl: boolean;
}

const BEFORE = 'https://edge.invalid/';
const KINDS: Readonly<Record<string, Kind>> = { m: 'machine', r: 'release' };
const ENCODINGS: Readonly<Record<string, Gap['encoding']>> = { p: 'plain', e: 'percent' };

/**
 * Returns URLs that mark gaps. `mark` is a text that nobody can know, so that it stands in a config only where a URL goes. The
 * marks are URLs themselves, and have no sign that an encoding would change.
 */
export const markUrls = (mark: string): Urls => {
  const url = (kind: string) => (encoding: Encoding) => `${BEFORE}${mark}-${encoding === 'percent' ? 'e' : 'p'}${kind}`;
  return { machine: url('m'), release: url('r') };
};

/** Returns the template of a text that was composed with `markUrls(mark)`. */
export function templateOf(text: string, mark: string, isByUrl = false): Template {
  const pieces = text.split(`${BEFORE}${mark}-`);
  const gaps = pieces.slice(1).map((piece): Gap => {
    const [encoding = 'p', kind = 'm'] = piece;
    return { encoding: ENCODINGS[encoding] ?? 'plain', kind: KINDS[kind] ?? 'machine' };
  });
  return { texts: pieces.map((piece, at) => (at === 0 ? piece : piece.slice(2))), gaps, isByUrl };
}

/** Returns true where the folder of the release stands in the config. */
export const needsRelease = ({ gaps }: Template): boolean => gaps.some(({ kind }) => kind === 'release');

/** Returns the config with the URLs in its gaps. A gap stands within a JSON string, so a URL is written as JSON writes it. */
export function filled({ texts, gaps }: Template, urls: Readonly<Record<Kind, string>>): string {
  const [first = '', ...others] = texts;
  return others.reduce((text, after, at) => {
    const { kind, encoding } = gaps[at] as Gap;
    return `${text}${JSON.stringify(encodedFor(encoding, urls[kind])).slice(1, -1)}${after}`;
  }, first);
}
