import { describe, expect, it } from 'vitest';
import { redactPath } from '../../src/shared/log.ts';

const CAPABILITY = `vm-1.${'E'.repeat(22)}.${'N'.repeat(22)}.0.${'M'.repeat(43)}`;

describe('the path that a log may hold', () => {
  it.each([
    `/boot/${CAPABILITY}`,
    `/boot/${CAPABILITY}/ignition`,
    `/BOOT//.//${CAPABILITY}/ipxe`,
    `/%62oot/${CAPABILITY}/ignition`,
    `/boo%74/${CAPABILITY}`,
    `/boot%2f${CAPABILITY}`,
    `/boot%252F${CAPABILITY}`,
    `/boot\\${CAPABILITY}`,
    `/boot;${CAPABILITY}`,
    `/boot%20/${CAPABILITY}`,
    `/stable/${CAPABILITY}/version.txt`,
    `/api/boot/x/../${CAPABILITY}`,
    `/${CAPABILITY.replaceAll('.', '%2E')}`,
  ])('%s: without the capability', (path) => {
    const told = redactPath(path);
    for (const secret of ['M'.repeat(20), 'E'.repeat(20), 'N'.repeat(20)]) expect(told).not.toContain(secret);
  });

  it.each([
    [`/boot/${CAPABILITY}/ignition`, '/boot/-/ignition'],
    [`/boot/${CAPABILITY}/cloud-config`, '/boot/-/cloud-config'],
    [`/boot/${CAPABILITY}`, '/boot/-'],
    ['/stable/amd64-usr/4593.2.5/flatcar_production_image.bin.bz2.DIGESTS.asc', undefined],
    ['/api/machines/boot-1/token', undefined],
    ['/stable//x/%zz', undefined],
  ])('%s: %s', (path, told = path) => {
    expect(redactPath(path)).toBe(told);
  });

  it('has at most 512 characters and a few more, whatever was sent, at once', () => {
    for (const piece of ['/', '/.', '%2f', 'boot/', '%25', '.', '\\', ';']) {
      const path = `/boot${piece.repeat(100_000)}`;
      expect(redactPath(path).length).toBeLessThan(530);
      expect(redactPath(path.slice(5)).length).toBeLessThan(530);
    }
  });
});
