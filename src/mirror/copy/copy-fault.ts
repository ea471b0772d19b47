/** The faults of copying a file of a release, and which of them a retry can cure. No I/O. */

import { releaseProblem } from '../../releases/serve/problems.ts';
import type { FileSignatureFault } from '../../releases/upstream/file-signatures.ts';
import type { UpstreamFault } from '../../releases/upstream/upstream.ts';
import type { VersionTxtFault } from '../../releases/upstream/version-txt.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { PayloadFault } from '../../signing/payload/verification.ts';
import type { VerificationFault } from '../../signing/verification.ts';

export type CopyFault =
  | UpstreamFault
  | FileSignatureFault
  | VerificationFault
  | VersionTxtFault
  | PayloadFault
  | StoreFault
  | { readonly reason: 'file-too-large'; readonly size: number; readonly limit: number }
  /** The signature is good but older than the build of the release: this is an old file under a new version. */
  | { readonly reason: 'signed-before-build' }
  /** The signed DIGESTS does not list this name: this is another file under this name. */
  | { readonly reason: 'digests-other-file' }
  | { readonly reason: 'wrong-digest' }
  /** The .sha256 beside an update payload is none. */
  | { readonly reason: 'digest-malformed' }
  /** The payload is signed, but holds the kernel or the system extension of another release. */
  | { readonly reason: 'payload-of-another-release' }
  | { readonly reason: 'digests-bad-signature' }
  /** The job was cancelled, or another attempt has taken it over. */
  | { readonly reason: 'not-ours-any-more' };

/** Returns a fault in words for the operator, with the key id, status or host, but without a stack or a secret. */
export function copyDetail(fault: CopyFault): string {
  switch (fault.reason) {
    case 'absent':
      return 'upstream has no such file';
    case 'file-too-large':
      return `the file has ${fault.size} bytes, over MAX_FILE_BYTES (${fault.limit})`;
    case 'signed-before-build':
      return 'the signature is older than the build: an old file under a new version';
    case 'digests-other-file':
      return 'the signed DIGESTS names another file: a genuine file under another name';
    case 'wrong-digest':
      return 'the file is signed, but its digest is not the one that upstream lists';
    case 'digest-malformed':
      return 'the .sha256 of the update payload is not a line of sha256sum';
    case 'digests-bad-signature':
      return 'the signature of DIGESTS does not verify';
    case 'payload-of-another-release':
      return 'the update payload is signed, but what it installs is not that of this release';
    case 'payload-not-crau':
      return 'this is no update payload: it does not begin with CrAU';
    case 'payload-malformed':
      return `the update payload cannot be read: ${fault.what}`;
    case 'payload-unsigned':
      return 'the update payload has no signature';
    case 'payload-wrong-length':
      return `the update payload says that it has ${fault.declared} bytes, and it has ${fault.size}`;
    case 'payload-truncated':
      return 'the update payload ends before its signatures';
    case 'payload-bad-signature':
      return 'no signature of the update payload is one of UPDATE_KEY over these bytes';
    case 'not-ours-any-more':
      return 'the job was cancelled, or another attempt has taken over';
    default: {
      const { detail } = releaseProblem(fault);
      return 'host' in fault ? `${detail} (${fault.host})` : detail;
    }
  }
}

/** The faults that may pass, so that a retry makes sense. */
const PASSING: ReadonlySet<CopyFault['reason']> = new Set([
  'store-unreachable',
  'unreachable',
  'timeout',
  'truncated',
  'stalled',
  'changed',
  'key-unreachable',
  'key-timeout',
] as const);

/** True when a retry cannot help: the file fails with this reason. */
export const isFinal = ({ reason }: CopyFault): boolean => !PASSING.has(reason);
