/** The room's objects in R2: a record for each catalogue. The files themselves are written through the mirror's store. */
import type { Document } from '../shared/document.ts';
import type { Platform } from '../shared/platform.ts';
import { jsonCodec, r2Document } from '../shared/r2-documents.ts';
import { storeCaller } from '../shared/store.ts';
import { parseSysexts, type SysextRecord } from './record.ts';

export interface SysextStore {
  record(name: string): Document<SysextRecord>;
}

/** The key of a mirrored file with this digest: whoever copies it again writes the same bytes to the same place. */
export const sysextKey = (name: string, file: string, sha256: string): string =>
  `sysexts/${name}/files/${file}/${sha256}`;
/** The key of the keys that a catalogue's signer has. */
export const sysextKeyringKey = (name: string): string => `sysexts/${name}/keyring.asc`;

/** Returns the store on an R2 bucket. */
export function sysextBucket(bucket: R2Bucket, platform: Platform): SysextStore {
  const reach = storeCaller(platform);
  return {
    record: (name) => r2Document(bucket, reach, `sysexts/${name}/record.json`, jsonCodec(parseSysexts)),
  };
}
