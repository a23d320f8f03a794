/** The tables of roles and grants. */
import type { Verb } from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import type { Executor, Tx } from './database.ts';

export interface RoleRow {
  readonly name: string;
  readonly verbs: Verb[];
  readonly description: string;
  readonly version: number;
  readonly people: number;
  readonly changedAt: Date;
  readonly changedBy: string;
}

export interface GrantRow {
  readonly userId: string;
  readonly role: string;
  readonly sysCode: string | null;
}

export type NewGrant = Omit<GrantRow, 'userId'>;

/** The role whose row everybody locks who changes what people may do; it is always there. */
const GATE = 'administrator';

/** Changes of roles, of grants and of who may sign in take turns, so that two cannot each leave the other as the last. */
export async function lockAccess(tx: Tx): Promise<void> {
  await sql`SELECT FROM piculus.roles WHERE name = ${GATE} FOR UPDATE`.execute(tx);
}

/** Whether anybody who can sign in may administer everything. */
export async function someoneAdministers(tx: Tx): Promise<boolean> {
  const found = await sql`
    SELECT FROM piculus.grants g JOIN piculus.roles r ON r.name = g.role JOIN piculus.users u ON u.id = g.user_id
    WHERE g.sys_code IS NULL AND 'administer' = ANY(r.verbs) AND NOT u.banned LIMIT 1`.execute(tx);
  return found.rows.length > 0;
}

const roles = (where: RawBuilder<unknown>): RawBuilder<RoleRow> => sql<RoleRow>`
  SELECT r.name, r.verbs, r.description, r.version, r.changed_at AS "changedAt", r.changed_by AS "changedBy",
    (SELECT count(DISTINCT g.user_id) FROM piculus.grants g WHERE g.role = r.name)::int AS people
  FROM piculus.roles r ${where} ORDER BY r.name`;

export async function readRoles(db: Executor): Promise<RoleRow[]> {
  return (await roles(sql``).execute(db)).rows;
}

export async function readRole(db: Executor, name: string): Promise<RoleRow | undefined> {
  return (await roles(sql`WHERE r.name = ${name}`).execute(db)).rows[0];
}

export interface RoleEdit {
  readonly name: string;
  readonly verbs: readonly Verb[];
  readonly description: string;
  readonly at: Date;
  readonly by: string;
}

/** @returns whether it was made; false where the name is taken, capitals aside. */
export async function insertRole(tx: Tx, role: RoleEdit): Promise<boolean> {
  const made = await sql`
    INSERT INTO piculus.roles (name, verbs, description, changed_at, changed_by)
    VALUES (${role.name}, ${[...role.verbs]}::text[], ${role.description}, ${role.at}::timestamptz, ${role.by})
    ON CONFLICT DO NOTHING`.execute(tx);
  return Number(made.numAffectedRows ?? 0) > 0;
}

export async function updateRole(tx: Tx, role: RoleEdit): Promise<void> {
  await sql`
    UPDATE piculus.roles SET verbs = ${[...role.verbs]}::text[], description = ${role.description},
      version = version + 1, changed_at = ${role.at}::timestamptz, changed_by = ${role.by}
    WHERE name = ${role.name}`.execute(tx);
}

export async function deleteRole(tx: Tx, name: string): Promise<void> {
  await sql`DELETE FROM piculus.roles WHERE name = ${name}`.execute(tx);
}

/** @param userIds null: of everybody. */
export async function readGrants(db: Executor, userIds: readonly string[] | null): Promise<GrantRow[]> {
  const whose = userIds === null ? sql`true` : sql`user_id = ANY(${[...userIds]}::text[])`;
  const found = await sql<GrantRow>`
    SELECT user_id AS "userId", role, sys_code AS "sysCode" FROM piculus.grants
    WHERE ${whose} ORDER BY role, sys_code NULLS FIRST`.execute(db);
  return found.rows;
}

/** What a person's grants allow, a row each. */
export async function readAllowed(
  db: Executor,
  userId: string,
): Promise<{ verbs: Verb[]; sysCode: string | null }[]> {
  const found = await sql<{ verbs: Verb[]; sysCode: string | null }>`
    SELECT r.verbs, g.sys_code AS "sysCode" FROM piculus.grants g JOIN piculus.roles r ON r.name = g.role
    WHERE g.user_id = ${userId}`.execute(db);
  return found.rows;
}

/** Adds grants that the person does not have yet. */
export async function insertGrants(
  tx: Tx,
  userId: string,
  given: { readonly grants: readonly NewGrant[]; readonly at: Date; readonly by: string },
): Promise<void> {
  const rows = given.grants.map(({ role, sysCode }) => ({ role, sys_code: sysCode }));
  await sql`
    INSERT INTO piculus.grants (user_id, role, sys_code, granted_at, granted_by)
    SELECT ${userId}, role, sys_code, ${given.at}::timestamptz, ${given.by}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS given(role text, sys_code text)
    ON CONFLICT DO NOTHING`.execute(tx);
}

/** Takes away all grants of the person but these. */
export async function deleteOtherGrants(tx: Tx, userId: string, kept: readonly NewGrant[]): Promise<void> {
  const rows = kept.map(({ role, sysCode }) => ({ role, sys_code: sysCode }));
  await sql`
    DELETE FROM piculus.grants g WHERE g.user_id = ${userId} AND NOT EXISTS (
      SELECT FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS kept(role text, sys_code text)
      WHERE kept.role = g.role AND kept.sys_code IS NOT DISTINCT FROM g.sys_code)`.execute(tx);
}

/** @returns of the names given, those that are no role and no system. */
export async function findMissing(
  tx: Tx,
  asked: { readonly roles: readonly string[]; readonly sysCodes: readonly string[] },
): Promise<{ roles: string[]; sysCodes: string[] }> {
  const found = await sql<{ roles: string[]; sysCodes: string[] }>`SELECT
    ARRAY(SELECT name FROM unnest(${[...asked.roles]}::text[]) AS given(name)
          EXCEPT SELECT name FROM piculus.roles) AS roles,
    ARRAY(SELECT code FROM unnest(${[...asked.sysCodes]}::text[]) AS given(code)
          EXCEPT SELECT sys_code FROM piculus.systems) AS "sysCodes"`.execute(tx);
  return found.rows[0] ?? { roles: [], sysCodes: [] };
}
