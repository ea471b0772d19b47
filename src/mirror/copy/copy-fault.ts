/** Why a file of a release is not copied, and whether asking again could help. No I/O. */

import { releaseProblem } from '../../releases/serve/problems.ts';
import type { FileSignatureFault } from '../../releases/upstream/file-signatures.ts';
import type { UpstreamFault } from '../../releases/upstream/upstream.ts';
import type { VersionTxtFault } from '../../releases/upstream/version-txt.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { VerificationFault } from '../../signing/verification.ts';

export type CopyFault =
  | UpstreamFault
  | FileSignatureFault
  | VerificationFault
  | VersionTxtFault
  | StoreFault
  | { readonly reason: 'file-too-large'; readonly size: number; readonly limit: number }
  /** A genuine signature from before the release was built: an old file under a new version. */
  | { readonly reason: 'signed-before-build' }
  /** The signed DIGESTS names another file: a genuine file under another name. */
  | { readonly reason: 'digests-other-file' }
  | { readonly reason: 'wrong-digest' }
  | { readonly reason: 'digests-bad-signature' }
  /** Cancelled, or another attempt has taken over. */
  | { readonly reason: 'not-ours-any-more' };

/**
 * The fault in words for the operator, with what was met: the key id, the status, the host. Never a stack, never a secret.
 */
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
      return 'the file is signed, but its SHA-512 is not the one in the signed DIGESTS';
    case 'digests-bad-signature':
      return 'the signature of DIGESTS does not verify';
    case 'not-ours-any-more':
      return 'the job was cancelled, or another attempt has taken over';
    default: {
      const { detail } = releaseProblem(fault);
      return 'host' in fault ? `${detail} (${fault.host})` : detail;
    }
  }
}

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

/** True when a retry cannot mend it: the file ends here, with this reason. */
export const isFinal = ({ reason }: CopyFault): boolean => !PASSING.has(reason);
