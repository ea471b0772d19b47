/** What a call about a machine says in its path and query: checked, with its defaults, or the field that is wrong. */
import { describe, expect, it } from 'vitest';
import { readFormatQuery, readId, readMachineQuery, readProfileName } from '../../src/machines/api/machine-request.ts';

const offered = { channels: ['stable', 'lts', 'mine'], boards: ['amd64-usr', 'arm64-usr'] };
const plain = {
  ...{ kernelArgs: [], profiles: [], hostname: null, sshAuthorizedKeys: [], vars: {} },
  ...{ attributes: {}, labels: {}, fleet: null, identities: { mac: [], uuid: [], serial: [], asset: [] } },
  ...{ once: false, window: null },
  expiresIn: undefined,
  ignition: null,
  channel: 'stable',
  board: 'amd64-usr',
  version: 'current',
};
const bad = (field: string, message: unknown) => ({
  ok: false,
  error: { reason: 'bad-value', shape: { errors: [{ field, message }], isUnknownName: false } },
});
const NAME_RULE = expect.stringMatching(/^must be 1 to 128 letters/) as string;
const SECONDS_RULE = expect.stringMatching(/^must be whole seconds from 1 to 316224000$/) as string;

describe('names', () => {
  it.each(['a', 'vm-1', '0', 'a.b_c-D', 'a'.repeat(128)])('%s is one', (name) => {
    expect(readId(name)).toEqual({ ok: true, value: name });
    expect(readProfileName(name)).toEqual({ ok: true, value: name });
  });
  it.each(['', '-a', '.a', '_a', 'a b', 'a/b', 'é', 'a\n', 'a'.repeat(129)])('%j is none', (name) => {
    expect(readId(name)).toEqual(bad('id', NAME_RULE));
    expect(readProfileName(name)).toEqual(bad('name', NAME_RULE));
  });
  it.each(['export', 'import'])('%s is a call, so no machine, but a profile may have it', (name) => {
    expect(readId(name)).toEqual(bad('id', `${name} is reserved`));
    expect(readProfileName(name)).toEqual({ ok: true, value: name });
  });
});

describe('the query of a PUT', () => {
  it.each([
    ['nothing', {}, plain],
    ['a profile', { profile: 'web' }, { ...plain, profiles: ['web'] }],
    ['profiles', { profiles: 'base,web' }, { ...plain, profiles: ['base', 'web'] }],
    ['no profile', { profile: '' }, plain],
    ['an end', { expires_in: '60' }, { ...plain, expiresIn: 60 }],
    ['the latest end', { expires_in: '316224000' }, { ...plain, expiresIn: 316_224_000 }],
    ['a board', { board: 'arm64-usr' }, { ...plain, board: 'arm64-usr' }],
    ['a version', { version: '4593.2.5' }, { ...plain, version: '4593.2.5' }],
    ['an alias', { channel: 'lts', version: 'current-2024' }, { ...plain, channel: 'lts', version: 'current-2024' }],
    ['a channel of no number', { channel: 'mine', version: '1.7.1' }, { ...plain, channel: 'mine', version: '1.7.1' }],
  ])('%s', (_name, query, value) => {
    expect(readMachineQuery(query as Record<string, string>, offered)).toEqual({ ok: true, value });
  });

  it.each([
    ['profile', { profile: '-x' }, NAME_RULE],
    ['expires_in', { expires_in: '0' }, SECONDS_RULE],
    ['expires_in', { expires_in: '316224001' }, SECONDS_RULE],
    ['expires_in', { expires_in: '-1' }, SECONDS_RULE],
    ['expires_in', { expires_in: '1.5' }, SECONDS_RULE],
    ['expires_in', { expires_in: 'soon' }, SECONDS_RULE],
    ['expires_in', { expires_in: '1e3' }, SECONDS_RULE],
    ['channel', { channel: 'beta' }, 'must be one of stable, lts, mine'],
    ['channel', { channel: '' }, 'must be one of stable, lts, mine'],
    ['board', { board: 'riscv' }, 'must be one of amd64-usr, arm64-usr'],
    ['version', { version: 'Latest' }, 'must be MAJOR.CHANNEL.PATCH, current, current-YYYY or the name of a ring'],
    [
      'version',
      { version: 'current\nchain http://evil.example/' },
      'must be MAJOR.CHANNEL.PATCH, current, current-YYYY or the name of a ring',
    ],
    ['version', { version: '4593.1.0' }, '4593.1.0 is not of channel stable'],
    ['version', { channel: 'lts', version: '4593.2.5' }, '4593.2.5 is not of channel lts'],
    ['lenient', { lenient: 'yes' }, 'must be 1 or 0'],
    ['format', { format: 'toml' }, 'must be one of butane, ct, ignition'],
  ])('%s that cannot be: %j', (field, query, message) => {
    expect(readMachineQuery(query as unknown as Record<string, string>, offered)).toEqual(bad(field, message));
  });

  it('falls back on what is offered where stable and amd64-usr are not', () => {
    expect(readMachineQuery({}, { channels: ['lts', 'beta'], boards: ['arm64-usr'] })).toEqual({
      ok: true,
      value: { ...plain, channel: 'lts', board: 'arm64-usr' },
    });
  });
});

describe('the format of a body', () => {
  it.each([
    [{}, { format: undefined, platform: '', lenient: false }],
    [
      { format: 'ct', platform: 'ec2', lenient: '1' },
      { format: 'ct', platform: 'ec2', lenient: true },
    ],
    [{ lenient: 'false' }, { format: undefined, platform: '', lenient: false }],
  ])('%j', (query, value) => {
    expect(readFormatQuery(query as Record<string, string>)).toEqual({ ok: true, value });
  });
  it('must be one that is known', () => {
    expect(readFormatQuery({ format: 'toml' })).toEqual(bad('format', 'must be one of butane, ct, ignition'));
  });
});
