/** Names that Ignition takes and no machine can use are refused where a config is written, and only there. */
import { describe, expect, it } from 'vitest';
import { longNames } from '../../src/configs/long-names.ts';
import { parseConfig } from '../../src/ignition/parse.ts';

const v3 = (rest: object) => JSON.stringify({ ignition: { version: '3.4.0' }, ...rest }, null, 1);
const v2 = (rest: object) => JSON.stringify({ ignition: { version: '2.4.0' }, ...rest });
const unit = (name: string, dropin?: string) => ({
  systemd: { units: [{ name, ...(dropin === undefined ? {} : { dropins: [{ name: dropin }] }) }] },
});
const file = (path: string) => ({ storage: { files: [{ path }] } });
const x = (count: number) => 'x'.repeat(count);

describe('names that are too long', () => {
  it.each([
    ['a unit', v3(unit(`${x(248)}.service`)), 'systemd.units.0.name'],
    ['a unit of many bytes', v3(unit(`${'é'.repeat(124)}.service`)), 'systemd.units.0.name'],
    ['a drop-in', v3(unit('a.service', `${x(251)}.conf`)), 'systemd.units.0.dropins.0.name'],
    ['a key in another case', v3({ SYSTEMD: { Units: [{ name: `${x(248)}.service` }] } }), 'systemd.units.0.name'],
    ['a unit of spec 2', v2(unit(`${x(248)}.service`)), 'systemd.units.0.name'],
    ['a networkd unit', v2({ networkd: { units: [{ name: `${x(248)}.network` }] } }), 'networkd.units.0.name'],
    ['a part of a path', v3(file(`/a/${x(256)}/b`)), 'storage.files.0.path'],
  ])('%s', (_name, text, path) => {
    // The reference takes it.
    expect(parseConfig(text).ok).toBe(true);
    const [entry, ...others] = longNames(text);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ severity: 'error', path });
    expect(entry?.message).toMatch(/at most 255 bytes; shorten it$/);
  });

  it.each([
    ['names of 255 bytes', v3({ ...unit(`${x(247)}.service`, `${x(250)}.conf`), ...file(`/${x(255)}/${x(255)}`) })],
    ['a cloud-config', '#cloud-config\n'],
    ['nothing', ''],
    ['what is no config', '{"ignition":'],
  ])('%s: none', (_name, text) => expect(longNames(text)).toEqual([]));
});
