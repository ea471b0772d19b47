/** A cloud-config that no YAML reader takes is refused with its line; a key that nobody reads is told. */
import { describe, expect, it } from 'vitest';
import { checkCloudConfig } from '../../src/configs/cloud-config.ts';
import { transpileText } from '../../src/configs/fault-text.ts';

const check = (yaml: string) => checkCloudConfig(`#cloud-config\n${yaml}`);

describe('a cloud-config', () => {
  it.each([
    ['hostname: a\nssh_authorized_keys:\n  - ssh-ed25519 A\n', []],
    ['ssh-authorized-keys: []\nwrite-files: []\ncoreos:\n  units: []\n', []],
    ['', ['$:1']],
    ['packages:\n  - nginx\n', ['packages:2']],
    ['hostname: a\nruncmd: []\nntp: {}\n', ['runcmd:3', 'ntp:4']],
    ['{"hostname": "a", "ignition": {}}', ['ignition:2']],
  ])('%j: warnings at %j', (yaml, places) => {
    const checked = check(yaml);
    expect(checked.ok && checked.value.map(({ path, line }) => `${path}:${line}`)).toEqual(places);
  });
  it.each([
    ['a tab', 'hostname: a\n\tusers: []\n', 3],
    ['an open quote', 'hostname: "a\nusers: []\n', 2],
    ['a wrong indent', 'coreos:\n  units:\n    - name: a\n     command: start\n', 5],
    ['brackets that do not end', 'hostname: a\nusers: [core\n', 3],
    ['a list', '- hostname: a\n', 2],
    ['a word', 'hostname\n', 2],
  ])('%s is refused, and its line is named', (_what, yaml, line) => {
    const checked = check(yaml);
    expect(checked.ok).toBe(false);
    if (checked.ok) return;
    expect(checked.error.entries[0]?.line).toBe(line);
    expect(transpileText(checked.error.error, checked.error.entries)).toMatch(
      new RegExp(`^cloud-config: .*line ${line}\\b`),
    );
  });
  it('over the limit of the reader, and other user data, are taken without a look', () => {
    expect(check(`a: "${'x'.repeat(256 * 1024)}`)).toEqual({ ok: true, value: [] });
    expect(checkCloudConfig('#!/bin/sh\n"')).toEqual({ ok: true, value: [] });
  });
});
