/** How the files of an attempt have ended, and what of that keeps the release from being published. No I/O. */
import type { ManifestFile } from '../../releases/store/manifest.ts';
import { copyDetail } from './copy-fault.ts';
import { isForeignPayload } from './foreign-payload.ts';

/** Why something failed: a code, and the same in words. */
export interface Failure {
  readonly reason: string;
  readonly detail: string;
}

export type FileOutcome =
  | { readonly state: 'verified'; readonly entries: Record<string, ManifestFile> }
  | { readonly state: 'absent' }
  | ({ readonly state: 'failed' } & Failure)
  | { readonly state: 'lost' };

type Obstacle = ({ readonly state: 'failed' } & Failure) | { readonly state: 'lost' };

const NO_VERSION_TXT: Failure = { reason: 'no-version-txt', detail: 'upstream has no version.txt for this release' };
const NO_IMAGE: Failure = {
  reason: 'no-image',
  detail: 'upstream has none of the files of MIRROR_SETS and MIRROR_FILES besides version.txt',
};

/**
 * Makes those update payloads failed that are of another release. A payload says what it installs, but not of which release it is:
 * what it holds has to be the kernel, or the system extension, that the release directory signs, where that is mirrored.
 */
export function refuseForeignPayloads(outcomes: Map<string, FileOutcome>): void {
  const entries: Record<string, ManifestFile> = {};
  for (const outcome of outcomes.values()) if (outcome.state === 'verified') Object.assign(entries, outcome.entries);
  const { reason } = { reason: 'payload-of-another-release' } as const;
  for (const [name, entry] of Object.entries(entries)) {
    if (outcomes.has(name) && isForeignPayload(name, entry, entries))
      outcomes.set(name, { state: 'failed', reason, detail: copyDetail({ reason }) });
  }
}

/** Returns why the release cannot be published: a file failed, there is no version.txt, or there is no other file. */
export function whyNotPublished(outcomes: ReadonlyMap<string, FileOutcome>): Obstacle | undefined {
  for (const [name, outcome] of outcomes) {
    if (outcome.state === 'lost') return outcome;
    if (outcome.state === 'failed')
      return { state: 'failed', reason: `${name}: ${outcome.reason}`, detail: `${name}: ${outcome.detail}` };
  }
  const verified = [...outcomes].filter(([, { state }]) => state === 'verified').map(([name]) => name);
  if (!verified.includes('version.txt')) return { state: 'failed', ...NO_VERSION_TXT };
  return verified.length > 1 ? undefined : { state: 'failed', ...NO_IMAGE };
}
