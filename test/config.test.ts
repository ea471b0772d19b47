import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULTS, parseConfig } from '../src/config.ts';

const toml = readFileSync(join(import.meta.dirname, '..', 'wrangler.toml'), 'utf8');
const faultsOf = (env: object) => {
  const config = parseConfig(env);
  return config.ok ? [] : config.error.map(({ variable }) => variable);
};

describe('the configuration', () => {
  it('has the same defaults in wrangler.toml, each with a comment above it', () => {
    const lines = toml.slice(toml.indexOf('[vars]'), toml.indexOf('[env.production]')).split('\n');
    const found: Record<string, string> = {};
    for (const [index, line] of lines.entries()) {
      const match = /^([A-Z_]+) = "(.*)"$/.exec(line);
      if (match?.[1] === undefined) continue;
      found[match[1]] = match[2] ?? '';
      expect(lines[index - 1], match[1]).toMatch(/^# \S/);
    }
    expect(found).toEqual(DEFAULTS);
  });

  it('takes an empty environment and trims lists', () => {
    const config = parseConfig({
      CHANNELS: ' stable , beta ',
      SIGNING_KEY_FINGERPRINTS: 'f88c fede ff29 a5b4 d952 3864 e25d 9aed 0593 b34a',
    });
    expect(config).toMatchObject({
      ok: true,
      value: {
        catalogue: { channels: ['stable', 'beta'], boards: ['amd64-usr', 'arm64-usr'], streams: [] },
        SIGNING_KEY_FINGERPRINTS: ['F88CFEDEFF29A5B4D9523864E25D9AED0593B34A'],
        MAX_FILE_BYTES: 17179869184,
      },
    });
  });

  it.each([
    ['CHANNELS', ' , '],
    ['CHANNELS', 'sta/ble'],
    ['BOARDS', ''],
    ['UPSTREAM_URL', 'https://x/{channel}/{board}/{version}'],
    ['UPSTREAM_URL', 'ftp://x/{version}/{file}'],
    ['UPSTREAM_URL', 'https://x/{version}/{file}/{flavour}'],
    ['UPSTREAM_URL', 'https://user:word@x/{version}/{file}'],
    ['UPSTREAM_REDIRECT_HOSTS', 'https://flatcar.cdn.cncf.io/'],
    ['SIGNING_KEY_URL', 'key.asc'],
    ['SIGNING_KEY_FINGERPRINTS', 'E25D9AED0593B34A'],
    ['MIRROR', 'stable'],
    ['MIRROR', 'stable/riscv-usr'],
    ['MIRROR', 'nightly/amd64-usr'],
    ['MIRROR', 'stable/amd64-usr/4593.2.5'],
    ['CHANNELS', 'stable,update'],
    ['MIRROR_SETS', 'images,nothing'],
    ['MIRROR_FILES', 'SHA256SUMS'],
    ['UPDATE_FILES', 'x.gz.sha256'],
    ['UPDATE_FILES', 'SHA256SUMS'],
    ['UPDATE_KEY', 'nonsense'],
    ['UPDATE_URL', 'https://x/{file}'],
    ['PROVENANCE_KEY', 'nonsense'],
    ['MIRROR_FILES', 'version.txt.sig'],
    ['MIRROR_FILES', '../version.txt'],
    ['MIRROR_ON_DEMAND', 'yes'],
    ['MAX_FILE_BYTES', '16GiB'],
    ['MAX_FILE_BYTES', String(65 * 1024 ** 3)],
    ['KEEP_RELEASES', '0'],
    ['ALLOW_UNSIGNED', '1'],
    ['RELEASE_HOST_SUFFIX', 'https://x'],
    ['PUBLIC_URL', 'mirror.example'],
    ['BOOT_URL', 'https://e.test/?a=b'],
    ['BOOT_URL', 'https://e.test/#x'],
    ['BOOT_URL', 'http://e.test/ x'],
    ['PUBLIC_URL', 'https://e.test/base'],
    ['OPERATOR_TOKEN', 'short'],
    ['OPERATOR_TOKEN', `${'x'.repeat(32)},short`],
    ['STORAGE_KEY', ''],
  ])('refuses %s = %j and names it', (variable, value) => {
    expect(faultsOf({ [variable]: value })).toEqual([variable]);
  });

  it('names every bad variable at once and repeats no secret', () => {
    const config = parseConfig({ OPERATOR_TOKEN: 'hunter2', KEEP_RELEASES: 'x' });
    expect(JSON.stringify(config)).not.toContain('hunter2');
    expect(config.ok ? [] : config.error.map(({ variable }) => variable).sort()).toEqual([
      'KEEP_RELEASES',
      'OPERATOR_TOKEN',
    ]);
  });

  it('mirrors images and what a boot needs, unless it names sets or files', () => {
    const wanted = (env: object) => {
      const config = parseConfig(env);
      return config.ok ? config.value.mirrorFiles : [];
    };
    expect(wanted({})).toContain('flatcar_production_pxe.vmlinuz');
    expect(wanted({})[0]).toBe('version.txt');
    expect(wanted({ MIRROR_FILES: 'a.raw' })).toEqual(['version.txt', 'a.raw']);
    expect(wanted({ MIRROR_SETS: 'pxe', MIRROR_FILES: 'a.raw', UPDATE_FILES: 'b.gz' })).toEqual([
      ...['version.txt', 'flatcar_production_pxe.vmlinuz', 'flatcar_production_pxe_image.cpio.gz', 'a.raw'],
      'update/b.gz',
    ]);
    expect(wanted({ MIRROR_SETS: 'updates' })).toContain('update/oem-azure.gz');
  });

  it('takes several values of a secret', () => {
    const [first, second] = ['a'.repeat(32), 'b'.repeat(32)];
    expect(parseConfig({ OPERATOR_TOKEN: `${first}, ${second}` })).toMatchObject({
      value: { OPERATOR_TOKEN: [first, second] },
    });
  });
});
