import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/**
 * Tests of packages run one file after the other in the same process: most of a short file's time is the start of a
 * process and the reading of code. They leave nothing behind there: no variable of the environment, no clock that
 * stands still, nothing in a module. These end processes, measure their own or take long anyhow.
 */
const ALONE = [
  'packages/client/test/client/delivery.test.ts',
  'packages/embedded-database/test/embedded.test.ts',
  'packages/repairs/test/{conformance,properties}.test.ts',
  'packages/server/test/approvals/{gate,model}.test.ts',
  'packages/server/test/audit/tampering.test.ts',
  'packages/server/test/executions/model.test.ts',
  'packages/server/test/http/export.test.ts',
  'packages/server/test/identity/{guessing,sso}.test.ts',
  'packages/server/test/keys/{canaries,rotation,system-keys}.test.ts',
  'packages/server/test/limits/limits.test.ts',
  'packages/server/test/nodes/*.test.ts',
  'packages/server/test/server/*.test.ts',
  'packages/server/test/stats/figures.test.ts',
];

/** What they test is in processes of their own; here is only what drives a browser, which all of them read. */
const BROWSER = ['test/browser/*.test.ts'];

// Tests run on the sources, never on a build that may be stale: every package
// names its sources under the export condition "piculus-source".
const conditions = ['piculus-source'];
const onSources = { resolve: { conditions }, ssr: { resolve: { conditions } } };
const common = {
  testTimeout: 240_000,
  hookTimeout: 240_000,
  expect: { poll: { timeout: 60_000 } },
  pool: 'forks',
} as const;

export default defineConfig({
  test: {
    globalSetup: 'test/support/run.ts',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        ...onSources,
        test: {
          ...common,
          name: 'apart',
          include: ['examples/*/test/**/*.test.ts', 'test/**/*.test.ts', ...ALONE],
          exclude: BROWSER,
        },
      },
      {
        ...onSources,
        test: { ...common, name: 'browser', isolate: false, include: BROWSER },
      },
      {
        ...onSources,
        test: {
          ...common,
          name: 'together',
          isolate: false,
          include: ['packages/*/test/**/*.test.ts'],
          exclude: ALONE,
        },
      },
    ],
  },
});
