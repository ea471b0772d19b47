/**
 * base x user x default, of every kind, with both engines: one test a cell. The law is Flatcar's notes for distributors: base.ign
 * "will be prepended to the user provided config", default.ign "will be executed if a user config is not found".
 */
import { describe, expect, it } from 'vitest';
import { compose } from '../../src/ignition/compose.ts';
import { pathsOf } from '../support/json.ts';

const KINDS = ['absent', 'ignition 2', 'ignition 3', 'cloud-config', 'script', 'empty', 'invalid'] as const;
type Kind = (typeof KINDS)[number];

const v2 = (path: string) =>
  JSON.stringify({ ignition: { version: '2.2.0' }, storage: { files: [{ filesystem: 'root', path, mode: 420 }] } });
const v3 = (path: string) =>
  JSON.stringify({ ignition: { version: '3.2.0' }, storage: { files: [{ path, mode: 420 }] } });

function textOf(kind: Kind, layer: string): string | undefined {
  const texts: Record<Kind, string | undefined> = {
    absent: undefined,
    'ignition 2': v2(`/${layer}`),
    'ignition 3': v3(`/${layer}`),
    'cloud-config': '#cloud-config\nhostname: x\n',
    script: '#!/bin/sh\ntrue\n',
    empty: '',
    invalid: '{"ignition":{"version":"3.2.0"},"storage":{"files":[{"path":"relative"}]}}',
  };
  return texts[kind];
}

const isConfig = (kind: Kind) => kind === 'ignition 2' || kind === 'ignition 3';
const isNothing = (kind: Kind) => kind === 'absent' || kind === 'empty';

/** What must come out, told without the code under test: layers in order, or a refusal. */
function expected(engine: 'ignition' | 'legacy', base: Kind, user: Kind, fallback: Kind): string[] | 'refused' {
  const usesUser = isConfig(user) || user === 'invalid';
  const second = usesUser ? user : fallback;
  const used: [string, Kind][] = [
    ['base', base],
    [usesUser ? 'user' : 'default', second],
  ];
  const paths: string[] = [];
  for (const [layer, kind] of used) {
    if (isNothing(kind)) continue;
    if (!isConfig(kind) || (engine === 'legacy' && kind === 'ignition 3')) return 'refused';
    paths.push(`/${layer}`);
  }
  return paths;
}

const CELLS = KINDS.flatMap((base) =>
  KINDS.flatMap((user) =>
    KINDS.flatMap((fallback) => (['ignition', 'legacy'] as const).map((engine) => ({ engine, base, user, fallback }))),
  ),
);

describe('what a machine boots from', () => {
  it.each(CELLS)('$engine: base $base, user $user, default $fallback', ({ engine, base, user, fallback }) => {
    const layers = { base: textOf(base, 'base'), user: textOf(user, 'user'), default: textOf(fallback, 'default') };
    const result = compose(layers, engine);
    const wanted = expected(engine, base, user, fallback);
    expect(result.ok ? pathsOf(result.value.text) : 'refused').toEqual(wanted);
    if (!result.ok) return;
    const major = result.value.version[0];
    if (engine === 'legacy') expect(major).toBe('2');
    else if (wanted.length === 2) expect(major).toBe('3');
    expect(result.value.text.length).toBeGreaterThan(0);
  });
});
