/** What the overview says needs somebody: each matter once, the worst first, and nothing that is history. */
import { describe, expect, it } from 'vitest';
import { mattersIn } from '../../src/console/overview/attention.ts';

const NOW = Date.parse('2026-11-28T00:00:00Z');
type Seen = Parameters<typeof mattersIn>[0];

const seen = (more: object): Seen =>
  ({
    health: { status: 'ok', todo: [], refused: [] },
    ...{ jobs: [], aliases: [], failing: 0, isMore: false, now: NOW },
    ...more,
  }) as unknown as Seen;
const texts = (more: object) => mattersIn(seen(more)).map(({ tone, text }) => `${tone}: ${text}`);

const job = (state: string, queuedAt: string) => ({
  ...{ channel: 'stable', board: 'amd64-usr', version: '4593.2.5', state, queuedAt, reason: 'image: bad-signature' },
});

describe('what needs attention', () => {
  it('is nothing where all is well', () => {
    expect(texts({ jobs: [job('complete', '2026-11-27T00:00:00Z')] })).toEqual([]);
  });

  it('is a job that failed within a month, with its reason', () => {
    expect(texts({ jobs: [job('failed', '2026-11-27T00:00:00Z')] })).toEqual([
      'bad: Mirroring stable 4593.2.5 amd64-usr failed: image: bad-signature.',
    ]);
    expect(texts({ jobs: [job('failed', '2026-10-01T00:00:00Z')] })).toEqual([]);
  });

  it('is a refused file once, as bad, before what is only to be done', () => {
    const refused = [{ path: '/stable/x/image', reason: 'bad-signature', since: '' }];
    const todo = ['storage: no key', '/stable/x/image is refused: bad-signature'];
    expect(texts({ health: { status: 'degraded', todo, refused } })).toEqual([
      'bad: /stable/x/image is refused: bad-signature',
      'warn: storage: no key',
    ]);
  });

  it('is a hold, a key that ends soon, and machines that got no config', () => {
    const aliases = [{ channel: 'stable', board: 'b', alias: 'prod', holds: [{ text: 'no PXE pair' }] }];
    const health = { status: 'ok', signingKey: { daysLeft: 59 } };
    const failing = 1;
    expect(texts({ aliases, health, failing })).toEqual([
      'bad: 1 machine asked for a config and got none.',
      'warn: The signing key ends in 59 days.',
      'warn: stable b prod is held back: no PXE pair.',
    ]);
    expect(texts({ health: { status: 'ok', signingKey: { daysLeft: 60 } } })).toEqual([]);
    expect(texts({ failing: 2, isMore: true })[0]).toContain('2 machines or more');
  });
});
