/** Reads user data: bytes, perhaps gzipped, of one of the kinds that Flatcar accepts. */
import { gunzipSync } from 'node:zlib';
import type { LocalFiles } from '../butane/local-files.ts';
import type { Entry } from '../ignition/report.ts';
import { concatBytes } from '../shared/bytes.ts';
import { tooLong } from '../shared/http/api.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { readBundle } from './bundle.ts';
import { base64Content, isGzip } from './encodings.ts';
import { kindOf, type MachineKind } from './machine-kind.ts';
import { isTar } from './tar.ts';

export interface UserData {
  /** The text after gunzip. Bytes that are not UTF-8 became U+FFFD, as when Ignition reads them. */
  readonly text: string;
  readonly kind: MachineKind;
  /** What was taken off the bytes, for whoever sent them. */
  readonly notes: readonly Entry[];
  /** The files that came with the text in an archive. */
  readonly files?: LocalFiles;
}

export type UserDataFault =
  | { readonly reason: 'bad-gzip' }
  | { readonly reason: 'twice-gzipped' }
  | { readonly reason: 'bad-base64' }
  | { readonly reason: 'bad-archive'; readonly message: string }
  | { readonly reason: 'too-large'; readonly limit: number; readonly isUnzipped: boolean };

/** Returns the text and kind of user data. `limit` is in bytes and applies both before and after gunzip. */
export async function readUserData(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Result<UserData, UserDataFault>> {
  if (bytes.length > limit) return err({ reason: 'too-large', limit, isUnzipped: false });
  const plain = await unzipped(bytes, limit);
  if (!plain.ok) return plain;
  if (isTar(plain.value)) return bundled(plain.value);
  const text = asText(plain.value);
  const content = base64Content(text);
  if (content === undefined) return ok({ text, kind: kindOf(text), notes: [] });
  if (content === 'broken') return err({ reason: 'bad-base64' });
  const inner = await unzipped(content, limit);
  if (!inner.ok) return inner;
  const decoded = asText(inner.value);
  const message = `the body was base64${isGzip(content) ? ' of gzip' : ''}, as clouds hand it over; it was decoded`;
  return ok({ text: decoded, kind: kindOf(decoded), notes: [{ severity: 'info', path: '$', message }] });
}

function bundled(tar: Uint8Array<ArrayBuffer>): Result<UserData, UserDataFault> {
  const bundle = readBundle(tar);
  if (!bundle.ok) return err({ reason: 'bad-archive', message: bundle.error });
  const { text, files, name } = bundle.value;
  const message = `the body was a tar; its config is ${name}`;
  return ok({ text, kind: kindOf(text), notes: [{ severity: 'info', path: '$', message }], files });
}

/** A byte order mark stays in the text, because Ignition refuses a config that has one. */
const asText = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(bytes);

async function unzipped(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Result<Uint8Array<ArrayBuffer>, UserDataFault>> {
  if (!isGzip(bytes)) return ok(bytes);
  const plain = await gunzip(bytes, limit);
  return plain.ok && isGzip(plain.value) ? err({ reason: 'twice-gzipped' }) : plain;
}

/** Returns one sentence for the client that sent the user data. */
export function userDataProblem(fault: UserDataFault): string {
  if (fault.reason === 'bad-gzip') return 'the gzip is broken';
  if (fault.reason === 'twice-gzipped') return 'the body is gzipped twice; gzip it once, or not at all';
  if (fault.reason === 'bad-base64') return 'the body looks like base64, but it is broken or cut short';
  if (fault.reason === 'bad-archive') return fault.message;
  return fault.isUnzipped ? `unzipped it is over ${fault.limit} bytes` : tooLong('the user data', fault.limit);
}

/** workerd counts whole buffers of its output, so what is a little below its limit is refused too. */
const CHUNK = 64 * 1024;

/**
 * Returns the bytes that gzip holds. `DecompressionStream` decides what is good gzip, but it inflates all that it is
 * given before anybody can stop it: a thousand times its size. So `gunzipSync` goes before it, which stops a little above the limit.
 */
async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Result<Uint8Array<ArrayBuffer>, UserDataFault>> {
  const tooLarge = err({ reason: 'too-large', limit, isUnzipped: true } as const);
  try {
    gunzipSync(bytes, { maxOutputLength: limit + CHUNK });
  } catch (cause) {
    return cause instanceof RangeError ? tooLarge : err({ reason: 'bad-gzip' });
  }
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ok(concatBytes(chunks));
      length += value.length;
      if (length > limit) {
        await reader.cancel();
        return tooLarge;
      }
      chunks.push(value);
    }
  } catch {
    return err({ reason: 'bad-gzip' });
  }
}
