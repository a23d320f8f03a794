/**
 * Somebody asks for unmasked values. The act is written before the question goes out: who might have seen them is
 * told even where the answer is lost. The values themselves pass through and are kept nowhere.
 */
import { PiculusError } from '@piculus/protocol';
import { writeAudits } from '../audit/audit.ts';
import { type Caller, requireFresh, requireThere } from '../base/access.ts';
import type { Context, RevealQuestion } from '../base/services.ts';
import { transaction } from '../store/pool.ts';
import { listedByIds } from '../store/problem-lists.ts';

export interface Reveal {
  readonly id: string;
  readonly caller: Caller;
  readonly fields: readonly string[];
  readonly reason: string;
}

/** @throws PiculusError `not-found`, `not-allowed`, `reason-required`, `reauthentication-required`. */
export async function recordReveal(
  { db, clock }: Context,
  { id, caller, fields, reason }: Reveal,
): Promise<RevealQuestion> {
  if (reason.trim() === '') throw new PiculusError('reason-required');
  return transaction(db, async (tx) => {
    const at = clock.now();
    const [row] = await listedByIds(tx, [id], caller.scope('view'), at);
    if (row === undefined) throw new PiculusError('not-found');
    requireThere(caller, 'administer', row.sysCode);
    requireFresh(caller, at);
    const { actor } = caller;
    const { sysCode, fixCode, businessKey } = row;
    const detail = { fields: [...fields] };
    await writeAudits(tx, [{ at, actor, act: 'reveal', sysCode, problemId: id, reason, detail }]);
    return { sysCode, fixCode, businessKey };
  });
}
