/** What needs a second person is refused to one, and done once another one has agreed. */
import { PiculusError, type ErrorCode } from '@piculus/protocol';
import type { ApprovalCommand } from '@piculus/protocol/http';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choosePolicy } from '../../../../test/support/approval-policy.ts';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { CAREFUL_RULES } from '../../src/approvals/rules.ts';
import type { Caller } from '../../src/base/access.ts';
import { CAREFUL, UNLIMITED } from '../../src/limits/rules.ts';
import { createStats } from '../../src/stats/index.ts';
import { FIX, SYSTEM } from '../executions/world.ts';
import { type ApprovalWorld, openApprovals } from './world.ts';

const SOLUTION = {
  sysCode: SYSTEM,
  fixCode: 'anotherFix',
  maxRetries: 1,
  retryCron: '0 0/10 * * * ?',
  timeZone: 'UTC',
  executionMode: 'automatic',
  status: 'enabled',
  level: 'normal',
  description: '',
} as const;

const refusal = async (work: Promise<unknown>): Promise<ErrorCode | 'done'> =>
  work.then(
    () => 'done' as const,
    (error: unknown) => {
      if (error instanceof PiculusError) return error.code;
      throw error;
    },
  );

describe.each(TEST_ENGINES)('two people on %s', (engine) => {
  let world: ApprovalWorld;
  let key = 0;
  const next = (): string => {
    key += 1;
    return `order-${key}`;
  };
  const requests = async (): Promise<{ problemId: string; approvalId: string | null }[]> => {
    const found = await sql<{ problemId: string; approvalId: string | null }>`
      SELECT problem_id AS "problemId", approval_id AS "approvalId" FROM piculus.run_requests ORDER BY id`.execute(
      world.database.db,
    );
    return found.rows;
  };
  const run = (id: string, caller: Caller = world.requester) =>
    world.problems.runBulk([id], caller, 'because');

  /** Everything that clients are handed out now. */
  const handedOut = async (): Promise<string[]> => {
    const ids: string[] = [];
    for (;;) {
      const command = await world.executions.claim(world.session(), 500);
      if (command === null) return ids;
      ids.push(...command.items.map(({ problemId }) => problemId));
    }
  };

  beforeAll(async () => {
    world = await openApprovals(engine);
    await world.solution({ executionMode: 'manual' });
  });
  afterAll(() => world.close());

  it('lets one person run what is small, and refuses the rest without a trace', async () => {
    const small = await world.problem(next(), '500000');
    const large = await world.problem(next(), '500001');
    expect(await refusal(run(small))).toBe('done');
    const before = await requests();
    expect(await refusal(run(large))).toBe('approval-required');
    expect(await refusal(world.problems.run([large], world.requester, 'because'))).toBe('approval-required');
    const filter = { filter: { businessKey: `order-${key}` }, expectedCount: 1, reason: 'because' };
    expect(await refusal(world.problems.runMatching(filter, world.requester))).toBe('approval-required');
    expect(await requests()).toEqual(before);
  });

  it('says why before anybody clicks', async () => {
    const foreign = await world.problem(next(), '1', { currency: 'USD' });
    const taking = await world.problem(next(), '1', { scenario: 'C2' });
    const needs = async (ids: string[]) =>
      (await world.approvals.need({ kind: 'run-many', ids }, world.requester)).map(({ cause }) => cause);
    expect(await needs([foreign])).toEqual(['amount', 'day-amount']);
    expect(await needs([taking])).toEqual(['takes-from-customer']);
    const many = await Promise.all(Array.from({ length: 21 }, () => world.problem(next(), '1')));
    expect(await needs(many)).toEqual(['bulk-problems']);
    expect(await needs(many.slice(1))).toEqual([]);
    const sums = await Promise.all(Array.from({ length: 5 }, () => world.problem(next(), '450000')));
    expect(await needs(sums)).toEqual(['bulk-amount']);
  });

  it.each(['run', 'run-many', 'run-matching'] as const)(
    '%s: another person agrees, and it runs',
    async (kind) => {
      const id = await world.problem(next(), '700000');
      const command: Record<typeof kind, ApprovalCommand> = {
        run: { kind: 'run', problemId: id },
        'run-many': { kind: 'run-many', ids: [id] },
        'run-matching': { kind: 'run-matching', filter: { businessKey: `order-${key}` }, expectedCount: 1 },
      };
      const asked = await world.ask(command[kind]);
      expect(asked).toMatchObject({ state: 'open', cannotDecide: 'own-request', mayWithdraw: true });
      expect(asked.preview).toMatchObject({ problems: 1, amounts: [{ amountMinor: '700000' }] });
      expect((await world.problems.get(id, world.requester)).approvalId).toBe(asked.id);
      const done = await world.agree(asked);
      expect(done).toMatchObject({ state: 'approved', decidedBy: 'approver' });
      expect((await requests()).at(-1)).toEqual({ problemId: id, approvalId: asked.id });
      expect(await handedOut()).toContain(id);
      const { history } = await world.problems.get(id, world.requester);
      expect(history).toContainEqual(
        expect.objectContaining({
          act: 'run',
          actor: 'requester',
          detail: expect.objectContaining({ approvalId: asked.id }),
        }),
      );
    },
  );

  it('is never decided by who asked, by a token, by an old sign-in, or without the permission', async () => {
    const asked = await world.ask({ kind: 'run', problemId: await world.problem(next(), '700000') });
    const { requester, approver } = world;
    expect(await refusal(world.agree(asked, requester))).toBe('not-allowed');
    // Another session of hers is still hers.
    expect(await refusal(world.agree(asked, { ...requester, sessionId: 'other' }))).toBe('not-allowed');
    expect(await refusal(world.agree(asked, { ...approver, via: 'token' }))).toBe('not-allowed');
    expect(await refusal(world.agree(asked, { ...approver, authenticatedAt: null }))).toBe(
      'reauthentication-required',
    );
    const views: Caller = { ...approver, scope: (verb) => (verb === 'view' ? 'all' : new Set()) };
    expect(await refusal(world.agree(asked, views))).toBe('not-allowed');
    const elsewhere: Caller = { ...approver, scope: () => new Set(['OTHER']) };
    expect(await refusal(world.agree(asked, elsewhere))).toBe('not-found');
    expect(await refusal(world.agree({ ...asked, hash: '0'.repeat(64) }, approver))).toBe('wrong-state');
    expect((await world.approvals.get(asked.id, approver)).state).toBe('open');
    expect(
      await refusal(
        world.ask({ kind: 'run', problemId: asked.preview.sample[0]?.problemId ?? '' }, approver),
      ),
    ).toBe('already-exists');
    expect((await world.approvals.reject(asked.id, 'no', approver)).state).toBe('rejected');
    expect(await refusal(world.agree(asked))).toBe('wrong-state');
  });

  it('is void once anything about it changed', async () => {
    const changes: Record<string, (id: string, businessKey: string) => Promise<unknown>> = {
      'the problem': (_id, businessKey) => world.problem(businessKey, '700001'),
      'its state': (id) => world.problems.close(id, world.requester, 'not any more'),
      'the policy': () => choosePolicy(world.database.db, { mode: 'careful' }),
      'the requester': () =>
        sql`DELETE FROM piculus.grants WHERE user_id = 'id-of-leaver'`.execute(world.database.db),
      'the request itself': (id) =>
        sql`ALTER TABLE piculus.approvals DISABLE TRIGGER approvals_kept`
          .execute(world.database.db)
          .then(() =>
            sql`UPDATE piculus.approvals SET reason = 'x', evidence = evidence || '{"x": 1}'
              WHERE command ->> 'problemId' = ${id}`.execute(world.database.db),
          )
          .then(() =>
            sql`ALTER TABLE piculus.approvals ENABLE TRIGGER approvals_kept`.execute(world.database.db),
          ),
    };
    const leaver = await world.person('leaver');
    for (const [what, change] of Object.entries(changes)) {
      const businessKey = next();
      const id = await world.problem(businessKey, '700000');
      const asked = await world.ask(
        { kind: 'run', problemId: id },
        what === 'the requester' ? leaver : world.requester,
      );
      await change(id, businessKey);
      expect([what, (await world.agree(asked)).state]).toEqual([what, 'void']);
    }
    // A collect that reads the same facts again changes nothing.
    const businessKey = next();
    const id = await world.problem(businessKey, '700000');
    const asked = await world.ask({ kind: 'run', problemId: id });
    world.clock.pass(1_000);
    await world.problem(businessKey, '700000');
    expect((await world.agree(asked)).state).toBe('approved');
  });

  it('expires', async () => {
    const asked = await world.ask({ kind: 'run', problemId: await world.problem(next(), '700000') });
    world.clock.pass(24 * 3_600_000);
    expect((await world.approvals.get(asked.id, world.approver)).state).toBe('expired');
    expect(await refusal(world.agree(asked))).toBe('wrong-state');
    await world.approvals.expire();
    const { items } = await world.approvals.list(
      { tab: 'history', state: ['expired'], limit: 10 },
      world.approver,
    );
    expect(items.map(({ id }) => id)).toContain(asked.id);
  });

  it('is looked at again when it is handed out', async () => {
    const businessKey = next();
    const id = await world.problem(businessKey, '700000');
    await world.agree(await world.ask({ kind: 'run', problemId: id }));
    await world.problem(businessKey, '700001');
    expect(await handedOut()).not.toContain(id);
    expect((await requests()).map(({ problemId }) => problemId)).not.toContain(id);
    const { history } = await world.problems.get(id, world.requester);
    expect(history.at(-1)).toMatchObject({ act: 'run-dropped', actor: 'policy:approvals' });
  });

  it('keeps ticks from what asks for a person, and says so in lists and figures', async () => {
    const solution = await world.solution({ fixCode: 'rechargeTimeoutFixServiceImpl' });
    const of = { fixCode: 'rechargeTimeoutFixServiceImpl' };
    const small = await world.problem(next(), '500000', { ...of, scenario: 'C4' });
    const large = await world.problem(next(), '500001', { ...of, scenario: 'C4' });
    const any = await world.problem(next(), '99999999', { ...of, scenario: 'C5' });
    const never = await world.problem(next(), '1', { ...of, scenario: 'C2' });
    world.clock.pass(1_000);
    await world.tick(solution);
    const claimed = await world.executions.claim(world.session(), 500);
    expect(claimed?.items.map(({ problemId }) => problemId)).toEqual([small, any]);
    const filter = { fixCode: [of.fixCode], waitReason: ['approval'] } as const;
    const { items } = await world.problems.list(
      { ...filter, fixCode: [...filter.fixCode], waitReason: [...filter.waitReason], limit: 10 },
      world.requester,
    );
    expect(items.map(({ id }) => id).sort()).toEqual([large, never].sort());
    expect(items.every(({ waitReason }) => waitReason === 'approval')).toBe(true);
    const none = { all: () => [], bySystem: () => [] };
    const { waits } = await createStats(world.context).read(none, world.requester);
    expect(waits).toContainEqual({ waitReason: 'approval', problems: 2 });
  });

  it('asks two for what is done to solutions, and one for what makes them do less', async () => {
    const { solutions, requester } = world;
    expect(await refusal(solutions.create(SOLUTION, requester))).toBe('approval-required');
    expect(await refusal(solutions.import({ items: [SOLUTION], dryRun: false }, requester))).toBe(
      'approval-required',
    );
    expect(await refusal(solutions.import({ items: [SOLUTION], dryRun: true }, requester))).toBe('done');
    expect((await world.agree(await world.ask({ kind: 'create-solution', solution: SOLUTION }))).state).toBe(
      'approved',
    );
    const made = (await solutions.list({}, requester)).find(({ fixCode }) => fixCode === SOLUTION.fixCode);
    const id = made?.id ?? '';
    expect(made?.changedBy).toBe('requester');
    const limits = (await world.limits.list(requester)).find(({ fixCode }) => fixCode === SOLUTION.fixCode);
    expect(limits).toMatchObject({ settings: CAREFUL, changedBy: 'policy:careful' });
    expect(await refusal(solutions.change(id, { maxRetries: 2 }, requester))).toBe('approval-required');
    expect(await refusal(solutions.change(id, { description: 'words' }, requester))).toBe('done');
    expect(await refusal(solutions.change(id, { executionMode: 'manual' }, requester))).toBe('done');
    expect(await refusal(solutions.change(id, { executionMode: 'automatic' }, requester))).toBe(
      'approval-required',
    );
    expect(await refusal(solutions.change(id, { status: 'disabled' }, requester))).toBe('done');
    expect(await refusal(solutions.change(id, { status: 'enabled' }, requester))).toBe('approval-required');
    expect(await refusal(solutions.remove(id, requester))).toBe('approval-required');
    const enabling = await world.ask({ kind: 'change-solution', id, change: { status: 'enabled' } });
    expect(enabling.preview.changes).toEqual([
      { what: SOLUTION.fixCode, field: 'status', from: 'disabled', to: 'enabled' },
    ]);
    await solutions.change(id, { description: 'other words' }, requester);
    expect((await world.agree(enabling)).state).toBe('void');
    expect((await world.agree(await world.ask({ kind: 'delete-solution', id }))).state).toBe('approved');
  });

  it('asks two for raising limits, and one for lowering them', async () => {
    const place = { sysCode: SYSTEM, fixCode: FIX, reason: 'because' };
    const set = (version: number, settings: typeof CAREFUL) =>
      refusal(world.limits.set({ ...place, version, settings }, world.requester));
    const before =
      (await world.limits.list(world.requester)).find(({ fixCode }) => fixCode === FIX)?.version ?? 0;
    expect(await set(before, CAREFUL)).toBe('done');
    expect(await set(before + 1, { ...CAREFUL, executionsPerHour: 21 })).toBe('approval-required');
    expect(await set(before + 1, UNLIMITED)).toBe('approval-required');
    const { reason: _, ...rest } = place;
    const asked = await world.ask({ kind: 'set-limits', ...rest, version: before + 1, settings: UNLIMITED });
    expect((await world.agree(asked)).state).toBe('approved');
    // What was asked for under one policy is not agreed to under another.
    const raised = { ...CAREFUL, executionsPerHour: 21 };
    expect(await set(before + 2, CAREFUL)).toBe('done');
    const late = await world.ask({ kind: 'set-limits', ...rest, version: before + 3, settings: raised });
    await choosePolicy(world.database.db, { mode: 'careful' });
    expect((await world.agree(late)).state).toBe('void');
  });

  it('asks two for reopening what was fixed', async () => {
    const id = await world.problem(next(), '1');
    await sql`UPDATE piculus.problems SET state = 'fixed' WHERE id = ${id}`.execute(world.database.db);
    expect(await refusal(world.problems.reopen(id, world.requester, 'because'))).toBe('approval-required');
    expect((await world.agree(await world.ask({ kind: 'reopen', problemId: id }))).state).toBe('approved');
    expect((await world.problems.get(id, world.requester)).reopened).toBe(true);
  });

  it('asks two for another policy, unless somebody works alone', async () => {
    const { approvals, requester, approver } = world;
    const { version } = await approvals.policy(requester);
    const loose = { version, mode: 'as-configured', singlePerson: false, rules: CAREFUL_RULES } as const;
    const alone = { ...loose, singlePerson: true, reason: 'because' };
    expect(await refusal(approvals.setPolicy({ ...loose, reason: 'because' }, requester))).toBe(
      'approval-required',
    );
    expect(await refusal(approvals.setPolicy(alone, requester))).toBe('approval-required');
    const views: Caller = { ...requester, scope: (verb) => (verb === 'administer' ? new Set() : 'all') };
    expect(await refusal(approvals.setPolicy(alone, views))).toBe('not-allowed');
    const asked = await world.ask({ kind: 'change-policy', policy: loose });
    expect(asked.sysCodes).toEqual([]);
    const ofOne: Caller = { ...approver, scope: () => new Set([SYSTEM]) };
    expect(await refusal(world.agree(asked, ofOne))).toBe('not-found');
    expect((await world.agree(asked)).state).toBe('approved');
    expect((await approvals.policy(requester)).effective).toBeNull();
    // Nothing needs two now, so tightening does not either.
    expect(
      await refusal(
        approvals.setPolicy({ ...loose, version: version + 1, mode: 'careful', reason: 'x' }, requester),
      ),
    ).toBe('done');
    await sql`UPDATE piculus.users SET banned = true, updated_at = ${world.clock.now()} WHERE username <> 'requester'`.execute(
      world.database.db,
    );
    const again = { ...alone, version: version + 2 };
    expect(await refusal(approvals.setPolicy(again, requester))).toBe('approval-required');
    world.clock.pass(8 * 86_400_000);
    expect((await approvals.policy(requester)).nobodyElse).toBe(true);
    expect(await refusal(approvals.setPolicy(again, { ...requester, authenticatedAt: null }))).toBe(
      'reauthentication-required',
    );
    expect(await refusal(approvals.setPolicy(again, requester))).toBe('done');
    expect(await refusal(run(await world.problem(next(), '99999999')))).toBe('done');
  });
});
