/** The demo's own mark in each of its databases: what it booked there. Without it, a database is not ours. */
import { z } from 'zod';
import type { Executor } from '../shared/database.ts';
import type { DatabaseName } from './options.ts';

/** What was booked: enough to make the same plan again. */
export const bookedSchema = z.object({
  transactions: z.string().nullable(),
  orders: z.number().int(),
  anomalies: z.number().int(),
  seed: z.number().int(),
  now: z.iso.datetime(),
});
export type Booked = z.infer<typeof bookedSchema>;

/**
 * `empty`: nothing is in there. `ours`: our mark is, with what was booked, or null where the first start was cut
 * before that. `foreign`: tables of somebody else.
 */
export type DatabaseState =
  | { readonly kind: 'empty' | 'foreign' }
  | { readonly kind: 'ours'; readonly booked: Booked | null };

export async function inspect(db: Executor, part: DatabaseName): Promise<DatabaseState> {
  const marked = await db.query<{ found: string | null }>(
    `select to_regclass('piculus_demo.marker')::text as found`,
  );
  if (marked.rows[0]?.found) {
    const rows = await db.query<{ booked: unknown }>(
      'select booked from piculus_demo.marker where part = $1',
      [part],
    );
    const row = rows.rows[0];
    if (row !== undefined)
      return { kind: 'ours', booked: row.booked === null ? null : bookedSchema.parse(row.booked) };
  }
  const tables = await db.query<{ some: boolean }>(
    `select exists (
       select from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     ) as some`,
  );
  return { kind: tables.rows[0]?.some === true ? 'foreign' : 'empty' };
}

/** Marks an empty database as the demo's, before anything else is made in it. */
export async function claim(db: Executor, part: DatabaseName): Promise<void> {
  await db.query('create schema if not exists piculus_demo');
  await db.query(
    `create table if not exists piculus_demo.marker (part text primary key, booked jsonb, claimed_at timestamptz not null)`,
  );
  await db.query(
    'insert into piculus_demo.marker (part, claimed_at) values ($1, now()) on conflict (part) do nothing',
    [part],
  );
}

/** In the transaction of the booking itself. */
export async function markBooked(tx: Executor, part: DatabaseName, booked: Booked): Promise<void> {
  await tx.query('update piculus_demo.marker set booked = $2::text::jsonb where part = $1', [
    part,
    JSON.stringify(booked),
  ]);
}
