/**
 * Requests for a second person: asked for, listed, approved, rejected, taken back. To approve is to carry out, in one
 * transaction: what was asked for is done exactly as it was shown, or not at all.
 */
import { PiculusError } from '@piculus/protocol';
import type { Approval, Preview } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import type { Caller } from '../base/access.ts';
import { afterId, pageOf } from '../base/paging.ts';
import type { ApprovalsRoom, Context } from '../base/services.ts';
import {
  type ApprovalRow,
  insertApproval,
  listApprovals,
  lockPolicy,
  type NewApproval,
  overdueApprovals,
  readApproval,
  readPolicy,
} from '../store/approvals.ts';
import type { Tx } from '../store/database.ts';
import { committed, transaction } from '../store/pool.ts';
import { afterwards } from '../base/done.ts';
import { announceApproval, approve, end, expire, reject, withdraw } from './decide.ts';
import { approvalHash, commandHash } from './hash.ts';
import { isAlone, policyView, setPolicyIn } from './policy.ts';
import { type Asked, prepare } from './prepare.ts';
import { approvalView, isVisible } from './views.ts';
import { asNeed } from './words.ts';

/** Evidence of a day ago says little; whoever still wants it asks again. */
const VALID_MS = 24 * 3_600_000;

export function createApprovals(context: Context): ApprovalsRoom {
  const { db, clock } = context;
  const one = async (id: string, caller: Caller): Promise<Approval> => {
    const row = await readApproval(db, id);
    if (row === null || !isVisible(row, caller)) throw new PiculusError('not-found');
    return approvalView(row, caller, clock.now());
  };
  return {
    list: async ({ limit, after, tab, state }, caller) => {
      const now = clock.now();
      const rows = await listApprovals(db, {
        tab,
        states: state ?? null,
        userId: caller.userId,
        view: caller.scope('view'),
        approve: caller.scope('approve'),
        now,
        before: afterId(after),
        limit: limit + 1,
      });
      const { items, next } = pageOf(rows, limit);
      return { items: items.map((row) => approvalView(row, caller, now)), next };
    },
    get: one,
    need: (command, caller) =>
      transaction(db, async (tx) => {
        const { needs } = await prepare(tx, context, { command, caller, reason: 'asked for' });
        return needs.map(asNeed);
      }),
    create: async (asked, plan) => one(await create(context, asked, plan), asked.caller),
    approve: async (id, { hash, reason }, caller) => {
      await approve(context, id, { hash, reason, caller });
      return one(id, caller);
    },
    reject: async (id, reason, caller) => {
      await reject(context, id, { reason, caller });
      return one(id, caller);
    },
    withdraw: async (id, reason, caller) => {
      await withdraw(context, id, { reason, caller });
      return one(id, caller);
    },
    expire: () => expire(context),
    policy: async (caller) => policyView(await readPolicy(db), await isAlone(db, caller, clock.now())),
    setPolicy: async (input, caller) =>
      afterwards(await committed(context, 'act', (tx) => setPolicyIn(tx, context, input, caller, null))),
  };
}

async function create(context: Context, asked: Asked, plan: Preview | null): Promise<string> {
  const { command, caller, reason } = asked;
  const { userId, via } = caller;
  if (userId === null || via === 'policy') throw new PiculusError('not-allowed', 'a person asks a person');
  const { id, row } = await committed(context, 'act', async (tx) => {
    const at = context.clock.now();
    await endOverdue(tx, at);
    const prepared = await prepare(tx, context, asked);
    if (prepared.needs.length === 0)
      throw new PiculusError('wrong-state', 'one person may do this; nobody has to approve it');
    const { version } = await lockPolicy(tx);
    const expiresAt = new Date(at.getTime() + VALID_MS);
    const approvable = {
      command,
      evidence: prepared.evidence,
      preview: { ...prepared.preview, plan },
      policyVersion: version,
      requestedById: userId,
      expiresAt,
    };
    const made: NewApproval = {
      ...approvable,
      kind: command.kind,
      commandHash: commandHash(command),
      needs: prepared.needs.map(asNeed),
      sysCodes: [...prepared.sysCodes],
      reason,
      requestedBy: caller.actor,
      requestedVia: via,
      requestedFrom: caller.from,
      requestedAt: at,
      hash: approvalHash(approvable),
    };
    const newId = await insertApproval(tx, made, prepared.problemIds);
    if (newId === null) throw new PiculusError('already-exists', 'somebody has asked for the same already');
    await writeAudit(tx, {
      at,
      actor: caller.actor,
      act: 'request-approval',
      target: `approval:${newId}`,
      sysCode: made.sysCodes.length === 1 ? (made.sysCodes[0] ?? null) : null,
      problemId: command.kind === 'run' || command.kind === 'reopen' ? command.problemId : null,
      reason,
      detail: { kind: made.kind, command, hash: made.hash.toString('hex'), needs: prepared.needs },
    });
    return { id: newId, row: made };
  });
  announceApproval(context, id, row.sysCodes);
  return id;
}

/** What nobody decided about in time must not stand in the way of asking again. */
async function endOverdue(tx: Tx, at: Date): Promise<ApprovalRow[]> {
  const rows = await overdueApprovals(tx, at);
  for (const row of rows) await end(tx, row, { state: 'expired', at, reason: 'nobody decided in time' });
  return rows;
}
