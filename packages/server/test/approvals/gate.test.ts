/** The database's own gate: what gets through whatever a program forgets, and what two at the same moment get. */
import { PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choosePolicy } from '../../../../test/support/approval-policy.ts';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { installed } from '../../src/approvals/policy.ts';
import { CAREFUL_RULES } from '../../src/approvals/rules.ts';
import { sqlState } from '../../src/store/availability.ts';
import { lockPolicy, readPolicy, savePolicy } from '../../src/store/approvals.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPool, transaction } from '../../src/store/pool.ts';
import { FIX, order, SYSTEM } from '../executions/world.ts';
import { type ApprovalWorld, openApprovals } from './world.ts';

let world: ApprovalWorld;
let db: Database;
let key = 0;
const problem = (amountMinor: string, more = {}): Promise<string> => {
  key += 1;
  return world.problem(`gate-${key}`, amountMinor, more);
};

beforeAll(async () => {
  world = await openApprovals();
  db = world.database.db;
  await world.solution({ executionMode: 'manual' });
});
afterAll(() => world.close());

/** As a program would that knows nothing of approvals. */
const insert = (problemId: string, approvalId: string | null = null, by = 'requester') =>
  sql`INSERT INTO piculus.run_requests (problem_id, sys_code, fix_code, trigger, requested_by, requested_at, approval_id)
    VALUES (${problemId}::bigint, ${SYSTEM}, ${FIX}, 'click', ${by}, ${world.clock.now()}, ${approvalId}::bigint)`.execute(
    db,
  );
const stateOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => sqlState(error) ?? String(error),
  );

