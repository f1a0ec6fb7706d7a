/** The kinds of test, by file name: `*.test.ts` needs nothing but Node; `*.engine.test.ts` drives a real engine. */
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const conditions = ['@recourse/source', ...defaultServerConditions];
const folders = ['packages/*/test', 'examples/*/test', 'test'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    environment: 'node',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: folders.map((folder) => `${folder}/**/*.test.ts`),
          exclude: ['**/*.engine.test.ts', '**/node_modules/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'engine',
          include: folders.map((folder) => `${folder}/**/*.engine.test.ts`),
          globalSetup: ['scripts/engines/vitest-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
