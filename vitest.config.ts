import { defineConfig } from 'vitest/config';

// Every test file gets its own process: pinned CPUs, signal handlers and `process.exit` belong to a process. A test that
// hangs is ended by the timeout; nothing is ever tried twice.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-library.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    retry: 0,
    // What ships is loaded as Node loads it: vitest evaluates modules of the checkout itself, and knows no CommonJS.
    server: { deps: { external: [/\/dist\//] } },
  },
});
