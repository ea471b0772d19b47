/** What an attempt has to do for each wanted file: copy it, take it over from before, or leave it: upstream has none. */
import { companionsOf } from '../releases/companions.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import type { Manifest, ManifestFile } from '../releases/store/manifest.ts';
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

export interface PlanPorts extends Pick<CopyPorts, 'upstream' | 'store'> {
  readonly trustedKeys: TrustedKeys;
  readonly releases: ReleaseStore;
}

/** HEADs at once: one for each connection that a job may hold, but for those of status. */
const BATCH = 4;

/** The plan for `wanted`, after asking upstream for each; the file statuses say `absent` and `verified` at once. */
export async function planFiles(
  ports: PlanPorts,
  session: JobSession,
  wanted: readonly string[],
): Promise<Result<PlannedFile[], CopyFault>> {
  const manifest = await ports.releases.manifestDocument(session.release).read();
  if (!manifest.ok) return manifest;
  const planned: PlannedFile[] = [];
  for (let start = 0; start < wanted.length; start += BATCH) {
    const batch = wanted
      .slice(start, start + BATCH)
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
  const isTrusted = manifest !== undefined && manifest.distrusted === undefined;
  const published = isTrusted ? ownEntries(manifest.files, name) : undefined;
  if (published !== undefined) return ok({ name, plan: 'taken', entries: published });
  const facts = await ports.upstream.facts({ ...release, file: name });
  if (!facts.ok) {
    if (facts.error.reason !== 'absent') return facts;
    await session.watch(name).finish({ state: 'absent' });
    return ok({ name, plan: 'absent' });
  }
  const part = await ports.store.fileStatus(release, name);
  const { etag, size } = facts.value;
  const isSame = part.ok && etag !== undefined && part.value?.upstreamTag === etag;
  const entries = isSame && part.value !== undefined ? await stillGood(ports, part.value) : undefined;
  if (entries === undefined || etag === undefined) return ok({ name, plan: 'copy' });
  await session.watch(name).finish({ state: 'verified', bytes: size, size, entries, upstreamTag: etag });
  return ok({ name, plan: 'taken', entries });
}

/** The entries of a file that an earlier attempt verified, if its objects are still those and its key is still trusted. */
async function stillGood(
  { store, trustedKeys }: PlanPorts,
  part: FileStatus,
): Promise<Record<string, ManifestFile> | undefined> {
  if (part.state !== 'verified' || part.entries === undefined) return undefined;
  const keyring = await trustedKeys.current();
  if (!keyring.ok) return undefined;
  for (const entry of Object.values(part.entries)) {
    const object = await store.head(entry.key);
    if (!object.ok || object.value?.etag !== entry.etag) return undefined;
    if (entry.signedBy !== undefined && (await isCompromised(keyring.value, entry.signedBy))) return undefined;
  }
  return part.entries;
}

/** A file and its companions, out of a manifest; `undefined` when the file itself is not in it. */
function ownEntries(files: Manifest['files'], name: string): Record<string, ManifestFile> | undefined {
  if (!Object.hasOwn(files, name)) return undefined;
  const names = [name, ...companionsOf(name)];
  return Object.fromEntries(names.flatMap((own) => (files[own] === undefined ? [] : [[own, files[own]]])));
}

/** Aborts the upload that a killed run left behind, so that R2 does not keep its parts. */
export async function abandonUpload(store: MirrorStore, release: Release, name: string): Promise<void> {
  const upload = await store.upload(release, name);
  if (upload.ok && upload.value !== undefined) await store.abortUpload(upload.value.key, upload.value.id);
}
