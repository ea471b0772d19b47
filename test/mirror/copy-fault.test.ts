/** Which faults a retry may mend; a file that cannot be mended must not be asked for again and again. */
import { describe, expect, it } from 'vitest';
import { type CopyFault, isFinal } from '../../src/mirror/copy/copy-fault.ts';

/** The compiler sees to it that every reason is told here. */
const FINAL: Readonly<Record<CopyFault['reason'], boolean>> = {
  'store-unreachable': false,
  unreachable: false,
  timeout: false,
  truncated: false,
  stalled: false,
  changed: false,
  'key-unreachable': false,
  'key-timeout': false,
  // What we stored ourselves and cannot read will read no better.
  'stored-malformed': true,
  absent: true,
  'foreign-redirect': true,
  'redirect-loop': true,
  'unexpected-status': true,
  'no-length': true,
  encoded: true,
  'too-large': true,
  'wrong-range': true,
  'key-foreign-redirect': true,
  'keyring-malformed': true,
  'no-pinned-key': true,
  'signature-missing': true,
  'signature-empty': true,
  'signature-malformed': true,
  'several-signature-packets': true,
  'signature-type': true,
  'signature-version': true,
  'weak-hash': true,
  'unknown-key': true,
  'revoked-key': true,
  'expired-key': true,
  'unfit-key': true,
  'signature-from-future': true,
  'bad-signature': true,
  'carriage-return': true,
  'no-version': true,
  'wrong-channel': true,
  'wrong-version': true,
  'file-too-large': true,
  'signed-before-build': true,
  'digests-other-file': true,
  'wrong-digest': true,
  'digests-bad-signature': true,
  'not-ours-any-more': true,
  'digest-malformed': true,
  'payload-of-another-release': true,
  'payload-not-crau': true,
  'payload-malformed': true,
  'payload-unsigned': true,
  'payload-wrong-length': true,
  'payload-truncated': true,
  'payload-bad-signature': true,
};

describe('a fault', () => {
  it.each(Object.entries(FINAL))('%s is final: %s', (reason, expected) => {
    expect(isFinal({ reason } as CopyFault)).toBe(expected);
  });
});
