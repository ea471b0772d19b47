/** Genuine Flatcar keys and signatures, where the folder beside the project holds them; tests that need them skip without. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures', 'flatcar');

export interface GenuineFixtures {
  /** base64 of each file. */
  readonly [name: string]: string;
}

const NAMES = [
  'flatcar-signing-key.asc',
  'flatcar-signing-key.2023-2025-only.asc',
  '2018-10-05-expired-subkey.version.txt',
  '2018-10-05-expired-subkey.version.txt.sig',
  '2018-03-19-revoked-subkey.version.txt',
  '2018-03-19-revoked-subkey.version.txt.sig',
  '2015-06-coreos-key.version.txt',
  '2015-06-coreos-key.version.txt.sig',
];

export function readGenuineFixtures(): GenuineFixtures | null {
  if (!NAMES.every((name) => existsSync(join(folder, name)))) return null;
  return Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
}
