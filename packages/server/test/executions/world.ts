/** A small world for tests of the core: a database, a clock that stands still, systems, solutions, sessions. */
import type { FixCommand, FixResult, ProblemReport, ReportedOutcome } from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import { pino } from 'pino';
import {
  type OpenTestDatabase,
  openTestDatabase,
  type TestEngine,
} from '../../../../test/support/database.ts';
import { contextOf } from '../../src/base/context.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Context, Session } from '../../src/base/services.ts';
import { createWake } from '../../src/base/wake.ts';
import { createExecutions, type ExecutionsRoom } from '../../src/executions/index.ts';
import { createProblems } from '../../src/problems/index.ts';
import { type Ingested, ingestReport } from '../../src/problems/ingest.ts';
import type { Problems } from '../../src/base/services.ts';
import { transaction } from '../../src/store/pool.ts';

export const SYSTEM = 'PBAP';
export const FIX = 'interRechargeFixServiceImpl';
export const OTHER_FIX = 'rechargeTimeoutFixServiceImpl';
export const START = new Date('2026-11-20T08:00:00.500Z');

export interface TestClock extends Clock {
  /** Moves the time on. */
  pass(ms: number): void;
}
export function testClock(): TestClock {
  let now = START.getTime();
  return {
    ...systemClock,
    now: () => new Date(now),
    elapsedMs: () => now,
    pass: (ms) => {
      now += ms;
    },
  };
}

export interface SolutionGiven {
  readonly sysCode?: string;
  readonly fixCode?: string;
  readonly maxRetries?: number;
  readonly executionMode?: string;
  readonly status?: string;
  readonly level?: string;
  readonly retryCron?: string;
}

export interface World {
  readonly database: OpenTestDatabase;
  readonly context: Context;
  readonly clock: TestClock;
  readonly problems: Problems;
  readonly executions: ExecutionsRoom;
  readonly published: { topic: string; ids: readonly string[] }[];
  /** Registers a system; `SYSTEM` is there from the start. */
  system(sysCode: string): Promise<void>;
  solution(given?: SolutionGiven): Promise<string>;
  setSolution(id: string, column: 'status' | 'execution_mode', value: string): Promise<void>;
  /** Opens a tick of this solution now, whatever its cron. */
  tick(solutionId: string): Promise<void>;
  report(
    problems: readonly ProblemReport[],
    more?: { commandId?: string; sequence?: number; sysCode?: string },
  ): Promise<Ingested>;
  session(more?: Partial<Session>): Session;
  close(): Promise<void>;
}

export async function openWorld(engine: TestEngine = 'postgres'): Promise<World> {
  const database = await openTestDatabase(engine);
  const { db } = database;
  const clock = testClock();
  const published: { topic: string; ids: readonly string[] }[] = [];
  const context: Context = contextOf({
    db,
    clock,
    log: pino({ level: 'silent' }),
    nodeId: 'node-1',
    events: { publish: ({ topic, ids }) => published.push({ topic, ids }) },
    wake: createWake(systemClock),
  });
  let commands = 0;
  let clients = 0;
  const world: World = {
    database,
    context,
    clock,
    published,
    problems: createProblems(context),
    executions: createExecutions(context),
    system: async (sysCode) => {
      await sql`INSERT INTO piculus.systems (sys_code, name, created_at) VALUES (${sysCode}, ${sysCode}, ${START})`.execute(
        db,
      );
    },
    solution: (given = {}) => insertSolution(world, given),
    setSolution: async (id, column, value) => {
      await sql`UPDATE piculus.solution_versions SET ${sql.ref(column)} = ${value} WHERE solution_id = ${id}`.execute(
        db,
      );
    },
    tick: async (id) => {
      await sql`UPDATE piculus.solutions SET tick_at = ${clock.now()}, tick_cursor = tick_floor - 1, tick_done = false
        WHERE id = ${id}`.execute(db);
    },
    report: (problems, { commandId, sequence = 1, sysCode = SYSTEM } = {}) => {
      commands += 1;
      const batch = {
        sysCode,
        commandId: commandId ?? String(commands),
        epoch: 1,
        sequence,
        clientId: 'client-1',
      };
      return transaction(db, (tx) => ingestReport(tx, { ...batch, at: clock.now(), problems }));
    },
    session: (more = {}) => {
      clients += 1;
      return {
        clientId: `client-${clients}`,
        sysCode: SYSTEM,
        clientVersion: '1.0.0',
        places: 500,
        freePlaces: 500,
        collectors: new Set([FIX, OTHER_FIX]),
        fixes: new Set([FIX, OTHER_FIX]),
        send: () => Promise.resolve(),
        ...more,
      };
    },
    close: () => database.drop(),
  };
  await world.system(SYSTEM);
  return world;
}

