/** Versions that must go together. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const manifest = (folder: string) =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;

it('tests run the Worker in the local runtime that wrangler has', () => {
  const pinned = manifest('node_modules/wrangler')['dependencies']?.['miniflare'];
  expect(pinned).toMatch(/^\d/);
  expect(manifest('.')['devDependencies']?.['miniflare']).toBe(pinned);
});
