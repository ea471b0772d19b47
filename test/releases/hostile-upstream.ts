/** An upstream that answers every request as it likes, and download clients that do what the real ones were seen to do. */
import type { Edge } from '../support/edge.ts';

const HOST = 'http://upstream.test';
export const TEMPLATE = `${HOST}/{channel}/{board}/{version}/{file}`;
export const KEY_URL = `${HOST}/key.asc`;

export type Random = () => number;

export interface Signed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Returns a `fetch` that answers for one file: genuine, evil or mixed bytes, under any tag, whole, in part, or cut. */
export function hostileFetch(
  random: Random,
  key: string,
  [first, second]: readonly [Signed, Signed],
): (request: Request) => Promise<Response> {
  const evil = first.bytes.map((byte) => byte ^ 0xff);
  const mixed = Uint8Array.from(first.bytes);
  mixed.set(evil.subarray(0, 1000 + Math.floor(random() * 1_500_000)));
  // How hostile this upstream is, and in what: a wholly random one is refused at once, and proves little.
  const [lies, cuts, retags, resigns] = [random(), random() * 0.6, random() * 0.7, random() * 0.3];
  const lying = [first.bytes, evil, mixed, second.bytes];
  const liesToParts = random() < 0.5;
  const liesToWholes = random() < 0.7;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/key.asc') return new Response(key);
    if (pathname.endsWith('.sig')) return new Response(random() < resigns ? second.signature : first.signature);
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '');
    const mayLie = asked === null ? liesToWholes : liesToParts;
    const bytes = mayLie && random() < lies ? pick(lying) : first.bytes;
    const etag = random() < retags ? pick(['"a"', '"b"']) : '"a"';
    const size = random() < 0.03 ? bytes.length - 7 : bytes.length;
    const headers: Record<string, string> = { etag, 'content-length': String(size) };
    if (request.method === 'HEAD') return new Response(null, { headers });
    if (asked !== null && random() > 0.1) {
      const start = Number(asked[1]);
      const end = asked[2] === '' ? size - 1 : Math.min(Number(asked[2]), size - 1);
      headers['content-range'] = `bytes ${start}-${end}/${size}`;
      headers['content-length'] = String(end - start + 1);
      return new Response(sent(bytes.subarray(start, end + 1), random, cuts), { status: 206, headers });
    }
    return new Response(sent(bytes.subarray(0, size), random, cuts), { headers });
  };
}

/** A body in pieces, sometimes cut. */
function sent(bytes: Uint8Array, random: Random, cuts: number): ReadableStream<Uint8Array> {
  const until = random() < cuts ? Math.floor(random() * bytes.length) : bytes.length;
  let at = 0;
  return new ReadableStream({
    type: 'bytes',
    pull: (controller) => {
      if (at >= until) {
        if (until < bytes.length) controller.error(new Error('cut'));
        else controller.close();
        return;
      }
      const piece = Uint8Array.from(bytes.subarray(at, Math.min(until, at + 256 * 1024)));
      at += piece.length;
      controller.enqueue(piece);
    },
  });
}

/** What a client has in the end, when it says that it has all of it. */
export type Download = (edge: Edge, path: string, random: Random) => Promise<Uint8Array | undefined>;

/** Reads a body and gives each piece away, until its end, its cut, or until `most` bytes. True at its end. */
async function read(response: Response, take: (piece: Uint8Array) => void, most = Infinity): Promise<boolean> {
  const reader = response.body?.getReader();
  let length = 0;
  while (reader !== undefined) {
    const next = await reader.read().catch(() => undefined);
    if (next === undefined) return false;
    if (next.value === undefined) return true;
    take(next.value);
    length += next.value.length;
    if (length < most) continue;
    await reader.cancel().catch(() => undefined);
    return false;
  }
  return true;
}

/** A client that goes away closes its connection. */
async function gone(response: Response): Promise<undefined> {
  await response.body?.cancel().catch(() => undefined);
}

class Kept {
  readonly pieces: Uint8Array[] = [];
  length = 0;
  take = (piece: Uint8Array): void => {
    this.pieces.push(Uint8Array.from(piece));
    this.length += piece.length;
  };
  whole = (): Uint8Array => new Uint8Array(Buffer.concat(this.pieces));
}

