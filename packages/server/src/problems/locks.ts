/** The locks of the systems that problems belong to; see ../store/locks.ts for what they keep apart. */
import { inScope, type Scope } from '../base/access.ts';
import type { Tx } from '../store/database.ts';
import { lockSystems } from '../store/locks.ts';
import { problemsByIds } from '../store/problems.ts';

/** Systems out of the scope are not held up by somebody who may not see them. */
export async function lockSystemsOf(tx: Tx, ids: readonly string[], scope: Scope): Promise<void> {
  const found = (await problemsByIds(tx, ids)).map(({ sysCode }) => sysCode);
  const sysCodes = [...new Set(found)].filter((sysCode) => inScope(scope, sysCode));
  if (sysCodes.length > 0) await lockSystems(tx, sysCodes);
}
