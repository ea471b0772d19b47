/** A person reads names, and finds the numbers of RFC 9580 beside them. */
import { describe, expect, it } from 'vitest';
import { releaseProblem } from '../../src/releases/serve/problems.ts';
import { hashText, packetText, signatureTypeText } from '../../src/signing/openpgp-names.ts';

describe('the names of OpenPGP', () => {
  it.each([
    [hashText(2), 'SHA-1 (hash algorithm 2)'],
    [hashText(11), 'SHA-224 (hash algorithm 11)'],
    [hashText(9), 'SHA-384 (hash algorithm 9)'],
    [hashText(99), 'an unknown hash algorithm 99'],
    [hashText(-1), 'an unknown hash algorithm -1'],
    [signatureTypeText(1), 'text document (signature type 1)'],
    [packetText(10), 'marker (packet type 10)'],
  ])('%s', (text, wanted) => expect(text).toBe(wanted));

  it('stand in the problems that a client reads', () => {
    expect(releaseProblem({ reason: 'weak-hash', algorithm: 2 }).detail).toBe(
      'weak-hash: SHA-1 (hash algorithm 2) instead of SHA-256 or SHA-512',
    );
    expect(releaseProblem({ reason: 'signature-type', type: 1 }).detail).toContain('text document');
  });
});
