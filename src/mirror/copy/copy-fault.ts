/** Why a file of a release is not copied, and whether asking again could help. No I/O. */
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
