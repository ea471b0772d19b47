/** Every parser that reads what others wrote, with what must hold for any input. */
import { configProperties } from './config-properties.ts';
import { httpProperties } from './http-properties.ts';
import type { Fuzzed } from './near-text.ts';
import { releaseProperties } from './release-properties.ts';
import { secretProperties } from './secret-properties.ts';

export const parsers: readonly Fuzzed[] = [
  ...httpProperties,
  ...releaseProperties,
  ...secretProperties,
  ...configProperties,
];
