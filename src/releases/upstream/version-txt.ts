/**
 * Parses version.txt: KEY=VALUE lines that installers `source` as shell. Callers verify the signature before they
 * parse. The file is written by build_image of flatcar/scripts. Releases from before the rename to Flatcar have COREOS_
 * keys. No I/O.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import { fitsChannel, isVersion, type Version } from '../model.ts';

export interface VersionFields {
  readonly version: Version;
  /** The value of BUILD_ID, which may be empty; published releases have a date such as `2026-08-11-2350`. */
  readonly buildId: string;
}

export type VersionTxtFault =
  /** flatcar-install reads the version with `sed -n 's/^FLATCAR_VERSION=//p'`, which would keep a carriage return. */
  | { readonly reason: 'carriage-return' }
  | { readonly reason: 'no-version' }
  | { readonly reason: 'wrong-channel'; readonly version: Version }
  | { readonly reason: 'wrong-version'; readonly version: Version };

const LINE = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/;

/**
 * Returns the version and the build id in `bytes`. The middle number of the version must belong to `channel`. If
 * `expected` is given, the version must equal it. Other lines are ignored. If a key is repeated, the first line counts,
 * as with `sed | head -1`.
 */
export function parseVersionTxt(
  bytes: Uint8Array,
  channel: string,
  expected?: Version,
): Result<VersionFields, VersionTxtFault> {
  const text = new TextDecoder().decode(bytes);
  if (text.includes('\r')) return err({ reason: 'carriage-return' });
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    const key = match?.[1];
    if (key === undefined || fields.has(key)) continue;
    fields.set(key, match?.[2] ?? match?.[3] ?? match?.[4] ?? '');
  }
  const read = (name: string) => fields.get(`FLATCAR_${name}`) ?? fields.get(`COREOS_${name}`);
  const version = read('VERSION') ?? '';
  if (!isVersion(version)) return err({ reason: 'no-version' });
  if (!fitsChannel(channel, version)) return err({ reason: 'wrong-channel', version });
  if (expected !== undefined && version !== expected) return err({ reason: 'wrong-version', version });
  return ok({ version, buildId: read('BUILD_ID') ?? '' });
}
