/** Plans each wanted file of an attempt: copy it, take over an earlier copy, or note that upstream does not have it. */
import { companionsOf } from '../releases/companions.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { isPublished, type Manifest, type ManifestFile } from '../releases/store/manifest.ts';
import { ok, type Result } from '../shared/result.ts';
import { isCompromised } from '../signing/signer.ts';
import type { TrustedKeys } from '../signing/trusted-keys.ts';
import type { CopyPorts } from './copy/companions.ts';
import type { CopyFault } from './copy/copy-fault.ts';
import type { JobSession } from './session.ts';
import type { MirrorStore, Release } from './store/bucket.ts';
import type { FileStatus } from './store/job.ts';

export type PlannedFile = { readonly name: string } & (
  | { readonly plan: 'copy' | 'absent' }
  | { readonly plan: 'taken'; readonly entries: Record<string, ManifestFile> }
);

export interface PlanPorts extends Pick<CopyPorts, 'upstream' | 'store' | 'payloadKeys'> {
  readonly trustedKeys: TrustedKeys;
  readonly releases: ReleaseStore;
}

/** How many files are planned at once. A Worker may hold six connections; the others are for status and heartbeats. */
const FILES_AT_ONCE = 4;

/**
 * Returns the plan for each of `wanted`, after asking upstream for its facts. It writes the status of the files that
 * need no copy: `absent`, or `verified` for one that is taken over from an earlier attempt.
 */
export async function planFiles(
  ports: PlanPorts,
  session: JobSession,
  wanted: readonly string[],
): Promise<Result<PlannedFile[], CopyFault>> {
  const manifest = await ports.releases.manifestDocument(session.release).read();
  if (!manifest.ok) return manifest;
  const planned: PlannedFile[] = [];
  for (let start = 0; start < wanted.length; start += FILES_AT_ONCE) {
    const batch = wanted
      .slice(start, start + FILES_AT_ONCE)
      .map((name) => planFile(ports, session, manifest.value?.value, name));
    for (const file of await Promise.all(batch)) {
      if (!file.ok) return file;
      planned.push(file.value);
    }
  }
  return ok(planned);
}

async function planFile(
  ports: PlanPorts,
  session: JobSession,
  manifest: Manifest | undefined,
  name: string,
): Promise<Result<PlannedFile, CopyFault>> {
  const { release } = session;
  const published = manifest !== undefined && isPublished(manifest) ? ownEntries(manifest.files, name) : undefined;
  if (published !== undefined) return ok({ name, plan: 'taken', entries: published });
  const facts = await ports.upstream.facts({ ...release, file: name });
  if (!facts.ok) {
    if (facts.error.reason !== 'absent') return facts;
    // Where upstream has nothing, there is nothing to tell, and nothing is read for it.
    session.remember(name, undefined);
    await session.watch(name).finish({ state: 'absent' });
    return ok({ name, plan: 'absent' });
  }
  const { etag, size } = facts.value;
  // A sweep deletes what earlier attempts have copied.
  if (manifest?.goingAt !== undefined) return ok({ name, plan: 'copy' });
  const status = await ports.store.fileStatus(release, name);
  if (status.ok) session.remember(name, status.value);
  const isSame = status.ok && etag !== undefined && status.value?.upstreamTag === etag;
  const entries = isSame && status.value !== undefined ? await reusableEntries(ports, status.value) : undefined;
  if (entries === undefined || etag === undefined) return ok({ name, plan: 'copy' });
  await session.watch(name).finish({ state: 'verified', bytes: size, size, entries, upstreamTag: etag });
  return ok({ name, plan: 'taken', entries });
}

/** The entries that an earlier attempt made, if R2 still has these objects and the signing key is not compromised. */
async function reusableEntries(
  { store, trustedKeys, payloadKeys }: PlanPorts,
  status: FileStatus,
): Promise<Record<string, ManifestFile> | undefined> {
  if (status.state !== 'verified' || status.entries === undefined) return undefined;
  const keyring = await trustedKeys.current();
  if (!keyring.ok) return undefined;
  for (const entry of Object.values(status.entries)) {
    const object = await store.head(entry.key);
    if (!object.ok || object.value?.etag !== entry.etag) return undefined;
    if (entry.payloadKey !== undefined && !payloadKeys.some(({ id }) => id === entry.payloadKey)) return undefined;
    if (entry.signedBy !== undefined && (await isCompromised(keyring.value, entry.signedBy))) return undefined;
  }
  return status.entries;
}

/** The manifest entries of a file and its companions; `undefined` when the manifest does not name the file. */
function ownEntries(files: Manifest['files'], name: string): Record<string, ManifestFile> | undefined {
  if (!Object.hasOwn(files, name)) return undefined;
  const names = [name, ...companionsOf(name)];
  return Object.fromEntries(names.flatMap((own) => (files[own] === undefined ? [] : [[own, files[own]]])));
}

/** Aborts the last multipart upload of a file, if there is one. An interrupted run leaves its parts in R2 otherwise. */
export async function abandonUpload(store: MirrorStore, release: Release, name: string): Promise<void> {
  const upload = await store.upload(release, name);
  if (upload.ok && upload.value !== undefined) await store.abortUpload(upload.value.key, upload.value.id);
}
