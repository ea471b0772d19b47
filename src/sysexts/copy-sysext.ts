/** Copies one file of a catalogue into R2, and completes the upload only if its digest is that of the signed list. */
import { createHash } from 'node:crypto';
import type { CopyPorts } from '../mirror/copy/companions.ts';
import { type CopyWatcher, partSink, wholeSink } from '../mirror/copy/sink.ts';
import { UpstreamReader } from '../releases/upstream/upstream-reader.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type ListPorts, type LookFault, placeOf, saidOf } from './fetch-list.ts';
import type { SysextFile } from './record.ts';

export type SinkPorts = Pick<CopyPorts, 'store' | 'slots' | 'partBytes' | 'maxFileBytes'>;

/** Nobody cancels such a copy, and it is done again from its beginning. */
const UNWATCHED: CopyWatcher = {
  uploadStarted: async () => ok(undefined),
  progress: () => undefined,
  isOurs: () => true,
};

/** Returns the entry of a copied file, whose bytes have the digest `sha256`. */
export async function copySysext(
  { platform, upstream }: Pick<ListPorts, 'platform' | 'upstream'>,
  ports: SinkPorts,
  { name, sha256, key }: { readonly name: string; readonly sha256: string; readonly key: string },
): Promise<Result<SysextFile, LookFault>> {
  const facts = await upstream.facts(placeOf(name));
  if (!facts.ok) return err(faultOf(saidOf(facts.error), name));
  const { size } = facts.value;
  if (size > ports.maxFileBytes)
    return err({ reason: 'file-too-large', detail: `${name} has ${size} bytes, over MAX_FILE_BYTES`, isFinal: true });
  const chunks = { most: ports.partBytes, least: ports.partBytes };
  const source = new UpstreamReader(platform, upstream, placeOf(name), facts.value, 0, size - 1, chunks);
  const whole = ports as CopyPorts;
  const sink = size <= ports.partBytes ? wholeSink(whole, key) : await partSink(whole, key, UNWATCHED);
  if (!sink.ok) return err(faultOf(sink.error.reason, name));
  const hashes = { sha256: createHash('sha256'), sha512: createHash('sha512') };
  const refuse = async (fault: LookFault) => {
    await source.cancel();
    await sink.value.abort();
    return err(fault);
  };
  const opened = size > 0 ? await source.open() : ok(undefined);
  if (!opened.ok) return await refuse(faultOf(opened.error.reason, name));
  for (;;) {
    const chunk = await source.next();
    if (!chunk.ok) return await refuse(faultOf(chunk.error.reason, name));
    if (chunk.value === undefined) break;
    hashes.sha256.update(chunk.value);
    hashes.sha512.update(chunk.value);
    const written = await sink.value.write(chunk.value);
    if (!written.ok) return await refuse(faultOf(written.error.reason, name));
  }
  if (hashes.sha256.digest('hex') !== sha256)
    return await refuse({ reason: 'wrong-digest', detail: `${name} is not what SHA256SUMS lists`, isFinal: false });
  const etag = await sink.value.complete();
  if (!etag.ok) return err(faultOf(etag.error.reason, name));
  const addedAt = new Date(platform.now()).toISOString();
  return ok({ key, etag: etag.value, size, sha256, sha512: hashes.sha512.digest('hex'), addedAt });
}

const faultOf = (reason: string, name: string): LookFault => ({ reason, detail: `${name}: ${reason}`, isFinal: false });
