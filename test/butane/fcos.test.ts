/** Butane of Fedora CoreOS, as far as Flatcar can use it. */
import { describe, expect, it } from 'vitest';
import { transpile } from '../../src/configs/formats.ts';

const made = (text: string, variant?: string) => transpile(text, 'butane', { strict: false, platform: '', variant });
const headed = (version: string, rest = '', variant = 'fcos') => `variant: ${variant}\nversion: ${version}\n${rest}`;

/** docs/specs.md of coreos/butane 0.29.0: the spec that each version emits. */
const VERSIONS = [
  ['1.0.0', '3.0.0'],
  ['1.1.0', '3.1.0'],
  ['1.2.0', '3.2.0'],
  ['1.3.0', '3.2.0'],
  ['1.4.0', '3.3.0'],
  ['1.5.0', '3.4.0'],
  ['1.6.0', '3.5.0'],
] as const;

describe.each(VERSIONS)('fcos %s', (version, spec) => {
  const FILE = 'storage:\n  files:\n    - path: /a\n      contents:\n        inline: b\n';
  it(`emits ${spec}, by its own head or by the call's`, () => {
    const config = {
      ignition: { version: spec },
      storage: { files: [{ path: '/a', contents: { source: 'data:,b' } }] },
    };
    expect(made(headed(version, FILE))).toMatchObject({ ok: true, value: { config, unknownKeys: [] } });
    expect(made(`version: ${version}\n${FILE}`, 'fcos')).toMatchObject({ ok: true, value: { config } });
  });
  it('knows the sugar of its base', () => {
    const mount =
      'storage:\n  filesystems:\n    - device: /dev/a\n      format: ext4\n      path: /a\n      with_mount_unit: true\n';
    const made1 = made(headed(version, mount));
    expect(made1.ok && made1.value.unknownKeys).toEqual(
      version === '1.0.0' ? ['storage.filesystems.0.with_mount_unit'] : [],
    );
  });
  it.each(['boot_device:\n  mirror: {}', 'grub:\n  users: []', 'metadata: {}', 'openshift: {}', 'extensions: []'])(
    'has no use for %j, and says so',
    (sugar) => {
      const refused = made(headed(version, `${sugar}\n`));
      const name = sugar.split(':')[0];
      expect(refused).toMatchObject({ ok: false, error: { error: 'source config is invalid' } });
      const errors = refused.ok ? [] : refused.error.entries.filter(({ severity }) => severity === 'error');
      expect(errors).toMatchObject([
        { path: name, line: 3, message: expect.stringContaining(`Flatcar has no use for ${name}`) },
      ]);
    },
  );
});

it('what Flatcar forbids stays forbidden', () => {
  const luks = 'storage:\n  luks:\n    - name: a\n      device: /dev/a\n      clevis:\n        tpm2: true\n';
  expect(made(headed('1.5.0', luks))).toMatchObject({
    ok: false,
    error: { entries: [{ path: 'storage.luks.0.clevis' }] },
  });
});

it.each([
  ['fcos', '1.7.0', 'version'],
  ['fcos', '1.6.0-experimental', 'version'],
  ['flatcar', '1.2.0', 'version'],
  ['openshift', '4.14.0', 'variant'],
  ['r4e', '1.1.0', 'variant'],
  ['fiot', '1.0.0', 'variant'],
  ['nobody', '1.0.0', 'variant'],
])('%s %s is refused at its %s, with what there is', (variant, version, path) => {
  const refused = made(headed(version, '', variant));
  const error = refused.ok ? '' : refused.error.error;
  expect(error).toContain(`No translator exists for variant ${variant} with version ${version}`);
  expect(error).toContain('flatcar, versions 1.0.0, 1.1.0, and fcos, versions 1.0.0, 1.1.0, 1.2.0');
  expect(error.includes('take out what only')).toBe(['openshift', 'r4e', 'fiot'].includes(variant));
  expect(refused).toMatchObject({ error: { entries: [{ path, line: path === 'variant' ? 1 : 2 }] } });
});

it('a call and a source that contradict each other are refused', () => {
  expect(made(headed('1.1.0', '', 'flatcar'), 'fcos')).toMatchObject({
    ok: false,
    error: { error: 'the source says variant flatcar, and the call says variant fcos: leave one of them out' },
  });
});
