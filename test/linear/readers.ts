/** Every exported reader of text or bytes from outside, for the test that holds them to linear work. */
import type { Reader } from './growth.ts';
import { httpReaders } from './http-readers.ts';
import { ignitionReaders } from './ignition-readers.ts';
import { listReaders } from './list-readers.ts';
import { releaseReaders } from './release-readers.ts';
import { yamlReaders } from './yaml-readers.ts';

export const readers: readonly Reader[] = [
  ...httpReaders,
  ...releaseReaders,
  ...ignitionReaders,
  ...listReaders,
  ...yamlReaders,
];
