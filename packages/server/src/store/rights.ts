/**
 * Which rights the server needs on the tables. With a role of its own that owns nothing, it can add to the records and
 * not change them; the role that migrates owns them.
 */
import { sql } from 'kysely';
import type { Database, Executor } from './database.ts';
import { transaction } from './pool.ts';

/** Only added to, never changed: the acts, what is told by rows of their own, and the chain over all of them. */
export const APPEND_ONLY = [
  'audit',
  'audit_blocks',
  'audit_block_rows',
  'audit_checkpoints',
  'executions',
  'reports',
  'solution_versions',
  'approval_policies',
] as const;

/** Statements that give a role what the server needs; safe to run again, also after an upgrade. */
export function grantsFor(role: string): string[] {
  const name = `"${role.replaceAll('"', '""')}"`;
  const appendOnly = APPEND_ONLY.map((table) => `piculus.${table}`).join(', ');
  return [
    `GRANT USAGE ON SCHEMA piculus TO ${name}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA piculus TO ${name}`,
    `REVOKE UPDATE, DELETE, TRUNCATE ON ${appendOnly} FROM ${name}`,
    `REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON piculus.migrations FROM ${name}`,
    `GRANT EXECUTE ON FUNCTION piculus.make_messages_of(date), piculus.drop_messages_of(date) TO ${name}`,
  ];
}

/** Call on the owner's connection. */
export async function grantRights(owner: Database, role: string): Promise<void> {
  await transaction(owner, async (tx) => {
    for (const statement of grantsFor(role)) await sql.raw(statement).execute(tx);
  });
}

export async function readRole(db: Executor): Promise<string> {
  const found = await sql<{ role: string }>`SELECT current_user::text AS role`.execute(db);
  return found.rows[0]?.role ?? '';
}

/** Whether this connection's role can do no more than add to the records. */
export async function isAppendOnly(db: Executor): Promise<boolean> {
  const found = await sql<{ able: boolean }>`
    SELECT bool_or(has_table_privilege('piculus.' || name, 'UPDATE') OR has_table_privilege('piculus.' || name, 'DELETE')
      OR has_table_privilege('piculus.' || name, 'TRUNCATE')
      OR pg_has_role((SELECT relowner FROM pg_class WHERE oid = ('piculus.' || name)::regclass), 'MEMBER')) AS able
    FROM unnest(${[...APPEND_ONLY]}::text[]) AS given(name)`.execute(db);
  return found.rows[0]?.able === false;
}
