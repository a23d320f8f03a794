/**
 * The order of the test files: those that take longest first. A fresh clone knows no durations, and a long file that
 * begins last runs alone while the other workers rest. Those that share a process come behind the others, in one row: a
 * worker keeps its process only for a next file of the same kind.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Minutes and half minutes; among the others the order makes little difference. */
const LONGEST: readonly string[] = [
  'test/simulation/short.test.ts',
  'test/crash-points/crash-points.test.ts',
  'test/crash-points/acts.test.ts',
  'examples/pbap/test/pbap/conformance.test.ts',
  'test/browser/every-page.test.ts',
  'test/browser/live.test.ts',
  'test/browser/payloads.test.ts',
  'test/e2e/demo-profiles.test.ts',
  'test/e2e/demo-program.test.ts',
  'test/security/matrix.test.ts',
  'test/security/scope.test.ts',
  'packages/server/test/executions/model.test.ts',
  'packages/server/test/approvals/model.test.ts',
  'packages/server/test/stats/figures.test.ts',
  'packages/server/test/gateway/back-pressure.test.ts',
  'packages/server/test/executions/fencing.test.ts',
  'packages/server/test/bulk-runs/bulk-runs.test.ts',
  'packages/server/test/collections/collections.test.ts',
  'test/transports/conformance.test.ts',
  'test/docs/first-fix.test.ts',
  'test/deploy/backup.test.ts',
  'test/simulation/differential/differential.test.ts',
];

/** Projects of vitest.config.ts. */
const SHARING = ['browser', 'together'];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const known = await super.sort(files);
    return known.toSorted((a, b) => sharesOf(a) - sharesOf(b) || placeOf(a) - placeOf(b));
  }
}

function sharesOf({ project }: TestSpecification): number {
  const { isolate, name } = project.config;
  return isolate ? 0 : 1 + SHARING.indexOf(name ?? '');
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONGEST.findIndex((path) => moduleId.endsWith(`/${path}`));
  return place < 0 ? LONGEST.length : place;
}
