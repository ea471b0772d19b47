/** Starts the release server in Node before the tests in workerd, and tells them where it is. */
import type { TestProject } from 'vitest/node';
import { startUpstream } from '../../tools/release-server/server.ts';
import { type GenuineFixtures, readGenuineFixtures } from './genuine-fixtures.ts';

declare module 'vitest' {
  interface ProvidedContext {
    upstream: string;
    genuine: GenuineFixtures | null;
    soak: { readonly seconds: number; readonly seed: number };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const upstream = await startUpstream();
  project.provide('upstream', upstream.url);
  project.provide('genuine', readGenuineFixtures());
  const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
  project.provide('soak', { seconds: Number(process.env['SOAK_SECONDS'] ?? 12), seed });
  return () => upstream.close();
}
