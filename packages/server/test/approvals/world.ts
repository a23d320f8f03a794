/** A small world where two people are needed: the careful policy, people of the database, rooms. */
import type { ApprovalCommand, Approval } from '@piculus/protocol/http';
import { sql } from 'kysely';
import { choosePolicy } from '../../../../test/support/approval-policy.ts';
import type { TestEngine } from '../../../../test/support/database.ts';
import { createApprovals } from '../../src/approvals/index.ts';
import { type Caller, fullScope } from '../../src/base/access.ts';
import type { ApprovalsRoom, LimitsRoom, Solutions } from '../../src/base/services.ts';
import { createLimits } from '../../src/limits/index.ts';
import { createSolutions } from '../../src/solutions/index.ts';
import { openWorld, order, type World } from '../executions/world.ts';

export interface ApprovalWorld extends World {
  readonly approvals: ApprovalsRoom;
  readonly solutions: Solutions;
  readonly limits: LimitsRoom;
  /** Somebody who may do everything, signed in just now. */
  person(name: string): Promise<Caller>;
  /** Somebody who asks, and somebody else who may agree. */
  readonly requester: Caller;
  readonly approver: Caller;
  /** Reports a problem of this amount. @returns its id. */
  problem(businessKey: string, amountMinor: string, more?: Parameters<typeof order>[2]): Promise<string>;
  ask(command: ApprovalCommand, by?: Caller): Promise<Approval>;
  agree(approval: Approval, by?: Caller): Promise<Approval>;
}

export async function openApprovals(engine: TestEngine = 'postgres'): Promise<ApprovalWorld> {
  const world = await openWorld(engine);
  const { context, database, clock } = world;
  await choosePolicy(database.db, { mode: 'careful' });
  const approvals = createApprovals(context);
  const person = async (name: string): Promise<Caller> => {
    const userId = `id-of-${name}`;
    await sql`INSERT INTO piculus.users (id, name, email, username, updated_at)
      VALUES (${userId}, ${name}, ${`${name}@local`}, ${name}, ${clock.now()})`.execute(database.db);
    await sql`INSERT INTO piculus.grants (user_id, role, sys_code, granted_by)
      VALUES (${userId}, 'administrator', NULL, 'test')`.execute(database.db);
    return fresh({
      actor: name,
      userId,
      via: 'session',
      from: '192.0.2.1',
      authenticatedAt: null,
      scope: fullScope(),
    });
  };
  // The clock stands where the test puts it; who is signed in stays so.
  const fresh = (caller: Caller): Caller => ({
    ...caller,
    get authenticatedAt() {
      return clock.now();
    },
  });
  const requester = await person('requester');
  const approver = await person('approver');
  return {
    ...world,
    approvals,
    solutions: createSolutions(context),
    limits: createLimits(context),
    person,
    requester,
    approver,
    problem: async (businessKey, amountMinor, more = {}) => {
      await world.report([order(world, businessKey, { amountMinor, ...more })]);
      const found = await sql<{ id: string }>`
        SELECT id FROM piculus.problems WHERE business_key = ${businessKey}`.execute(database.db);
      return found.rows[0]?.id ?? '';
    },
    ask: (command, by = requester) => approvals.create({ command, caller: by, reason: 'it has to be' }, null),
    agree: ({ id, hash }, by = approver) => approvals.approve(id, { hash, reason: 'looked at it' }, by),
  };
}
