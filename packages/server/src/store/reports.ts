/** One row per stored `problems` message, and what it changed. */
import { sql } from 'kysely';
import type { Executor, Tx } from './database.ts';

export interface ReportIdentity {
  readonly commandId: string;
  readonly epoch: number;
  readonly sequence: number;
}
export interface ReportCounts {
  readonly inserted: number;
  readonly seenAgain: number;
  readonly reopened: number;
}
/** A problem whose state a report changed. */
export interface ReportChange {
  readonly problemId: string;
  readonly from: string;
  readonly to: string;
}

export async function findReport(
  tx: Tx,
  { commandId, epoch, sequence }: ReportIdentity,
): Promise<ReportCounts | null> {
  const found = await sql<ReportCounts>`
    SELECT inserted, seen_again AS "seenAgain", reopened FROM piculus.reports
    WHERE command_id = ${commandId} AND epoch = ${epoch} AND sequence = ${sequence}`.execute(tx);
  return found.rows[0] ?? null;
}

export async function insertReport(
  tx: Tx,
  report: ReportIdentity & ReportCounts & { clientId: string; at: Date; changes: readonly ReportChange[] },
): Promise<void> {
  await sql`
    INSERT INTO piculus.reports
      (command_id, epoch, sequence, client_id, received_at, inserted, seen_again, reopened, changes)
    VALUES (${report.commandId}, ${report.epoch}, ${report.sequence}, ${report.clientId}, ${report.at},
      ${report.inserted}, ${report.seenAgain}, ${report.reopened}, ${JSON.stringify(report.changes)}::text::jsonb)
  `.execute(tx);
}

/** Ids of the reports that changed the state of one problem, oldest first. */
export async function idsOfReportsThatChanged(
  db: Executor,
  problemId: string,
  limit: number,
): Promise<string[]> {
  const wanted = JSON.stringify([{ problemId }]);
  const found = await sql<{ id: string }>`
    SELECT id FROM piculus.reports WHERE changes <> '[]' AND changes @> ${wanted}::text::jsonb
    ORDER BY id LIMIT ${limit}`.execute(db);
  return found.rows.map(({ id }) => id);
}

/** The reports that changed the state of one problem, oldest first. */
export async function reportsThatChanged(
  db: Executor,
  problemId: string,
  limit: number,
): Promise<{ at: Date; clientId: string; commandId: string; change: ReportChange }[]> {
  const wanted = JSON.stringify([{ problemId }]);
  const found = await sql<{ at: Date; clientId: string; commandId: string; changes: ReportChange[] }>`
    SELECT received_at AS at, client_id AS "clientId", command_id AS "commandId", changes
    FROM piculus.reports WHERE changes <> '[]' AND changes @> ${wanted}::text::jsonb
    ORDER BY id DESC LIMIT ${limit}`.execute(db);
  return found.rows
    .reverse()
    .flatMap(({ changes, ...row }) =>
      changes.filter((change) => change.problemId === problemId).map((change) => ({ ...row, change })),
    );
}
