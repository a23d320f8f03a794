/** Every call of the store that the differential test draws. */
import { type Operation, stores } from '../operations.ts';
import { approvalOperations } from './approvals.ts';
import { collectOperations } from './collects.ts';
import { limitOperations, retentionOperations } from './limits.ts';
import { messageOperations } from './messages.ts';
import { nodeOperations } from './nodes.ts';
import { problemOperations } from './problems.ts';
import { runOperations } from './runs.ts';
import { systemOperations } from './systems.ts';

export const OPERATIONS: readonly Operation[] = [
  ...approvalOperations,
  ...collectOperations,
  ...limitOperations,
  ...messageOperations,
  ...nodeOperations,
  ...problemOperations,
  ...retentionOperations,
  ...runOperations,
  ...systemOperations,
];

/** What is not drawn, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'claims.IS_TOO_LARGE': 'a part of statements',
  'pool.openPool': 'the connection itself',
  'pool.transaction': 'around every step',
  'retention.createMessagePartitions': 'changes tables',
  'retention.deleteDefaultMessages': 'only what is logged',
  'retention.dropMessagePartitions': 'changes tables',
  'retention.messagePartitions': 'reads the catalogue of PostgreSQL',
  'nodes.findNodeWithFix': 'of two clients as fresh it may take either',
  'nodes.leave': 'begins a transaction of its own',
  'nodes.retireSilentNodes': 'begins a transaction of its own',
  'fencing.fenced': 'around other statements',
  'fencing.lifted': 'a part of statements',
  'fencing.notNewer': 'a part of statements',
  'fencing.requireNotNewer': 'no statement',
  'bulk-runs.countSettled': 'a part of statements',
  'bulk-runs.whyRefused': 'a part of statements',
  'leases.leasedItems': 'a part of statements',
  'problem-counts.CountDeltas': 'no statement',
  'report-counts.keepReportCounts': 'by applyCountDeltas',
  'problem-ages.keepProblemAges': 'by applyCountDeltas',
  'execution-counts.keepExecutionCounts': 'by applyCountDeltas',
  'ticks.WAITS_FOR_TICK': 'a part of statements',
  'unattended-counts.placeKey': 'no statement',
  'unattended-counts.NOTHING_USED': 'no statement',
  'approvals.ASKS_PERSON': 'a part of statements',
};

/** Functions of these files that nobody has written a drawing for. */
export function notDrawn(): string[] {
  const drawn = new Set(OPERATIONS.map(({ name }) => name));
  const functions = Object.entries(stores).flatMap(([file, exported]) =>
    Object.keys(exported).map((name) => `${file}.${name}`),
  );
  return functions.filter((name) => !drawn.has(name) && !(name in LEFT_OUT));
}
