/** What Ignition accepts and what does not work on the machine. */
import { describe, expect, it } from 'vitest';
import { compose } from '../../src/ignition/compose.ts';
import { lint } from '../../src/ignition/served-lints.ts';

const lints = (storage: object) => lint({ storage }).map(({ path, message }) => `${path}: ${message}`);

describe('a node below a file', () => {
  it.each(['files', 'directories', 'links'])('in %s is told', (kind) => {
    const storage = { files: [{ path: '/etc/a' }], [kind]: [{ path: '/etc/a' }, { path: '/etc/a/b/c' }] };
    expect(lints(storage)).toEqual([`storage.${kind}.1.path: is below /etc/a, which is a file: it cannot be made`]);
  });
  it('is told across layers', () => {
    const layer = (path: string) => JSON.stringify({ ignition: { version: '3.3.0' }, storage: { files: [{ path }] } });
    const composed = compose({ base: layer('/etc/a'), user: layer('/etc/a/b') }, 'ignition');
    expect(composed).toMatchObject({
      ok: true,
      value: { entries: [{ layer: 'result', severity: 'warning', path: 'storage.files.1.path' }] },
    });
  });
  it.each([
    [[{ path: '/etc/a' }, { path: '/etc/ab' }]],
    [[{ path: '/etc/a/b' }, { path: '/etc/a/c' }]],
    [[{ path: '/' }]],
  ])('is not seen in %j', (files) => {
    expect(lints({ files })).toEqual([]);
  });
});

describe('a file of networkd', () => {
  it.each(['eth0', 'eth0.conf', '10-a.networks', 'a.network.bak', 'x/a.conf'])(
    'of the name %s is ignored by systemd',
    (name) => {
      expect(lints({ files: [{ path: `/etc/systemd/network/${name}` }] })).toEqual([
        'storage.files.0.path: systemd-networkd reads only .network, .netdev and .link files and their .d/*.conf here',
      ]);
    },
  );
  it.each(['a.network', 'a.netdev', 'a.link', 'a.network.d/b.conf'])('of the name %s is read', (name) => {
    expect(lints({ files: [{ path: `/etc/systemd/network/${name}` }] })).toEqual([]);
  });
});

describe('a link in /etc/extensions', () => {
  const links = (target: string) => [{ path: '/etc/extensions/a.raw', target }];
  it.each(['/opt/extensions/a.raw', 'b.raw', '../a.raw'])('to %s, which nothing makes, is told', (target) => {
    expect(lints({ links: links(target) })).toHaveLength(1);
  });
  it.each([
    ['a directory that has files', [{ path: '/opt/ext/docker/usr/bin/docker' }], '/opt/ext/docker', {}],
    ['a file system', [], '/opt/ext/k.raw', { filesystems: [{ device: '/d', path: '/opt/ext' }] }],
  ])('to %s is not', (_what, files, target, more) => {
    expect(lints({ files, links: links(target), ...more })).toEqual([]);
  });
  it('through another link, or below an extension, is not', () => {
    const through = [...links('/opt/extensions/k.raw'), { path: '/opt/extensions', target: '/data' }];
    expect(lints({ files: [{ path: '/data/k.raw' }], links: through })).toEqual([]);
    const below = [{ path: '/etc/extensions/foo/usr/lib/x.wants/x.service', target: '../x.service' }];
    expect(lints({ links: below })).toEqual([]);
  });
  it('to what the config makes, or the image has, is not', () => {
    expect(lints({ files: [{ path: '/opt/extensions/a.raw' }], links: links('/opt/extensions/a.raw') })).toEqual([]);
    expect(lints({ links: links('/usr/share/a.raw') })).toEqual([]);
    expect(lints({ links: [{ path: '/etc/other/a.raw', target: '/opt/a.raw' }] })).toEqual([]);
  });
});

it('no more warnings than anybody reads', () => {
  const files = Array.from({ length: 5000 }, (_, index) => ({ path: `/a/${index}` }));
  expect(lint({ storage: { files: [{ path: '/a' }, ...files] } })).toHaveLength(100);
});
