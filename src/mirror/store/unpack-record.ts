/** The record of the work on a release's packed images. No I/O. */
import * as z from 'zod';
import { parseStored, storedObject } from '../../shared/stored-json.ts';

const part = z.object({ partNumber: z.int(), etag: z.string() });

const record = storedObject({
  /** Counts the runs; only the last one may publish. */
  run: z.int(),
  isRunning: z.boolean(),
  heartbeatAt: z.iso.datetime(),
  /** How far the file has come that is being made: a run that follows one which died goes on there. */
  work: storedObject({
    name: z.string(),
    key: z.string(),
    uploadId: z.string(),
    place: storedObject({ bit: z.int(), level: z.int() }),
    parts: z.array(part),
    carry: z.int(),
    gzip: storedObject({ crc: z.int(), length: z.int() }),
    made: storedObject({ crc: z.int(), length: z.int() }),
    isWhole: z.boolean(),
  }).optional(),
  /** Why the last run has failed, in words. */
  fault: z.string().nullable(),
});

export type UnpackRecord = Readonly<z.output<typeof record>>;

/** Returns the record that a stored text holds, or an error. */
export const parseUnpackRecord = (text: string) => parseStored(record, text);

export const NO_UNPACK: UnpackRecord = {
  run: 0,
  isRunning: false,
  heartbeatAt: new Date(0).toISOString(),
  fault: null,
};

const DEAD_MS = 15 * 60_000;
const AGAIN_MS = 3_600_000;

/** True where a run may begin: none is there, the last one has died, or it has failed an hour ago. */
export function mayBegin({ isRunning, heartbeatAt, fault }: UnpackRecord, now: number): boolean {
  const since = now - Date.parse(heartbeatAt);
  if (isRunning) return since > DEAD_MS;
  return fault === null || since > AGAIN_MS;
}
