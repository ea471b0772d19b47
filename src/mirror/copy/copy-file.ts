/**
 * Copies one file of a release into R2 in one pass, hashing the bytes while it uploads them. It completes the upload
 * only after it has checked signature, date, digest and name. Otherwise it aborts the upload, and no object exists.
 */

import { signatureOf } from '../../releases/companions.ts';
import { fileKey } from '../../releases/keys.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';
import type { UpstreamFacts } from '../../releases/upstream/upstream.ts';
import { UpstreamReader } from '../../releases/upstream/upstream-reader.ts';
import { parseVersionTxt } from '../../releases/upstream/version-txt.ts';
import { sha256Hex } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { beginDigest, type RunningDigest } from '../../signing/verification.ts';
import {
  COMPANION_LIMIT,
  type CopyOrder,
  type CopyPorts,
  fetchCompanions,
  listedDigest,
  storeCompanions,
} from './companions.ts';
import type { CopyFault } from './copy-fault.ts';
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
  const { platform, upstream, signatures, maxFileBytes } = ports;
  const where = { ...order.release, file: order.name };
  const facts = await upstream.facts(where);
  if (!facts.ok) return facts;
  const { size } = facts.value;
  if (size > maxFileBytes) return err({ reason: 'file-too-large', size, limit: maxFileBytes });
  const sig = await upstream.small({ ...where, file: signatureOf(order.name) }, COMPANION_LIMIT);
  if (!sig.ok) return sig.error.reason === 'absent' ? err({ reason: 'signature-missing' }) : sig;
  const identified = await signatures.identify(sig.value.bytes);
  if (!identified.ok) return identified;
  const { keyring, signature } = identified.value;
  if (order.builtAt !== undefined && signature.created < order.builtAt) {
    return err({ reason: 'signed-before-build' });
  }
  const companions = await fetchCompanions(ports, order);
  if (!companions.ok) return companions;
  const expected = await listedDigest(ports, order, companions.value);
  if (!expected.ok) return expected;
  const digest = await beginDigest(keyring, signature, platform.now());
  if (!digest.ok) return digest;
  const stored = await store(ports, order, facts.value, digest.value, expected.value, watcher);
  if (!stored.ok) {
    if (stored.error.reason === 'bad-signature') {
      const judged = { file: where, facts: facts.value, signatureHash: await sha256Hex(sig.value.bytes) };
      await ports.noteBad(judged, stored.error.reason);
    }
    return stored;
  }
  const { signedBy, primary, signedAt, ...object } = stored.value;
  const verifiedAt = new Date(platform.now()).toISOString();
  const modified = facts.value.lastModified;
  const entry: ManifestFile = {
    ...object,
    size,
    verifiedAt,
    signedBy,
    primary,
    signedAt: new Date(signedAt).toISOString(),
    ...(modified === undefined ? {} : { modified: new Date(modified).toISOString() }),
  };
  const companionEntries = await storeCompanions(
    ports,
    order,
    new Map([
      [signatureOf(order.name), { bytes: sig.value.bytes, modified: sig.value.facts.lastModified }],
      ...companions.value,
    ]),
    verifiedAt,
  );
  if (!companionEntries.ok) return companionEntries;
  const entries = { [order.name]: entry, ...companionEntries.value };
  return ok({ entries, upstreamTag: facts.value.etag ?? '', size });
}

interface StoredFile {
  readonly key: string;
  readonly etag: string;
  readonly sha512: string;
  readonly signedBy: string;
  readonly primary: string;
  readonly signedAt: number;
}

async function store(
  ports: CopyPorts,
  order: CopyOrder,
  facts: UpstreamFacts,
  digest: RunningDigest,
  expectedSha512: string | undefined,
  watcher: CopyWatcher,
): Promise<Result<StoredFile, CopyFault>> {
  const { platform, upstream, partBytes } = ports;
  const chunks = { most: partBytes, least: partBytes };
  const where = { ...order.release, file: order.name };
  const source = new UpstreamReader(platform, upstream, where, facts, 0, facts.size - 1, chunks);
  const key = fileKey(order.release, order.name, order.attempt);
  const sink = facts.size <= partBytes ? wholeSink(ports, key) : await partSink(ports, key, watcher);
  if (!sink.ok) return sink;
  const copied = await pump(source, facts.size, digest, sink.value, watcher);
  const verified = copied.ok ? await judge(order, digest, expectedSha512, sink.value.held()) : copied;
  if (!verified.ok) {
    await source.cancel();
    await sink.value.abort();
    return verified;
  }
  const etag = await sink.value.complete();
  return etag.ok ? ok({ key, etag: etag.value, ...verified.value }) : etag;
}

/** Copies all of `source` into `sink` and into the hash. */
async function pump(
  source: UpstreamReader,
  size: number,
  digest: RunningDigest,
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
    digest.update(chunk.value);
    const written = await sink.write(chunk.value);
    if (!written.ok) return written;
    bytes += chunk.value.length;
    watcher.progress(bytes, size);
  }
}

async function judge(
  order: CopyOrder,
  digest: RunningDigest,
  expectedSha512: string | undefined,
  bytes: Uint8Array,
): Promise<Result<Omit<StoredFile, 'key' | 'etag'>, CopyFault>> {
  const sha512 = digest.sha512();
  const verified = await digest.finish();
  if (!verified.ok) return verified;
  if (expectedSha512 !== undefined && expectedSha512 !== sha512) return err({ reason: 'wrong-digest' });
  if (order.name === 'version.txt') {
    const fields = parseVersionTxt(bytes, order.release.channel, order.release.version);
    if (!fields.ok) return fields;
  }
  return ok({ sha512, ...verified.value });
}