async function insertSolution({ database: { db }, clock }: World, given: SolutionGiven): Promise<string> {
  const made = await sql<{ id: string }>`
    INSERT INTO piculus.solutions (sys_code, fix_code, version, tick_at)
    VALUES (${given.sysCode ?? SYSTEM}, ${given.fixCode ?? FIX}, 1, ${clock.now()}) RETURNING id`.execute(db);
  const id = made.rows[0]?.id ?? '';
  await sql`
    INSERT INTO piculus.solution_versions (solution_id, version, max_retries, retry_cron, time_zone, execution_mode,
      status, level, description, changed_at, changed_by)
    VALUES (${id}, 1, ${given.maxRetries ?? 5}, ${given.retryCron ?? '0 0/10 * * * ?'}, 'UTC',
      ${given.executionMode ?? 'automatic'}, ${given.status ?? 'enabled'}, ${given.level ?? 'very-important'}, '',
      ${clock.now()}, 'operator')`.execute(db);
  return id;
}

/** A report of one order, seen by all sides at the clock's time. */
export function order(world: World, businessKey: string, more: Partial<ProblemReport> = {}): ProblemReport {
  const side = (state: string) => ({
    state,
    source: 'test',
    observedAt: world.clock.now().toISOString(),
    fields: {},
  });
  return {
    fixCode: FIX,
    businessKey,
    scenario: 'C1',
    handling: 'fix',
    amountMinor: '70000',
    currency: 'CNY',
    occurredAt: '2026-11-19T08:00:00.000Z',
    outOfPocket: 'customer',
    facts: { order: side('SUCCESS'), ledger: side('none'), bank: side('paid') },
    contradictions: ['order.status', 'ledger.state'],
    ...more,
  };
}

export function orders(world: World, count: number, prefix = 'R'): ProblemReport[] {
  return Array.from({ length: count }, (_, index) => order(world, `${prefix}${index}`));
}

/** The answer of a client to a whole command. */
export function answers(
  world: World,
  command: FixCommand,
  outcome: ReportedOutcome,
  more: Partial<FixResult> = {},
): { leaseId: string; epoch: number; results: FixResult[] } {
  const at = world.clock.now().toISOString();
  const results = command.items.map((item) => ({
    problemId: item.problemId,
    commandKey: item.commandKey,
    ...(item.evidenceHash === undefined ? {} : { evidenceHash: item.evidenceHash }),
    outcome,
    scenario: null,
    reason: 'because',
    effects: [],
    replayed: false,
    verified: true,
    facts: null,
    startedAt: at,
    finishedAt: at,
    ...more,
  }));
  return { leaseId: command.leaseId, epoch: command.epoch, results };
}

export interface Books {
  readonly counts: unknown[];
  readonly ages: unknown[];
  readonly attention: unknown[];
  readonly blocks: unknown[];
  readonly amounts: unknown[];
  readonly executions: unknown[];
}

