/**
 * version.txt: lines of KEY=VALUE that installers `source` as shell. Parsed only after its signature has verified.
 * Written by build_image of flatcar/scripts; releases before the renaming carry COREOS_ keys. No I/O.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import { fitsChannel, isVersion, type Version } from '../model.ts';

export interface VersionFields {
  readonly version: Version;
  /** As it stands, "" included; `2026-08-11-2350` in published releases. */
  readonly buildId: string;
}

export type VersionTxtFault =
  /** `sed -n 's/^FLATCAR_VERSION=//p'` of the installer would carry a CR on. */
  | { readonly reason: 'carriage-return' }
  | { readonly reason: 'no-version' }
  | { readonly reason: 'wrong-channel'; readonly version: Version }
  | { readonly reason: 'wrong-version'; readonly version: Version };

const LINE = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/;

/**
 * Version and build id of verified bytes. `channel` must fit the middle number; `expected`, for a numbered path, must be
 * the version inside. Unknown lines are ignored; of a repeated key the first counts, as for `sed | head -1`.
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
