/** Users: people who may sign in. They are disabled, never deleted, because the audit names them. */
import { PiculusError } from '@piculus/protocol';
import type { User } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import type { Clock } from '../base/clock.ts';
import type { Context, Users } from '../base/services.ts';
import type { Database } from '../store/database.ts';
import { transaction } from '../store/pool.ts';
import { deleteSessions } from '../store/sessions.ts';
import {
  insertUser,
  lockEnabledUsers,
  selectUserByName,
  selectUsers,
  setPassword,
  setUserBanned,
  type UserRow,
} from '../store/users.ts';
import { hashPassword, randomPassword } from './passwords.ts';

export const FIRST_USERNAME = 'admin';

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    role: row.role,
    enabled: !row.banned,
    createdAt: row.created_at.toISOString(),
  };
}

export function createUsers({ db, clock }: Pick<Context, 'db' | 'clock'>): Users {
  return {
    list: async () => (await selectUsers(db)).map(toUser),
    async create(input, { actor }) {
      const passwordHash = await hashPassword(input.password);
      const at = clock.now();
      return transaction(db, async (tx) => {
        const row = await insertUser(tx, {
          id: clock.uuid(),
          username: input.username,
          name: input.name,
          passwordHash,
          at,
        });
        if (row === null) throw new PiculusError('already-exists', `there is a user ${input.username}`);
        await writeAudit(tx, { at, actor, act: 'user-created', target: `user:${row.username}` });
        return toUser(row);
      });
    },
    async setEnabled(id, enabled, { actor }) {
      const at = clock.now();
      return transaction(db, async (tx) => {
        const able = await lockEnabledUsers(tx);
        if (!enabled && able.length === 1 && able[0] === id) {
          throw new PiculusError('wrong-state', 'the last user who can sign in stays enabled');
        }
        const row = await setUserBanned(tx, id, !enabled, at);
        if (row === null) throw new PiculusError('not-found', 'there is no such user');
        if (!enabled) await deleteSessions(tx, id);
        await writeAudit(tx, {
          at,
          actor,
          act: enabled ? 'user-enabled' : 'user-disabled',
          after: { enabled },
          target: `user:${row.username}`,
        });
        return toUser(row);
      });
    },
  };
}

/**
 * Makes the administrator where there is nobody at all.
 * @returns the one-time password, which is stored nowhere; null where there are users already.
 */
export async function createFirstUser(db: Database, clock: Clock): Promise<string | null> {
  if ((await selectUsers(db)).length > 0) return null;
  const password = randomPassword(clock);
  const passwordHash = await hashPassword(password);
  const at = clock.now();
  return transaction(db, async (tx) => {
    const user = { id: clock.uuid(), username: FIRST_USERNAME, name: 'Administrator', passwordHash, at };
    // Another server process on the same database may be first; then its password is the one that counts.
    if ((await insertUser(tx, user)) === null) return null;
    await writeAudit(tx, {
      at,
      actor: 'policy:first-start',
      act: 'user-created',
      target: `user:${FIRST_USERNAME}`,
    });
    return password;
  });
}

/**
 * Gives the administrator a new random password, enables the account and ends its sessions. For whoever has
 * the server's machine and database in hand.
 * @returns the new password, which is stored nowhere. @throws PiculusError `not-found`, `database-away`.
 */
export async function resetPassword(db: Database, clock: Clock, username = FIRST_USERNAME): Promise<string> {
  const password = randomPassword(clock);
  const passwordHash = await hashPassword(password);
  const at = clock.now();
  await transaction(db, async (tx) => {
    const user = await selectUserByName(tx, username);
    if (user === undefined) throw new PiculusError('not-found', `there is no user ${username}`);
    await setPassword(tx, user.id, passwordHash, at);
    await setUserBanned(tx, user.id, false, at);
    await deleteSessions(tx, user.id);
    await writeAudit(tx, {
      at,
      actor: 'policy:password-reset',
      act: 'password-reset',
      target: `user:${username}`,
    });
  });
  return password;
}
