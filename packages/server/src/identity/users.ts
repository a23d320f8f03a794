/** Users: people who may sign in. They are disabled, never deleted, because the audit names them. */
import { PiculusError } from '@piculus/protocol';
import type { User } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { requireFresh } from '../base/access.ts';
import type { Clock } from '../base/clock.ts';
import type { Context, Users } from '../base/services.ts';
import type { Database } from '../store/database.ts';
import { committed, transaction } from '../store/pool.ts';
import { revokeTokensOf } from '../store/tokens.ts';
import { deleteSessions } from '../store/sessions.ts';
import {
  insertUser,
  selectUser,
  selectUserByName,
  selectUsers,
  setPassword,
  setUserBanned,
  type UserRow,
} from '../store/users.ts';
import { changeAccess, grantsBy, grantsOf, replaceGrants, textOf } from './grants.ts';
import { ADMINISTRATOR } from './roles.ts';
import { ARGON2ID, type Hashing, randomPassword, weakness } from './passwords.ts';

export const FIRST_USERNAME = 'admin';

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    enabled: !row.banned,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
    passwordIsOneTime: row.one_time_password,
    secondFactor: row.two_factor_enabled,
  };
}

export function createUsers(context: Pick<Context, 'db' | 'clock' | 'steps'>, hashing: Hashing): Users {
  const { db, clock } = context;
  return {
    list: async () => {
      const [rows, grants] = await Promise.all([selectUsers(db), grantsBy(db, null)]);
      return rows.map((row) => ({ ...toUser(row), grants: [...(grants.get(row.id) ?? [])] }));
    },
    grantsOf: (id) => grantsOf(db, id),
    async create(input, caller) {
      const { actor } = caller;
      requireFresh(caller, clock.now());
      const weak = weakness(input.password, { field: 'password', username: input.username });
      if (weak !== null) throw new PiculusError('invalid-field', undefined, [weak]);
      const passwordHash = await hashing.hash(input.password);
      const at = clock.now();
      return committed(context, 'act', async (tx) => {
        const row = await insertUser(tx, {
          id: clock.uuid(),
          username: input.username,
          name: input.name,
          passwordHash,
          at,
        });
        if (row === null) throw new PiculusError('already-exists', `there is a user ${input.username}`);
        await replaceGrants(tx, row.id, { grants: input.grants, at, by: actor });
        const grants = await grantsOf(tx, row.id);
        await writeAudit(tx, {
          at,
          actor,
          act: 'user-created',
          target: `user:${row.username}`,
          after: { grants },
        });
        return { ...toUser(row), grants };
      });
    },
    async setEnabled(id, enabled, { actor }) {
      const at = clock.now();
      return committed(context, 'act', (tx) =>
        changeAccess(tx, async () => {
          const row = await setUserBanned(tx, id, !enabled, at);
          if (row === null) throw new PiculusError('not-found', 'there is no such user');
          if (!enabled) {
            await deleteSessions(tx, id);
            await revokeTokensOf(tx, id, at);
          }
          await writeAudit(tx, {
            at,
            actor,
            act: enabled ? 'user-enabled' : 'user-disabled',
            after: { enabled },
            target: `user:${row.username}`,
          });
          return { ...toUser(row), grants: await grantsOf(tx, id) };
        }),
      );
    },
    async setGrants(id, { before, grants }, caller) {
      const at = clock.now();
      requireFresh(caller, at);
      return committed(context, 'act', (tx) =>
        changeAccess(tx, async () => {
          const row = await selectUser(tx, id);
          if (row === undefined) throw new PiculusError('not-found', 'there is no such user');
          const held = await grantsOf(tx, id);
          if (textOf(held) !== textOf(before))
            throw new PiculusError('wrong-state', 'what this user may do was changed meanwhile');
          await replaceGrants(tx, id, { grants, at, by: caller.actor });
          const after = await grantsOf(tx, id);
          await writeAudit(tx, {
            at,
            actor: caller.actor,
            act: 'grants-changed',
            target: `user:${row.username}`,
            before: { grants: held },
            after: { grants: after },
          });
          return { ...toUser(row), grants: after };
        }),
      );
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
  const passwordHash = await ARGON2ID.hash(password);
  const at = clock.now();
  return transaction(db, async (tx) => {
    const user = { id: clock.uuid(), username: FIRST_USERNAME, name: 'Administrator', passwordHash, at };
    // Another server process on the same database may be first; then its password is the one that counts.
    if ((await insertUser(tx, user)) === null) return null;
    const grants = [{ role: ADMINISTRATOR, sysCode: null }];
    await replaceGrants(tx, user.id, { grants, at, by: 'policy:first-start' });
    await writeAudit(tx, {
      at,
      actor: 'policy:first-start',
      act: 'user-created',
      target: `user:${FIRST_USERNAME}`,
      after: { grants },
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
  const passwordHash = await ARGON2ID.hash(password);
  const at = clock.now();
  await transaction(db, async (tx) => {
    const user = await selectUserByName(tx, username);
    if (user === undefined) throw new PiculusError('not-found', `there is no user ${username}`);
    await setPassword(tx, user.id, { passwordHash, oneTime: true, at });
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
