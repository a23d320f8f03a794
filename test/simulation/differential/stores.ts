/** The files of the store that the differential test calls by file. */
import * as approvalEvidence from '../../../packages/server/src/store/approval-evidence.ts';
import * as approvals from '../../../packages/server/src/store/approvals.ts';
import * as audit from '../../../packages/server/src/store/audit.ts';
import * as bulkRuns from '../../../packages/server/src/store/bulk-runs.ts';
import * as claims from '../../../packages/server/src/store/claims.ts';
import * as clients from '../../../packages/server/src/store/clients.ts';
import * as collectCommands from '../../../packages/server/src/store/collect-commands.ts';
import * as collections from '../../../packages/server/src/store/collections.ts';
import * as confirmations from '../../../packages/server/src/store/confirmations.ts';
import * as duties from '../../../packages/server/src/store/duties.ts';
import * as executionCounts from '../../../packages/server/src/store/execution-counts.ts';
import * as executions from '../../../packages/server/src/store/executions.ts';
import * as fencing from '../../../packages/server/src/store/fencing.ts';
import * as halts from '../../../packages/server/src/store/halts.ts';
import * as idempotency from '../../../packages/server/src/store/idempotency.ts';
import * as leases from '../../../packages/server/src/store/leases.ts';
import * as limits from '../../../packages/server/src/store/limits.ts';
import * as locks from '../../../packages/server/src/store/locks.ts';
import * as messages from '../../../packages/server/src/store/messages.ts';
import * as nodeMessages from '../../../packages/server/src/store/node-messages.ts';
import * as nodes from '../../../packages/server/src/store/nodes.ts';
import * as ping from '../../../packages/server/src/store/ping.ts';
import * as pool from '../../../packages/server/src/store/pool.ts';
import * as problemAges from '../../../packages/server/src/store/problem-ages.ts';
import * as problemCounts from '../../../packages/server/src/store/problem-counts.ts';
import * as problemLists from '../../../packages/server/src/store/problem-lists.ts';
import * as problems from '../../../packages/server/src/store/problems.ts';
import * as reportCounts from '../../../packages/server/src/store/report-counts.ts';
import * as reports from '../../../packages/server/src/store/reports.ts';
import * as retention from '../../../packages/server/src/store/retention.ts';
import * as runRequests from '../../../packages/server/src/store/run-requests.ts';
import * as solutions from '../../../packages/server/src/store/solutions.ts';
import * as systems from '../../../packages/server/src/store/systems.ts';
import * as ticks from '../../../packages/server/src/store/ticks.ts';
import * as unattendedCounts from '../../../packages/server/src/store/unattended-counts.ts';

export const stores = {
  'approval-evidence': approvalEvidence,
  approvals,
  audit,
  'bulk-runs': bulkRuns,
  claims,
  clients,
  'collect-commands': collectCommands,
  collections,
  confirmations,
  duties,
  'execution-counts': executionCounts,
  executions,
  fencing,
  halts,
  idempotency,
  leases,
  limits,
  locks,
  messages,
  'node-messages': nodeMessages,
  nodes,
  ping,
  pool,
  'problem-ages': problemAges,
  'problem-counts': problemCounts,
  'problem-lists': problemLists,
  problems,
  'report-counts': reportCounts,
  reports,
  retention,
  'run-requests': runRequests,
  solutions,
  systems,
  ticks,
  'unattended-counts': unattendedCounts,
};

export type StoreFile = keyof typeof stores;
