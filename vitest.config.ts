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
    projects: [
      {
        plugins: [blankPages],
        test: {
          name: 'pure',
          environment: 'node',
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