/** Every book, as kept and as counted anew from the tables that it is of; equal unless something is wrong. */
export async function booksKeptAndReal({ database: { db } }: World): Promise<[kept: Books, real: Books]> {
  const rows = async (query: RawBuilder<unknown>): Promise<unknown[]> => (await query.execute(db)).rows;
  const kept = {
    counts: await rows(sql`
      SELECT sys_code, fix_code, scenario, state, out_of_pocket, currency, problems::text, amount_minor::text
      FROM piculus.problem_counts WHERE problems <> 0 OR amount_minor <> 0 ORDER BY 1, 2, 3, 4, 5, 6`),
    ages: await rows(sql`
      SELECT slot, sys_code, currency, problems::text, amount_minor::text
      FROM piculus.problem_ages WHERE problems <> 0 OR amount_minor <> 0 ORDER BY 1, 2, 3`),
    attention: await rows(sql`
      SELECT problem_id, sys_code, fix_code, state FROM piculus.attention ORDER BY 1`),
    blocks: await rows(sql`
      SELECT block, sys_code, fix_code, scenario, state, problems::text FROM piculus.problem_blocks
      WHERE problems <> 0 ORDER BY 1, 2, 3, 4, 5`),
    amounts: await rows(sql`
      SELECT sys_code, fix_code, scenario, currency, amount_step::text, problems::text FROM piculus.pending_amounts
      WHERE problems <> 0 ORDER BY sys_code, fix_code, scenario, currency, pending_amounts.amount_step`),
    executions: await rows(sql`
      SELECT slot, sys_code, fix_code, outcome, executions::text, to_person::text, retries_used::text
      FROM piculus.execution_counts ORDER BY 1, 2, 3, 4`),
  };
  const real = {
    counts: await rows(sql`
      SELECT sys_code, fix_code, scenario, state, out_of_pocket, currency, count(*)::text AS problems,
        sum(amount_minor)::text AS amount_minor
      FROM piculus.problems GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`),
    ages: await rows(sql`
      SELECT date_bin('5 minutes', first_seen_at, timestamptz '1970-01-01 00:00:00Z') AS slot, sys_code, currency,
        count(*)::text AS problems, sum(amount_minor)::text AS amount_minor
      FROM piculus.problems WHERE state IN ('pending', 'exhausted', 'needs-human') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`),
    attention: await rows(sql`
      SELECT id AS problem_id, sys_code, fix_code, state FROM piculus.problems
      WHERE state IN ('exhausted', 'needs-human') OR reopened ORDER BY 1`),
    blocks: await rows(sql`
      SELECT id / 256 AS block, sys_code, fix_code, scenario, state, count(*)::text AS problems
      FROM piculus.problems GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`),
    amounts: await rows(sql`
      SELECT sys_code, fix_code, scenario, currency, step::text AS amount_step, count(*)::text AS problems
      FROM (SELECT *, piculus.amount_step(abs(amount_minor)) AS step FROM piculus.problems WHERE state = 'pending') AS p
      GROUP BY sys_code, fix_code, scenario, currency, step ORDER BY sys_code, fix_code, scenario, currency, p.step`),
    executions: await rows(sql`
      SELECT date_bin('5 minutes', finished_at, timestamptz '1970-01-01 00:00:00Z') AS slot, sys_code, fix_code, outcome,
        count(*)::text AS executions,
        count(*) FILTER (WHERE state_after IN ('exhausted', 'needs-human'))::text AS to_person,
        count(*) FILTER (WHERE attempt > 1 AND outcome IN ('failed', 'unknown'))::text AS retries_used
      FROM piculus.executions GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`),
  };
  return [kept, real];
}

/** Empties what a test has made of problems; systems and clients stay. */
export async function emptyProblems({ database: { db } }: World): Promise<void> {
  await sql`TRUNCATE piculus.problems, piculus.problem_counts, piculus.problem_blocks, piculus.pending_amounts, piculus.problem_ages, piculus.attention,
    piculus.execution_counts, piculus.leases, piculus.executions, piculus.reports, piculus.run_requests, piculus.bulk_runs,
    piculus.bulk_run_items, piculus.bulk_run_results, piculus.audit, piculus.solutions, piculus.solution_versions RESTART IDENTITY CASCADE`.execute(
    db,
  );
}
