/** The table piculus.command_refusals: which clients refused commands as not surely the server's. */
import { sql } from 'kysely';
import type { Executor } from './database.ts';

export interface CommandRefusal {
  readonly sysCode: string;
  readonly clientId: string;
  readonly code: string;
  readonly at: Date;
}

/** @returns whether none was told since `quietSince`, so that people must be told. */
export async function countRefusal(
  db: Executor,
  { sysCode, clientId, code, at }: CommandRefusal,
  quietSince: Date,
): Promise<boolean> {
  const found = await sql<{ quiet: boolean }>`
    WITH before AS (
      SELECT last_at FROM piculus.command_refusals
      WHERE sys_code = ${sysCode} AND client_id = ${clientId} AND code = ${code}
    )
    INSERT INTO piculus.command_refusals (sys_code, client_id, code, first_at, last_at, refusals)
    VALUES (${sysCode}, ${clientId}, ${code}, ${at}, ${at}, 1)
    ON CONFLICT (sys_code, client_id, code)
      DO UPDATE SET last_at = excluded.last_at, refusals = command_refusals.refusals + 1
    RETURNING NOT EXISTS (SELECT 1 FROM before WHERE last_at > ${quietSince}::timestamptz) AS quiet`.execute(
    db,
  );
  return found.rows[0]?.quiet ?? true;
}

export interface RefusalSum {
  readonly sysCode: string;
  readonly code: string;
  readonly clients: string;
  readonly lastAt: Date;
}

export async function refusalsSince(db: Executor, since: Date): Promise<RefusalSum[]> {
  const found = await sql<RefusalSum>`
    SELECT sys_code AS "sysCode", code, count(*)::text AS clients, max(last_at) AS "lastAt"
    FROM piculus.command_refusals WHERE last_at > ${since}
    GROUP BY sys_code, code ORDER BY sys_code, code`.execute(db);
  return found.rows;
}

/** Those that are no alarm any more. */
export async function deleteRefusalsBefore(db: Executor, before: Date): Promise<void> {
  await sql`DELETE FROM piculus.command_refusals WHERE last_at < ${before}`.execute(db);
}
