/** No spelling of a boot URL brings its capability into the log. */
import { describe, expect, it } from 'vitest';
import { Capabilities, randomText } from '../../src/machines/boot/capability.ts';
import { redactPath } from '../../src/shared/redact-path.ts';

const capability = await new Capabilities(['a-secret-of-at-least-thirty-two-bytes']).mint({
  machine: 'vm.with.dots',
  epoch: randomText(),
  nonce: randomText(),
  expiry: 0,
});
const encoded = (text: string) =>
  Array.from(text, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
const twice = (text: string) => text.replaceAll('%', '%25');
/** The longest part of the capability that the text still tells, in characters. */
const told = (text: string): number => {
  let most = 0;
  for (let from = 0; from < capability.length; from += 1) {
    while (text.includes(capability.slice(from, from + most + 1)) && from + most < capability.length) most += 1;
  }
  return most;
};

describe('what the log shows of a boot URL', () => {
  it.each([
    `/boot/${capability}/ignition`,
    `/BOOT/${capability}/ignition`,
    `//boot//${capability}//ignition`,
    `/./boot/.//${capability}/ignition`,
    `/boot/${capability}`,
    `/boot/${capability}/`,
    `/boot/x/${capability}/ignition`,
    `/%62oot/${capability}/ignition`,
    `/boo%74/${capability}/ipxe`,
    `/${encoded('boot')}/${capability}/ignition`,
    `/${twice(encoded('boot'))}/${capability}/ignition`,
    `/${twice(twice(encoded('boot')))}/${capability}/ignition`,
    `/boot%2f${capability}/ignition`,
    `/boot%2F${encoded(capability)}%2fignition`,
    `/boot%252f${capability}`,
    `/boot%5c${capability}`,
    `\\boot\\${capability}\\ignition`,
    `/boot;a=b/${capability}/ignition`,
    `/boot;${capability}`,
    `/boot./${capability}`,
    `/boot%00/${capability}`,
    `/boot%20/${capability}`,
    `/stable/boot/${capability}`,
    `/wrong/${capability}/ignition`,
    `/${capability}`,
    `/${capability.slice(0, -1)}`,
    `/${encoded(capability)}`,
    `/boots.${capability}.x`,
    `/api/machines/${capability};x`,
    `/${'a/'.repeat(2000)}boot/${capability}`,
    `/${twice(twice(twice(twice(twice(encoded(capability))))))}`,
  ])('%s', (path) => expect(told(redactPath(path))).toBeLessThanOrEqual('vm.with.dots'.length));

  it.each([
    [`/boot/${capability}/ignition`, '/boot/-/ignition'],
    [`/boot/${capability}/cloud-config`, '/boot/-/cloud-config'],
    [`/boo%74/${capability}/ipxe`, '/boot/-/ipxe'],
    [`/boot/${capability}/ignition/${'a'.repeat(128)}`, '/boot/-/ignition/-'],
    ['/boot', '/boot'],
    ['/boot/', '/boot/'],
    ['/stable/amd64-usr/current/version.txt', '/stable/amd64-usr/current/version.txt'],
    [
      '/stable/amd64-usr/4593.2.5/flatcar_production_digitalocean_image.bin.bz2.DIGESTS.asc',
      '/stable/amd64-usr/4593.2.5/flatcar_production_digitalocean_image.bin.bz2.DIGESTS.asc',
    ],
    ['/stable/%2e%2e/a%20b', '/stable/%2e%2e/a%20b'],
    ['/bootstrap/a.b.c.d.e', '/bootstrap/a.b.c.d.e'],
    ['/%', '/%'],
    ['', ''],
  ])('%s is shown as %s', (path, shown) => expect(redactPath(path)).toBe(shown));

  it('is never longer than 512 characters', () => {
    for (const path of [`/${'a'.repeat(5000)}`, '/'.repeat(5000), `/boot${'/x'.repeat(5000)}`])
      expect(redactPath(path).length).toBeLessThanOrEqual(512);
  });
});
