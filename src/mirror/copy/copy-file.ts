/**
 * Copies one file of a release into R2 in one pass, hashing the bytes while it uploads them. It completes the upload
 * only after it has checked signature, date, digest and name. Otherwise it aborts the upload, and no object exists.
 */

import { fileKey } from '../../releases/keys.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import type { UpstreamFacts } from '../../releases/upstream/upstream.ts';
import { UpstreamReader } from '../../releases/upstream/upstream-reader.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type Companions, type CopyOrder, type CopyPorts, storeCompanions } from './companions.ts';
import type { CopyFault } from './copy-fault.ts';
import { type FileProof, type Proved, proofFor } from './proof.ts';
import { provenanceOf } from './provenance.ts';
import { type CopyWatcher, partSink, type Sink, wholeSink } from './sink.ts';

export interface CopiedFile {
  /** The manifest entries of the file and its companions, by name. */
  readonly entries: Record<string, ManifestFile>;
  /** Upstream's entity tag of the file; empty when it has neither a tag nor a date. */
  readonly upstreamTag: string;
  readonly size: number;
}

/** Copies a file and its companions into R2, and returns their manifest entries. */
export async function copyFile(
  ports: CopyPorts,
  order: CopyOrder,
  watcher: CopyWatcher,
): Promise<Result<CopiedFile, CopyFault>> {
  const { platform, upstream, maxFileBytes } = ports;
  const where = { ...order.release, file: order.name };
  const facts = await upstream.facts(where);
  if (!facts.ok) return facts;
  const { size } = facts.value;
  if (size > maxFileBytes) return err({ reason: 'file-too-large', size, limit: maxFileBytes });
  const proof = await proofFor(ports, order, facts.value);
  if (!proof.ok) return proof;
  const stored = await store(ports, order, facts.value, proof.value, watcher);
  if (!stored.ok) {
    const { reason } = stored.error;
    if (BAD_SIGNATURES.has(reason))
      await ports.noteBad({ file: where, facts: facts.value, signatureHash: proof.value.hash }, reason);
    return stored;
  }
  const { fields, checks, ...object } = stored.value;
  const now = platform.now();
  const verifiedAt = new Date(now).toISOString();
  const modified = facts.value.lastModified;
  const entry: ManifestFile = {
    ...object,
    ...fields,
    size,
    verifiedAt,
    ...(modified === undefined ? {} : { modified: new Date(modified).toISOString() }),
  };
  const made = await provenanceOf(ports.provenance, order, entry, checks);
  const beside: Companions = new Map(proof.value.companions);
  for (const [name, bytes] of made) beside.set(name, { bytes, modified: now });
  const companions = await storeCompanions(ports, order, beside, verifiedAt);
  if (!companions.ok) return companions;
  return ok({ entries: { [order.name]: entry, ...companions.value }, upstreamTag: facts.value.etag ?? '', size });
}

/** The faults that say of the bytes themselves that they are not what was signed. */
const BAD_SIGNATURES: ReadonlySet<CopyFault['reason']> = new Set([
  'bad-signature',
  'payload-bad-signature',
  'payload-unsigned',
  'payload-not-crau',
  'payload-malformed',
  'payload-wrong-length',
] as const);

interface StoredFile extends Proved {
  readonly key: string;
  readonly etag: string;
}

async function store(
  ports: CopyPorts,
  order: CopyOrder,
  facts: UpstreamFacts,
  proof: FileProof,
  watcher: CopyWatcher,
): Promise<Result<StoredFile, CopyFault>> {
  const { platform, upstream, partBytes } = ports;
  const chunks = { most: partBytes, least: partBytes };
  const where = { ...order.release, file: order.name };
  const source = new UpstreamReader(platform, upstream, where, facts, 0, facts.size - 1, chunks);
  const key = fileKey(order.release, order.name, order.attempt);
  const sink = facts.size <= partBytes ? wholeSink(ports, key) : await partSink(ports, key, watcher);
  if (!sink.ok) return sink;
  const copied = await pump(source, facts.size, proof, sink.value, watcher);
  const verified = copied.ok ? await proof.finish(sink.value.held()) : copied;
  if (!verified.ok) {
    await source.cancel();
    await sink.value.abort();
    return verified;
  }
  const etag = await sink.value.complete();
  return etag.ok ? ok({ key, etag: etag.value, ...verified.value }) : etag;
}

/** Copies all of `source` into `sink`, past its proof. */
async function pump(
  source: UpstreamReader,
  size: number,
  proof: FileProof,
  sink: Sink,
  watcher: CopyWatcher,
): Promise<Result<undefined, CopyFault>> {
  let bytes = 0;
  if (size > 0) {
    const opened = await source.open();
    if (!opened.ok) return opened;
  }
  for (;;) {
    const chunk = await source.next();
    if (!chunk.ok) return chunk;
    if (chunk.value === undefined) return ok(undefined);
    if (!watcher.isOurs()) return err({ reason: 'not-ours-any-more' });
    proof.update(chunk.value);
    const written = await sink.write(chunk.value);
    if (!written.ok) return written;
    bytes += chunk.value.length;
    watcher.progress(bytes, size);
  }
}
