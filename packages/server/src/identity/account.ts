/** What people do with their own password and sessions, and administrators with those of others. */
import { PiculusError } from '@piculus/protocol';
import type { SessionInfo } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, requireFresh } from '../base/access.ts';
import type { Account, Context } from '../base/services.ts';
import type { Tx } from '../store/database.ts';
import { committed } from '../store/pool.ts';
import {
  deleteSession,
  deleteSessions,
  type SessionRow,
  selectSessions,
  setAuthenticated,
} from '../store/sessions.ts';
import { selectPasswordHash, selectUser, setPassword, type UserRow } from '../store/users.ts';
import { IDLE_MS } from './auth.ts';
import type { Guessing } from './guessing.ts';
import { type Hashing, randomPassword, weakness } from './passwords.ts';

export interface AccountParts {
  readonly guessing: Guessing;
  readonly hashing: Hashing;
}

export function createAccount(
  context: Pick<Context, 'db' | 'clock' | 'steps'>,
  parts: AccountParts,
): Account {
  const { db, clock } = context;
  const { guessing, hashing } = parts;

  /** The act is written with what it changes. */
  function act<T>(
    caller: Caller,
    name: string,
    target: UserRow,
    change: (tx: Tx, at: Date) => Promise<T>,
  ): Promise<T> {
    const at = clock.now();
    return committed(context, 'act', async (tx) => {
      const result = await change(tx, at);
      await writeAudit(tx, { at, actor: caller.actor, act: name, target: `user:${target.username}` });
      return result;
    });
  }

  /** @throws PiculusError `invalid-field` naming `field`; TooManyTries. */
  async function prove(caller: Caller, password: string, field: string): Promise<UserRow> {
    const { sessionId, user } = await own(caller);
    const attempt = await guessing.within(sessionId);
    const passwordHash = await selectPasswordHash(db, user.id);
    if (passwordHash === null || !(await hashing.verify(passwordHash, password))) {
      await act(caller, 'confirm-refused', user, async () => {});
      const reason = { en: 'this is not your current password', zh: '当前密码不正确' };
      throw new PiculusError('invalid-field', undefined, [{ field, reason }]);
    }
    await attempt.right(null);
    return user;
  }

  async function own(caller: Caller): Promise<{ sessionId: string; user: UserRow }> {
    const { sessionId, userId } = caller;
    if (sessionId === undefined || userId === null)
      throw new PiculusError('not-allowed', 'only a person who is signed in can do this');
    return { sessionId, user: await find(userId) };
  }

  async function find(id: string): Promise<UserRow> {
    const user = await selectUser(db, id);
    if (user === undefined) throw new PiculusError('not-found', 'there is no such user');
    return user;
  }

  async function sessionsOf(userId: string, caller: Caller): Promise<SessionInfo[]> {
    const now = clock.now();
    const rows = await selectSessions(db, userId, { now, seenSince: new Date(now.getTime() - IDLE_MS) });
    return rows.map((row) => toSession(row, caller));
  }

  return {
    async confirm({ password }, caller) {
      const { sessionId } = await own(caller);
      const user = await prove(caller, password, 'password');
      await act(caller, 'confirmed', user, (tx, at) => setAuthenticated(tx, sessionId, at));
    },
    async changePassword({ currentPassword, newPassword, endOtherSessions }, caller) {
      const { sessionId } = await own(caller);
      const user = await prove(caller, currentPassword, 'currentPassword');
      const field = 'newPassword';
      const weak = weakness(newPassword, { field, username: user.username });
      if (weak !== null) throw new PiculusError('invalid-field', undefined, [weak]);
      if (newPassword === currentPassword) {
        const reason = { en: 'is the password you have already', zh: '与当前密码相同' };
        throw new PiculusError('invalid-field', undefined, [{ field, reason }]);
      }
      const passwordHash = await hashing.hash(newPassword);
      await act(caller, 'password-changed', user, async (tx, at) => {
        await setPassword(tx, user.id, { passwordHash, oneTime: false, at });
        await setAuthenticated(tx, sessionId, at);
        if (endOtherSessions) await deleteSessions(tx, user.id, sessionId);
      });
    },
    async sessions(caller) {
      const { user } = await own(caller);
      return sessionsOf(user.id, caller);
    },
    async endSession(id, caller) {
      const { user } = await own(caller);
      // One that has ended already is what was wanted.
      await act(caller, 'session-ended', user, (tx) => deleteSession(tx, user.id, id));
    },
    async endOtherSessions(caller) {
      const { user, sessionId } = await own(caller);
      return act(caller, 'sessions-ended', user, (tx) => deleteSessions(tx, user.id, sessionId));
    },
    async sessionsOf(userId, caller) {
      return sessionsOf((await find(userId)).id, caller);
    },
    async endSessionsOf(userId, caller) {
      const user = await find(userId);
      const except = user.id === caller.userId ? (caller.sessionId ?? null) : null;
      return act(caller, 'sessions-ended', user, (tx) => deleteSessions(tx, user.id, except));
    },
    async resetPassword(userId, caller) {
      requireFresh(caller, clock.now());
      const user = await find(userId);
      if (user.id === caller.userId)
        throw new PiculusError('wrong-state', 'change your own password; another administrator can reset it');
      const password = randomPassword(clock);
      const passwordHash = await hashing.hash(password);
      await act(caller, 'password-reset', user, async (tx, at) => {
        await setPassword(tx, user.id, { passwordHash, oneTime: true, at });
        await deleteSessions(tx, user.id);
      });
      return { username: user.username, password };
    },
  };
}

function toSession(row: SessionRow, caller: Caller): SessionInfo {
  return {
    id: row.id,
    current: row.id === caller.sessionId,
    device: row.device === null || row.device === '' ? null : row.device,
    address: row.address === null || row.address === '' ? null : row.address,
    startedAt: row.startedAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  };
}
