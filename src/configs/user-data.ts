/** User data as it arrives: bytes, perhaps gzipped, of one of the kinds that Flatcar takes. */
import { type UserDataKind, userDataKind } from '../ignition/user-data.ts';
import { concatBytes } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** What a machine's record calls it: coreos-cloudinit takes multipart as well as cloud-config. */
export type MachineKind = 'ignition' | 'cloud-config' | 'script' | 'none';

export interface UserData {
  /** The text with its gzip taken off; bytes that are no UTF-8 became U+FFFD, as the reference reads them. */
  readonly text: string;
  readonly kind: MachineKind;
}

export type UserDataFault = { readonly reason: 'bad-gzip' } | { readonly reason: 'too-large'; readonly limit: number };

const KINDS: Readonly<Record<UserDataKind, MachineKind>> = {
  json: 'ignition',
  'cloud-config': 'cloud-config',
  multipart: 'cloud-config',
  script: 'script',
  empty: 'none',
};

/** Reads user data; what was gzipped may not be over `limit` bytes once it is not. */
export async function readUserData(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Result<UserData, UserDataFault>> {
  const plain = isGzip(bytes) ? await gunzip(bytes, limit) : ok(bytes);
  if (!plain.ok) return plain;
  // A byte order mark is part of the text: the reference refuses a config that has one.
  const text = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(plain.value);
  return ok({ text, kind: kindOf(text) });
}

/** The kind of a text that has no gzip around it. */
export const kindOf = (text: string): MachineKind => KINDS[userDataKind(text)];

/** One sentence for whoever sent it. */
export const userDataProblem = (fault: UserDataFault): string =>
  fault.reason === 'bad-gzip' ? 'the gzip is broken' : `unzipped it is over ${fault.limit} bytes`;

/** RFC 1952 section 2.3.1. */
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Result<Uint8Array<ArrayBuffer>, UserDataFault>> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ok(concatBytes(parts));
      length += value.length;
      if (length > limit) {
        await reader.cancel();
        return err({ reason: 'too-large', limit });
      }
      parts.push(value);
    }
  } catch {
    return err({ reason: 'bad-gzip' });
  }
}
