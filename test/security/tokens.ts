import { randomBytes } from 'node:crypto';
import type { Database } from '../../packages/server/src/store/database.ts';
import { transaction } from '../../packages/server/src/store/pool.ts';
import { insertToken } from '../../packages/server/src/store/tokens.ts';
import { selectUserByName } from '../../packages/server/src/store/users.ts';

/** @returns the id of a token that this person could have, whatever they may do now. */
export async function tokenOf(db: Database, username: string | null): Promise<string> {
  const user = username === null ? undefined : await selectUserByName(db, username);
  if (user === undefined) return '1';
  const createdAt = new Date();
  return transaction(db, (tx) =>
    insertToken(tx, {
      userId: user.id,
      name: 'x',
      prefix: 'pic_xxxx',
      hash: randomBytes(32),
      verbs: ['view'],
      sysCodes: null,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + 3_600_000),
    }),
  );
}
