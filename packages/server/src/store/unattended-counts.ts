/** What ticks handed out, by the minute. Kept under the system's lock, so that two claims cannot both slip under. */
import { sql } from 'kysely';
import { startOf } from '../base/slots.ts';
import type { Executor, Tx } from './database.ts';
import type { Deletion } from './retention.ts';
import { Sums } from './sums.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface Counted {
  readonly currency: string;
  readonly amountMinor: string;
}

export interface HandedOut {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly at: Date;
  readonly items: readonly Counted[];
}

export async function countUnattended(tx: Tx, { sysCode, fixCode, at, items }: HandedOut): Promise<void> {
  const sums = new Sums(['currency'], ['executions', 'amount_minor']);
  for (const { currency, amountMinor } of items) sums.change([currency], [1n, BigInt(amountMinor)]);
  await sql`
    INSERT INTO piculus.unattended_counts AS c (slot, sys_code, fix_code, currency, executions, amount_minor)
    SELECT ${startOf(at, MINUTE_MS)}::timestamptz, ${sysCode}, ${fixCode}, currency, executions, amount_minor
    FROM jsonb_to_recordset(${JSON.stringify(sums.rows())}::text::jsonb) AS given(
      currency char(3), executions bigint, amount_minor numeric(30))
    ON CONFLICT (sys_code, slot, fix_code, currency) DO UPDATE SET
      executions = c.executions + excluded.executions, amount_minor = c.amount_minor + excluded.amount_minor
  `.execute(tx);
}

/** What came back unused. An amount cannot have changed: problems under a lease are only seen, never refreshed. */
export async function uncountUnattended(
  tx: Tx,
  lease: { readonly sysCode: string; readonly fixCode: string; readonly leasedAt: Date },
  problemIds: readonly string[],
): Promise<void> {
  await sql`
    UPDATE piculus.unattended_counts c
    SET executions = c.executions - given.executions, amount_minor = c.amount_minor - given.amount_minor
    FROM (SELECT currency, count(*) AS executions, sum(amount_minor) AS amount_minor FROM piculus.problems
          WHERE id = ANY(${[...problemIds]}::bigint[]) GROUP BY currency) AS given
    WHERE c.sys_code = ${lease.sysCode} AND c.slot = ${startOf(lease.leasedAt, MINUTE_MS)}::timestamptz
      AND c.fix_code = ${lease.fixCode} AND c.currency = given.currency`.execute(tx);
}

/** Executions and amounts by currency. */
export interface Used {
  readonly executions: number;
  readonly amounts: ReadonlyMap<string, bigint>;
}
export const NOTHING_USED: Used = { executions: 0, amounts: new Map() };

/** Of the minutes that reach into the last 60. @param fixCode null: over all solutions of the system. */
export async function unattendedOfHour(
  db: Executor,
  place: { readonly sysCode: string; readonly fixCode: string | null },
  now: Date,
): Promise<Used> {
  const ofFix = place.fixCode === null ? sql`` : sql`AND fix_code = ${place.fixCode}`;
  const found = await sql<{ currency: string; executions: string; amountMinor: string }>`
    SELECT currency, sum(executions) AS executions, sum(amount_minor) AS "amountMinor"
    FROM piculus.unattended_counts WHERE sys_code = ${place.sysCode} AND slot > ${hourBefore(now)}::timestamptz ${ofFix}
    GROUP BY currency`.execute(db);
  return usedOf(found.rows);
}

/** The same of every solution, under `sysCode fixCode`, and of every system, under `sysCode`. */
export async function unattendedOfAll(db: Executor, now: Date): Promise<ReadonlyMap<string, Used>> {
  const found = await sql<{
    sysCode: string;
    fixCode: string | null;
    currency: string;
    executions: string;
    amountMinor: string;
  }>`
    SELECT sys_code AS "sysCode", fix_code AS "fixCode", currency, sum(executions) AS executions,
      sum(amount_minor) AS "amountMinor"
    FROM piculus.unattended_counts WHERE slot > ${hourBefore(now)}::timestamptz
    GROUP BY GROUPING SETS ((sys_code, fix_code, currency), (sys_code, currency))`.execute(db);
  const byPlace = new Map<string, (typeof found.rows)[number][]>();
  for (const row of found.rows) {
    const key = placeKey(row.sysCode, row.fixCode);
    byPlace.set(key, [...(byPlace.get(key) ?? []), row]);
  }
  return new Map([...byPlace].map(([key, rows]) => [key, usedOf(rows)]));
}

export const placeKey = (sysCode: string, fixCode: string | null): string =>
  fixCode === null ? sysCode : `${sysCode} ${fixCode}`;

function usedOf(rows: readonly { currency: string; executions: string; amountMinor: string }[]): Used {
  const nonZero = rows.filter(({ amountMinor }) => BigInt(amountMinor) !== 0n);
  return {
    executions: rows.reduce((sum, { executions }) => sum + Number(executions), 0),
    amounts: new Map(nonZero.map(({ currency, amountMinor }) => [currency, BigInt(amountMinor)])),
  };
}

/** A minute counts as long as any of it lies within the hour. */
const hourBefore = (now: Date): Date => new Date(now.getTime() - HOUR_MS - MINUTE_MS);

export const deleteOldUnattendedCounts: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.unattended_counts WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.unattended_counts WHERE slot < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};
