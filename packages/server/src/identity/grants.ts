/** Which roles people hold where, and that somebody always may administer everything. */
import { PiculusError } from '@piculus/protocol';
import type { RoleGrant } from '@piculus/protocol/http';
import { type Scope, scopesOf } from '../base/access.ts';
import type { Executor, Tx } from '../store/database.ts';
import {
  deleteOtherGrants,
  findMissing,
  type GrantRow,
  insertGrants,
  lockAccess,
  readAllowed,
  readGrants,
  someoneAdministers,
} from '../store/roles.ts';
import type { Verb } from '@piculus/protocol';

/** What a person may do where, as their grants say at this moment. */
export async function readScopes(db: Executor, userId: string): Promise<(verb: Verb) => Scope> {
  return scopesOf(await readAllowed(db, userId));
}

/** @returns each person's grants by their id. @param userIds null: of everybody who has any. */
export async function grantsBy(
  db: Executor,
  userIds: readonly string[] | null,
): Promise<ReadonlyMap<string, readonly RoleGrant[]>> {
  const by = new Map<string, RoleGrant[]>();
  for (const { userId, role, sysCode } of await readGrants(db, userIds)) {
    const grants = by.get(userId) ?? [];
    grants.push({ role, sysCode });
    by.set(userId, grants);
  }
  return by;
}

/** @returns the person's grants, by role and system. */
export async function grantsOf(db: Executor, userId: string): Promise<RoleGrant[]> {
  return (await readGrants(db, [userId])).map(asGrant);
}

const asGrant = ({ role, sysCode }: GrantRow): RoleGrant => ({ role, sysCode });

/** The same grants in the same words have the same text, in whatever order and however often they are named. */
export const textOf = (grants: readonly RoleGrant[]): string =>
  [...new Set(grants.map(({ role, sysCode }) => JSON.stringify([role, sysCode])))].sort().join();

/**
 * Gives the person these grants and no others.
 * @throws PiculusError `invalid-field` where a role or a system does not exist.
 */
export async function replaceGrants(
  tx: Tx,
  userId: string,
  given: { readonly grants: readonly RoleGrant[]; readonly at: Date; readonly by: string },
): Promise<void> {
  await refuseMissing(tx, given.grants);
  await deleteOtherGrants(tx, userId, given.grants);
  await insertGrants(tx, userId, given);
}

async function refuseMissing(tx: Tx, grants: readonly RoleGrant[]): Promise<void> {
  const roles = [...new Set(grants.map(({ role }) => role))];
  const sysCodes = [...new Set(grants.flatMap(({ sysCode }) => (sysCode === null ? [] : [sysCode])))];
  const missing = await findMissing(tx, { roles, sysCodes });
  const fields = [
    ...missing.roles.map((name) => ({ en: `there is no role "${name}"`, zh: `没有角色“${name}”` })),
    ...missing.sysCodes.map((code) => ({ en: `there is no system ${code}`, zh: `没有系统组别 ${code}` })),
  ].map((reason) => ({ field: 'grants', reason }));
  if (fields.length > 0) throw new PiculusError('invalid-field', undefined, fields);
}

/**
 * Makes a change of what people may do, one at a time over all servers.
 * @throws PiculusError `wrong-state` where nobody would be left who can sign in and administer everything.
 */
export async function changeAccess<T>(tx: Tx, change: () => Promise<T>): Promise<T> {
  await lockAccess(tx);
  const changed = await change();
  if (await someoneAdministers(tx)) return changed;
  throw new PiculusError('wrong-state', 'the last person who can administer everything stays', [
    {
      field: 'grants',
      reason: {
        en: 'somebody who can sign in has to administer all systems',
        zh: '必须至少保留一位可登录且管理所有系统的人员',
      },
    },
  ]);
}
