/** Container Linux Configs, rule by rule: plain sections, services, dynamic data, what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mebibytes } from '../../src/butane/ct/sizes.ts';
import { transpileCt } from '../../src/butane/ct/transpile.ts';
import { parseConfig } from '../../src/ignition/parse.ts';
import { goQuote } from '../../src/ignition/urls/go-quote.ts';
import { anyText } from '../fuzz/near-text.ts';

const run = (yaml: string, platform = '', strict = false) => transpileCt(yaml, { platform, strict });

function config(yaml: string, platform?: string): Record<string, unknown> {
  const result = run(yaml, platform);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  expect(parseConfig(JSON.stringify(result.value.config)).ok).toBe(true);
  const { ignition: _ignition, ...rest } = result.value.config;
  return rest;
}

function said(yaml: string, platform?: string): [string, string[]] {
  const result = run(yaml, platform);
  const entries = result.ok ? result.value.entries : result.error.entries;
  return [result.ok ? '' : result.error.error, entries.map(({ severity, message }) => `${severity} ${message}`)];
}

const dropinOf = (yaml: string, platform?: string) => {
  const { units } = config(yaml, platform)['systemd'] as { units: { dropins: { contents: string }[] }[] };
  return units[0]?.dropins[0]?.contents.split('\n');
};

describe('plain sections', () => {
  it('files: the root file system, 0644, data that stays readable', () => {
    expect(
      config('storage: {files: [{path: /a, contents: {inline: "a b\\n"}}, {path: /b, mode: 0600, append: true}]}'),
    ).toEqual({
      storage: {
        files: [
          { filesystem: 'root', path: '/a', mode: 420, contents: { source: 'data:,a%20b%0A' } },
          { filesystem: 'root', path: '/b', mode: 384, append: true, contents: { source: 'data:,' } },
        ],
      },
    });
  });
  it('remote files, their hashes and compression', () => {
    const remote =
      'remote: {url: "http://a/b c?d e", compression: gzip, verification: {hash: {function: sha512, sum: SUM}}}';
    const yaml = `storage: {files: [{path: /a, mode: 1, contents: {${remote.replace('SUM', 'a'.repeat(128))}}}]}`;
    expect(config(yaml)['storage']).toMatchObject({
      files: [
        {
          contents: {
            source: 'http://a/b%20c?d e',
            compression: 'gzip',
            verification: { hash: `sha512-${'a'.repeat(128)}` },
          },
        },
      ],
    });
  });
  it('partitions with units and names of types', () => {
    const yaml =
      'storage: {disks: [{device: /dev/a, partitions: [{number: 1, size: 1GiB512MiB, start: 0, type_guid: swap_partition}]}]}';
    expect(config(yaml)['storage']).toEqual({
      disks: [
        {
          device: '/dev/a',
          partitions: [{ number: 1, sizeMiB: 1536, startMiB: 0, typeGuid: '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f' }],
        },
      ],
    });
  });
  it('users, groups and units under their other names', () => {
    expect(
      config(
        'passwd: {users: [{name: u, ssh_authorized_keys: [k], create: {home_dir: /h, no_log_init: true}}]}\nsystemd: {units: [{name: a.service, enabled: false}]}',
      ),
    ).toEqual({
      passwd: { users: [{ name: 'u', sshAuthorizedKeys: ['k'], create: { homeDir: '/h', noLogInit: true } }] },
      systemd: { units: [{ name: 'a.service', enabled: false }] },
    });
  });
  it.each([
    ['', undefined],
    ['0', 0],
    ['512MiB', 512],
    ['1.5GB', 1536],
    ['1TiB', 1048576],
    ['1024KiB', 1],
  ])('%j is %s MiB', (text, value) => expect(mebibytes(text)).toEqual({ ok: true, value }));
  it.each([
    ['5', 'units: unknown unit  in 5'],
    ['x', 'units: invalid x'],
    ['1GiB1MB', 'units: unknown unit GiB in 1GiB1MB'],
    ['-1MiB', 'invalid dimension (negative): "-1MiB"'],
    ['1KiB', 'invalid dimension (finest granularity is 1MiB)'],
  ])('%j is none', (text, error) => expect(mebibytes(text)).toEqual({ ok: false, error }));
});

describe('services', () => {
  it('etcd: options in their order, strings quoted, data of the platform', () => {
    const yaml = 'etcd:\n  version: 3.3.1\n  snapshot_count: 5\n  name: "{HOSTNAME}"\n  debug: false\n';
    expect(dropinOf(yaml, 'ec2')).toEqual([
      '[Unit]',
      'Requires=coreos-metadata.service',
      'After=coreos-metadata.service',
      '',
      '[Service]',
      'EnvironmentFile=/run/metadata/coreos',
      'Environment="ETCD_IMAGE_TAG=v3.3.1"',
      'ExecStart=',
      'ExecStart=/usr/lib/coreos/etcd-wrapper $ETCD_OPTS \\',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: systemd fills this in
      '  --name="${COREOS_EC2_HOSTNAME}" \\',
      '  --snapshot-count=5 \\',
      '  --debug=false',
    ]);
  });
  it('flannel: its network is set first, and is not filled in', () => {
    expect(dropinOf('flannel: {interface: eth0, network_config: "{\\"a\\": \\"{PRIVATE_IPV4}\\"}"}')).toEqual([
      '[Service]',
      'ExecStart=',
      'ExecStart=/usr/lib/coreos/flannel-wrapper $FLANNEL_OPTS \\',
      '  --iface="eth0"',
      'ExecStartPre=/usr/bin/etcdctl set /coreos.com/network/config "{\\"a\\": \\"{PRIVATE_IPV4}\\"}"',
    ]);
  });
  it('docker, and updates', () => {
    const { systemd, storage } = config(
      'docker: {flags: [-a, "b c"]}\nupdate: {group: Beta, server: "http://u"}\nlocksmith: {reboot_strategy: OFF}',
    );
    expect(systemd).toMatchObject({
      units: [
        {
          name: 'docker.service',
          enable: true,
          dropins: [{ contents: '[Service]\nEnvironment="DOCKER_OPTS=-a b c"' }],
        },
      ],
    });
    const [update] = (storage as { files: { contents: { source: string } }[] }).files;
    expect(decodeURIComponent(update?.contents.source ?? '')).toBe(
      'data:,GROUP=beta\nSERVER=http://u\nREBOOT_STRATEGY="OFF"',
    );
  });
  it('some platforms bring units of their own, even for nothing', () => {
    const { units } = config('{}', 'openstack-metadata')['systemd'] as { units: { name: string }[] };
    expect(units.map(({ name }) => name)).toEqual(['coreos-metadata.service', 'coreos-metadata-sshkeys@.service']);
  });
  it('Go quotes what cannot be printed', () => {
    expect(goQuote('a"\\\t\u0001é\u200b\u{1F600}$')).toBe('"a\\"\\\\\\t\\x01é\\u200b\u{1F600}$"');
  });
});

describe('what is told', () => {
  const PARSE = 'Failed to parse config';
  const CONVERT = 'conversion failed';
  it.each<[string, string, string, string[]]>([
    ['nothing at all', '', '', ['warning Configuration is empty']],
    [
      'an unknown key',
      'Storage: {}',
      '',
      ['warning Config has unrecognized key: Storage', 'info Did you mean storage instead of Storage'],
    ],
    ['another version', 'version: 1', PARSE, ['error Invalid version. Only version 0 is supported']],
    [
      'modes that are not said',
      'storage: {files: [{path: /a}, {path: /b, append: true}], directories: [{path: /c}]}',
      '',
      [
        'warning mode unspecified for file, defaulting to 0644',
        'info mode unspecified for file, defaulting to 0644 if the file does not exist',
        'warning mode unspecified for directory, defaulting to 0755',
      ],
    ],
    [
      'two contents',
      'storage: {files: [{path: /a, mode: 1, contents: {inline: a, remote: {url: b}}}]}',
      PARSE,
      ['error only one of the following can be set: local, inline, remote.url'],
    ],
    ['an old etcd', 'etcd: {version: 2.2.0}', PARSE, ['error Etcd version specified is not valid (too old)']],
    [
      'an option of another version',
      'etcd: {version: 3.0.0, enable_v2: true}',
      '',
      ['warning Config has unrecognized key: enable_v2'],
    ],
    [
      'half a window',
      'locksmith: {window_start: "1:00"}',
      PARSE,
      ['error window-start and window-length must both be specified'],
    ],
    [
      'a window that is none',
      'locksmith: {window_start: "Foo 1:00", window_length: 1x}',
      PARSE,
      ['error unknown day in window start', "error couldn't parse window length"],
    ],
    [
      'data of no platform',
      'etcd: {name: "{HOSTNAME}"}',
      CONVERT,
      ['error platform must be specified to use templating'],
    ],
    ['a relative path', 'storage: {files: [{path: a, mode: 1}]}', CONVERT, ['error path not absolute']],
    ['bad YAML', 'a: [', PARSE, [expect.stringMatching(/^error yaml: /) as string]],
  ])('%s', (_name, yaml, error, entries) => {
    expect(said(yaml)).toEqual([error, entries]);
  });
  it('data that a platform does not have, and platforms that nobody knows', () => {
    expect(said('etcd: {name: "{HOSTNAME}"}', 'azure')).toEqual([CONVERT, ['error unknown field']]);
    expect(said('{}', 'Azure')).toEqual([CONVERT, ['error unsupported platform: Azure']]);
  });
  it('strict refuses notes too', () => {
    expect(run('storage: {files: [{path: /a, append: true}]}', '', true).ok).toBe(false);
  });
});

it('merge keys write where they stand', () => {
  const yaml =
    'storage:\n  files:\n    - &a {path: /a, mode: 0644, contents: {inline: x}}\n    - {path: /b, mode: 0600, <<: *a}\n';
  const { files } = config(yaml)['storage'] as { files: { path: string; mode: number }[] };
  expect(files[1]).toMatchObject({ path: '/a', mode: 420 });
});

it('never throws on any text', () => {
  fc.assert(
    fc.property(anyText(120), fc.constantFrom('', 'ec2'), (text, platform) => {
      run(text, platform);
      run(`etcd: {name: ${JSON.stringify(text)}}`, platform);
    }),
    { numRuns: 1000 },
  );
});
