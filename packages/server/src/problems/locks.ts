/** The locks of the systems that problems belong to; see ../store/locks.ts for what they keep apart. */
import type { Tx } from '../store/database.ts';
import { lockSystems } from '../store/locks.ts';
import { problemsByIds } from '../store/problems.ts';

export async function lockSystemsOf(tx: Tx, ids: readonly string[]): Promise<void> {
  const sysCodes = [...new Set((await problemsByIds(tx, ids)).map(({ sysCode }) => sysCode))];
  if (sysCodes.length > 0) await lockSystems(tx, sysCodes);
}
