import { availableParallelism } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { PlainCount } from './tools/plain-count.ts';

/** The built pages, which wrangler bundles as text: tests in Node look at none of them, and need not wait for their build. */
const blankPages = {
  name: 'blank-pages',
  enforce: 'pre' as const,
  resolveId: (id: string) => (id.includes('/dist/pages/') ? '\0blank-page' : undefined),
  load: (id: string) => (id === '\0blank-page' ? `export default ''` : undefined),
};

export default defineConfig({
  test: {
    reporters: ['default', new PlainCount()],
    // Vitest leaves one processor free, which is half of two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        plugins: [blankPages],
        test: {
          name: 'pure',
          environment: 'node',
          // Most of these files take less time than loading what they import.
          pool: 'threads',
          isolate: false,
          setupFiles: ['test/support/restore-doubles.ts'],
          // For a machine that is busy with something else: work that grows with the square takes minutes all the same.
          testTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.worker.test.ts', 'test/**/*.client.test.ts', 'test/**/*.browser.test.ts'],
        },
      },
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
