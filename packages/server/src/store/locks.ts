/**
 * The lock that keeps reports, claims and acts of people on one system's problems apart. Results do not take
 * it: the open lease already keeps everybody else away from its problems.
 */
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Tx } from './database.ts';
import { within } from './scope.ts';

/** @returns whether there is such a system and it is enabled; null where there is none. */
export async function lockSystem(tx: Tx, sysCode: string): Promise<{ enabled: boolean } | null> {
  const found = await sql<{ enabled: boolean }>`
    SELECT enabled FROM piculus.systems WHERE sys_code = ${sysCode} FOR NO KEY UPDATE`.execute(tx);
  return found.rows[0] ?? null;
}

/** Several systems, or all; always in one order, so that two callers cannot hold each other up. */
export async function lockSystems(tx: Tx, sysCodes: readonly string[] | null): Promise<void> {
  const filter = sysCodes === null ? sql`` : sql`WHERE sys_code = ANY(${[...sysCodes]}::text[])`;
  await sql`SELECT 1 FROM piculus.systems ${filter} ORDER BY sys_code FOR NO KEY UPDATE`.execute(tx);
}

/** The systems of these problems. Systems out of the scope are not held up by somebody who may not see them. */
export async function lockSystemsOf(tx: Tx, problemIds: readonly string[], scope: Scope): Promise<void> {
  await sql`
    SELECT 1 FROM piculus.systems
    WHERE sys_code IN (SELECT p.sys_code FROM piculus.problems p WHERE p.id = ANY(${[...problemIds]}::bigint[]))
      AND ${within(sql`sys_code`, scope)}
    ORDER BY sys_code FOR NO KEY UPDATE`.execute(tx);
}
