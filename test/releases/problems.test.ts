/** Every fault of the release room as a client sees it: a status that tells whose fault it is, and one sentence. */
import { describe, expect, it } from 'vitest';
import { releaseProblem } from '../../src/releases/serve/problems.ts';
import { problemLine } from '../../src/shared/problem.ts';

type Fault = Parameters<typeof releaseProblem>[0];
type Reason = Fault['reason'];

/** The compiler sees to it that no reason is missing here, nor one too many. */
const FAULTS: Readonly<Record<Reason, readonly [status: number, facts: Record<string, string | number>]>> = {
  absent: [404, {}],
  quarantined: [404, {}],
  'store-unreachable': [503, { operation: 'read manifest' }],
  'stored-malformed': [503, { what: 'manifest', detail: 'it is not JSON' }],
  unreachable: [503, { detail: 'ECONNREFUSED' }],
  truncated: [503, {}],
  changed: [503, {}],
  'verification-pending': [503, {}],
  'restart-needed': [428, {}],
  'key-unreachable': [503, { detail: 'status 500' }],
  timeout: [504, { detail: 'no headers' }],
  stalled: [504, {}],
  'key-timeout': [504, { detail: 'no headers' }],
  'key-foreign-redirect': [502, { detail: 'to http://10.0.0.1' }],
  'keyring-malformed': [502, {}],
  'no-pinned-key': [502, {}],
  'foreign-redirect': [502, { detail: 'to http://10.0.0.1' }],
  'redirect-loop': [502, { detail: 'more than five times' }],
  'unexpected-status': [502, { status: 403 }],
  'too-large': [502, { limit: 65_536 }],
  encoded: [502, { encoding: 'br' }],
  'no-length': [502, {}],
  'wrong-range': [502, {}],
  refused: [502, { verdict: 'bad-signature' }],
  'refused-before': [502, { verdict: 'bad-signature' }],
  'below-floor': [502, { version: '4593.2.4', floor: '4593.2.5' }],
  'wrong-channel': [502, { version: '4790.0.0' }],
  'wrong-version': [502, { version: '4593.2.4' }],
  'carriage-return': [502, {}],
  'no-version': [502, {}],
  'unknown-key': [502, { keyId: '0123456789ABCDEF' }],
  'revoked-key': [502, { fingerprint: 'A'.repeat(40) }],
  'expired-key': [502, { fingerprint: 'A'.repeat(40) }],
  'unfit-key': [502, { fingerprint: 'A'.repeat(40) }],
  'signature-malformed': [502, { detail: 'armor' }],
  'signature-type': [502, { type: 1 }],
  'signature-version': [502, { version: 6 }],
  'weak-hash': [502, { algorithm: 2 }],
  'signature-missing': [502, {}],
  'signature-empty': [502, {}],
  'several-signature-packets': [502, {}],
  'signature-from-future': [502, {}],
  'bad-signature': [502, {}],
};

const faults = Object.entries(FAULTS).map(([reason, [status, facts]]) => ({ reason, status, facts }));

describe('a fault', () => {
  it.each(faults)('$reason is $status', async ({ reason, status, facts }) => {
    const answer = problemLine(releaseProblem({ reason, ...facts } as Fault));
    expect(answer.status).toBe(status);
    const text = await answer.text();
    expect(text).toMatch(/^[^\n]{5,}\n$/);
    expect(text).not.toMatch(/undefined|null|\[object/);
    // What may pass says when to ask again; what does not pass does not.
    expect(answer.headers.get('retry-after')).toBe(status >= 500 ? '5' : null);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    // Of what upstream may have tampered with, the reason is the first word: monitoring looks for it.
    const word = facts['verdict'] ?? reason;
    if (status === 502) expect(text).toMatch(new RegExp(`^${word}: `));
    // Each fact is told, so that nobody has to guess which file, key or number it was.
    for (const fact of Object.values(facts)) expect(text).toContain(String(fact));
  });
});

it('an unknown path and one that was taken back look the same', () => {
  expect(releaseProblem({ reason: 'quarantined' })).toEqual(releaseProblem({ reason: 'absent' }));
});

it('what nobody has mapped is a bug, not an answer', () => {
  expect(() => releaseProblem({ reason: 'made-up' } as never)).toThrow(/made-up/);
});
