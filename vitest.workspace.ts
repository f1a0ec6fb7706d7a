/**
 * The kinds of test, by file name:
 * - `*.test.ts` runs in this process; all of them together take seconds.
 * - `*.process.test.ts` starts processes or waits for time to pass, and needs nothing but Node and git.
 * - `*.engine.test.ts` drives a real engine: Docker, HAProxy, PostgreSQL, Redis, SSH.
 */
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const conditions = ['@recourse/source', ...defaultServerConditions];
const named = (ending: string) =>
  ['packages/*/test', 'examples/*/test', 'test'].map((folder) => `${folder}/**/*${ending}`);

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
          include: named('.test.ts'),
          exclude: ['**/*.process.test.ts', '**/*.engine.test.ts', '**/node_modules/**'],
          // Files of one worker share what they import: half of the time went into importing it again.
          isolate: false,
          // A machine that does other work as well is slow, which is no failure.
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: { name: 'process', include: named('.process.test.ts'), testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'engine',
          include: named('.engine.test.ts'),
          globalSetup: ['scripts/engines/vitest-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