/** wget: it asks for the rest after a cut, and skips what it has when it gets the whole instead. */
const wget: Download = async (edge, path, random) => {
  const kept = new Kept();
  const interrupted = random() < 0.3;
  for (let tries = 0; tries < 5; tries += 1) {
    const had = kept.length;
    const response = await edge.fetch(path, had === 0 ? {} : { headers: { range: `bytes=${had}-` } });
    if (response.status === 416) return kept.whole();
    if (response.status !== 200 && response.status !== 206) return await gone(response);
    let skip = response.status === 200 ? had : 0;
    const take = (piece: Uint8Array) => {
      const useful = piece.subarray(Math.min(skip, piece.length));
      skip -= piece.length - useful.length;
      if (useful.length > 0) kept.take(useful);
    };
    if (await read(response, take, interrupted && tries === 0 ? 1_200_000 : Infinity)) return kept.whole();
  }
  return undefined;
};

/** curl, and again with -C -: the whole in the place of a rest is an error to it. */
const curl: Download = async (edge, path) => {
  const kept = new Kept();
  for (let tries = 0; tries < 4; tries += 1) {
    const had = kept.length;
    const response = await edge.fetch(path, had === 0 ? {} : { headers: { range: `bytes=${had}-` } });
    if (response.status !== (had === 0 ? 200 : 206)) return await gone(response);
    if (await read(response, kept.take)) return kept.whole();
  }
  return undefined;
};

/** aria2c -x4: it begins with the whole, takes a quarter of it, and asks for the other quarters beside it. */
const aria: Download = async (edge, path) => {
  const whole = await edge.fetch(path);
  const size = Number(whole.headers.get('content-length'));
  if (whole.status !== 200 || size === 0) return await gone(whole);
  const quarter = Math.ceil(size / 4);
  const rests = [1, 2, 3].map(async (part) => {
    const kept = new Kept();
    for (let tries = 0; tries < 5 && kept.length < quarter; tries += 1) {
      const from = part * quarter + kept.length;
      const end = Math.min(size, (part + 1) * quarter) - 1;
      if (from > end) break;
      const response = await edge.fetch(path, { headers: { range: `bytes=${from}-${end}` } });
      if (response.status !== 206) await gone(response);
      if (response.status === 503) continue;
      if (response.status !== 206) return undefined;
      await read(response, kept.take);
    }
    return kept.length === Math.min(size, (part + 1) * quarter) - part * quarter ? kept : undefined;
  });
  const first = new Kept();
  await read(whole, first.take, quarter);
  const others = await Promise.all(rests);
  if (first.length < quarter || others.includes(undefined)) return undefined;
  const head = first.whole().subarray(0, quarter);
  return new Uint8Array(Buffer.concat([head, ...others.map((kept) => kept?.whole() ?? new Uint8Array())]));
};

/** Ranges in any order, some of them with a condition, and sometimes over the beginning of a whole. */
const anyOrder: Download = async (edge, path, random) => {
  const head = await edge.fetch(path, { method: 'HEAD' });
  const size = Number(head.headers.get('content-length'));
  const tag = head.headers.get('etag') ?? '"a"';
  if (head.status !== 200 || size === 0) return undefined;
  const got = new Uint8Array(size);
  const step = Math.ceil(size / (2 + Math.floor(random() * 5)));
  const starts = Array.from({ length: Math.ceil(size / step) }, (_, index) => index * step);
  starts.sort(() => random() - 0.5);
  const beginning = new Kept();
  if (random() < 0.6) {
    await read(await edge.fetch(path), beginning.take, step);
    got.set(beginning.whole().subarray(0, size));
  }
  for (const start of starts) {
    if (start + step <= beginning.length) continue;
    const end = Math.min(size, start + step) - 1;
    const kept = new Kept();
    const condition: Record<string, string> = random() < 0.3 ? { 'if-range': tag } : {};
    const response = await edge.fetch(path, { headers: { range: `bytes=${start}-${end}`, ...condition } });
    // It goes by the size that it was told first, as aria2c does.
    if (response.status !== 206 || !response.headers.get('content-range')?.endsWith(`/${size}`)) {
      return await gone(response);
    }
    if (!(await read(response, kept.take))) return undefined;
    got.set(kept.whole(), start);
  }
  return got;
};

export const CLIENTS: Readonly<Record<string, Download>> = { wget, curl, aria, anyOrder };