describe('the gate of run requests', () => {
  it('refuses what needs two, by whatever statement', async () => {
    expect(await stateOf(insert(await problem('1')))).toBe('done');
    expect(await stateOf(insert(await problem('500001')))).toBe('PA001');
    expect(await stateOf(insert(await problem('1', { scenario: 'C2' })))).toBe('PA001');
    expect(await stateOf(insert(await problem('1', { currency: 'EUR' })))).toBe('PA001');
    const many = await Promise.all(Array.from({ length: 21 }, () => problem('1')));
    const all = sql`INSERT INTO piculus.run_requests (problem_id, sys_code, fix_code, trigger, requested_by, requested_at)
      SELECT id, sys_code, fix_code, 'bulk', 'requester', ${world.clock.now()}::timestamptz FROM piculus.problems
      WHERE id = ANY(${many}::bigint[])`;
    expect(await stateOf(all.execute(db))).toBe('PA001');
  });

  it('takes no approval that is open, rejected, of another problem, of another person, old or for what changed', async () => {
    const id = await problem('600000');
    const other = await problem('600000');
    const asked = await world.ask({ kind: 'run', problemId: id });
    expect(await stateOf(insert(id, asked.id))).toBe('PA002');
    await world.approvals.reject(asked.id, 'no', world.approver);
    expect(await stateOf(insert(id, asked.id))).toBe('PA002');
    const again = await world.agree(await world.ask({ kind: 'run', problemId: id }));
    expect(again.state).toBe('approved');
    await sql`DELETE FROM piculus.run_requests WHERE problem_id = ${id}`.execute(db);
    expect(await stateOf(insert(other, again.id))).toBe('PA002');
    expect(await stateOf(insert(id, again.id, 'approver'))).toBe('PA002');
    expect(await stateOf(insert(id, again.id))).toBe('done');
    await sql`DELETE FROM piculus.run_requests WHERE problem_id = ${id}`.execute(db);
    await sql`UPDATE piculus.problems SET amount_minor = 600001 WHERE id = ${id}`.execute(db);
    expect(await stateOf(insert(id, again.id))).toBe('PA002');
    await sql`UPDATE piculus.problems SET amount_minor = 600000 WHERE id = ${id}`.execute(db);
    await choosePolicy(db, { mode: 'careful' });
    expect(await stateOf(insert(id, again.id))).toBe('PA002');
  });

  it('lets nobody decide twice, change what was asked, or approve their own', async () => {
    const asked = await world.ask({ kind: 'run', problemId: await problem('600000') });
    const decide = (state: string, by: string) =>
      stateOf(
        sql`UPDATE piculus.approvals SET state = ${state}, decided_by = ${by}, decided_by_id = ${`id-of-${by}`},
          decided_at = ${world.clock.now()} WHERE id = ${asked.id}`.execute(db),
      );
    expect(await decide('approved', 'requester')).toBe('23514');
    expect(await decide('rejected', 'requester')).toBe('23514');
    expect(await decide('withdrawn', 'approver')).toBe('23514');
    expect(
      await stateOf(sql`UPDATE piculus.approvals SET command = '{}' WHERE id = ${asked.id}`.execute(db)),
    ).toBe('23514');
    expect(await decide('rejected', 'approver')).toBe('done');
    expect(await decide('approved', 'approver')).toBe('23514');
    expect(await stateOf(sql`UPDATE piculus.run_requests SET approval_id = ${asked.id}`.execute(db))).toBe(
      '23514',
    );
  });

  it('stops who splits: a thousand below the limit of one come to the limit of a day', async () => {
    const dan = await world.person('dan');
    let allowed = 0n;
    let refused = 0;
    const split = Array.from({ length: 1000 }, (_, index) =>
      order(world, `split-${index}`, { amountMinor: '499999' }),
    );
    for (const from of [0, 500]) await world.report(split.slice(from, from + 500));
    const ids = await sql<{ id: string }>`
      SELECT id FROM piculus.problems WHERE business_key LIKE 'split-%' ORDER BY id`.execute(db);
    expect(ids.rows).toHaveLength(1000);
    for (const [index, { id }] of ids.rows.entries()) {
      // At another minute each, over some hours, by click and as bulk runs in turns.
      world.clock.pass(20_000);
      const work =
        index % 2 === 0
          ? world.problems.run([id], dan, 'because')
          : world.problems.runBulk([id], dan, 'because');
      const code = await work.then(
        () => null,
        (error: unknown) => (error instanceof PiculusError ? error.code : 'unexpected'),
      );
      if (code === null) allowed += 499_999n;
      else {
        expect(code).toBe('approval-required');
        refused += 1;
      }
    }
    expect(allowed).toBeLessThanOrEqual(5_000_000n);
    expect(allowed).toBeGreaterThan(4_500_000n);
    expect(refused).toBe(990);
  });

  it('counts two clicks at the same moment one after the other', async () => {
    const eve = await world.person('eve');
    await world.system('OTHER');
    const ids = await Promise.all(Array.from({ length: 30 }, () => problem('499999')));
    const done = await Promise.allSettled(ids.map((id) => world.problems.run([id], eve, 'because')));
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('gives one execution where fifty approve at once', async () => {
    const id = await problem('600000');
    const asked = await world.ask({ kind: 'run', problemId: id });
    const people = await Promise.all(Array.from({ length: 50 }, (_, index) => world.person(`boss-${index}`)));
    const answers = await Promise.allSettled(people.map((boss) => world.agree(asked, boss)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const found = await sql<{ runs: string; acts: string }>`
      SELECT (SELECT count(*) FROM piculus.run_requests WHERE problem_id = ${id}) AS runs,
        (SELECT count(*) FROM piculus.audit WHERE act = 'approve' AND target = ${`approval:${asked.id}`}) AS acts`.execute(
      db,
    );
    expect(found.rows).toEqual([{ runs: '1', acts: '1' }]);
  });

  it('is as strict about clicks that waited when the policy became stricter', async () => {
    await choosePolicy(db, { mode: 'as-configured' });
    const id = await problem('99999999');
    await world.problems.run([id], world.requester, 'because');
    await choosePolicy(db, { mode: 'careful' });
    const handed: string[] = [];
    for (let command = await world.executions.claim(world.session(), 500); command !== null; ) {
      handed.push(...command.items.map(({ problemId }) => problemId));
      command = await world.executions.claim(world.session(), 500);
    }
    expect(handed.length).toBeGreaterThan(0);
    expect(handed).not.toContain(id);
  });
});

describe('the first policy', () => {
  const policyTables = async (of: Database): Promise<unknown[]> => {
    const found = [
      await sql`SELECT enforced, bulk_problems, limits_one, limits_bulk, limits_day FROM piculus.approval_gate`.execute(
        of,
      ),
      await sql`SELECT what, currency, amount_minor FROM piculus.approval_amounts ORDER BY 1, 2`.execute(of),
      await sql`SELECT scenario FROM piculus.approval_scenarios ORDER BY 1`.execute(of),
      await sql`SELECT scenario, currency, amount_minor FROM piculus.unattended_rules ORDER BY 1, 2`.execute(
        of,
      ),
    ];
    return found.map(({ rows }) => rows);
  };

  it('is careful on a new installation, with the rules of this build', async () => {
    const database = await createTestDatabase();
    const fresh = openDatabase(openPool({ url: database.url, connectionsMax: 2 }));
    try {
      await migrate(fresh);
      const policy = await readPolicy(fresh);
      expect(policy).toMatchObject({
        version: 1,
        mode: 'careful',
        singlePerson: false,
        rules: CAREFUL_RULES,
      });
      const before = await policyTables(fresh);
      await transaction(fresh, async (tx) => {
        const row = { ...(await lockPolicy(tx, 'change')), version: 2 };
        await savePolicy(tx, row, ...installed(row));
      });
      expect(await policyTables(fresh)).toEqual(before);
    } finally {
      await fresh.destroy();
      await database.drop();
    }
  });
});
