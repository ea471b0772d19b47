import { availableParallelism } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tools/longest-first.ts';
import { PlainCount } from './tools/plain-count.ts';

/** Tests in Node, without a store or a runtime; those that take seconds each are `long`, and no part of `npm run test:quick`. */
const inNode = (name: string, include: string[], exclude: string[] = []) => ({
  test: {
    name,
    environment: 'node' as const,
    // Most of these files take less time than loading what they import.
    pool: 'threads' as const,
    isolate: false,
    setupFiles: ['test/support/restore-doubles.ts'],
    // For a machine that is busy with something else: work that grows with the square takes minutes all the same.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    include,
    exclude,
  },
});

export default defineConfig({
  test: {
    reporters: ['default', new PlainCount()],
    // Vitest leaves one processor free, which is half of two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    projects: [
      inNode('pure', ['test/**/*.test.ts'], ['test/**/*.{long,worker,client,browser}.test.ts']),
      inNode('long', ['test/**/*.long.test.ts']),
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: {} },
          }),
        ],
        test: {
          name: 'workerd',
          isolate: false,
          setupFiles: ['test/support/empty-stores.ts'],
          include: ['test/**/*.worker.test.ts'],
          globalSetup: ['test/support/pages-setup.ts', 'test/support/upstream-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'clients',
          environment: 'node',
          include: ['test/**/*.client.test.ts', 'test/**/*.browser.test.ts'],
          globalSetup: ['test/support/worker-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // They wait for other processes more than they work. Alone: some of them wait for what goes on at its own pace.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
