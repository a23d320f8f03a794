import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

// Tests run on the sources, never on a build that may be stale: every package
// names its sources under the export condition "piculus-source".
export default defineConfig({
  resolve: { conditions: ['piculus-source'] },
  ssr: { resolve: { conditions: ['piculus-source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: 'test/support/run.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
  },
});
