/** Gzipped user data in Node. */
import { describe, expect, it } from 'vitest';
import { readUserData } from '../../src/configs/user-data.ts';
import { gzipCases } from './gzip-cases.ts';

describe('gzip', () => {
  it.each(gzipCases)('$name', async ({ bytes, limit, wanted }) => {
    const read = await readUserData(bytes, limit);
    expect(read.ok ? { text: read.value.text } : read.error.reason).toEqual(wanted);
  });
});
