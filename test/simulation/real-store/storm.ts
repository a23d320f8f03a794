/**
 * Everything that touches leases at once, from several processes: claims, answers told twice, expiry, ticks, clicks,
 * reports. Afterwards, and while it goes on, what must never be is looked for.
 */
import type { FixCommand } from '@piculus/protocol';
import { PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import pg from 'pg';
import { person } from '../../support/callers.ts';
import type { Context, Session } from '../../../packages/server/src/base/services.ts';
import { createExecutions } from '../../../packages/server/src/executions/index.ts';
import { createProblems } from '../../../packages/server/src/problems/index.ts';
import { lockSystem } from '../../../packages/server/src/store/locks.ts';
import { transaction } from '../../../packages/server/src/store/pool.ts';
import { openTick } from '../../../packages/server/src/store/ticks.ts';
import { type Arena, randomOf } from './arena.ts';
import { contextFor, prepareSystem, type StandingClock, standingClock, START_MS } from './stage.ts';

const SYSTEM = 'PBAP';
const FIXES = ['firstFix', 'secondFix'];
const RECORDS = 8;
const LEASE_MS = 15_000;
/** Refusals that a client may get at any time, and that end its turn. */
const MAY_BE_REFUSED = new Set([
  'stale-lease',
  'wrong-state',
  'already-requested',
  'already-executing',
  'unknown-command',
  'evidence-mismatch',
]);

interface Storm {
  readonly arena: Arena;
  readonly random: () => number;
  readonly violations: Set<string>;
  readonly clock: StandingClock;
  /** Who works on a record, by its business key, until when. */
  readonly held: Map<string, { leaseId: string; untilMs: number }>;
}

/** @returns what was seen that must never be. */
export async function storm(arena: Arena, seed: number): Promise<string[]> {
  const world: Storm = {
    arena,
    random: randomOf(seed + 7_919),
    violations: new Set(),
    clock: standingClock(),
    held: new Map(),
  };
  const system = { sysCode: SYSTEM, fixCodes: FIXES, records: RECORDS, commandId: '1' };
  const ids = await prepareSystem(arena.plain, world.clock, system);
  const contexts = arena.processes.map((db, at) => contextFor(world.clock, db, `node-${at}`));
  const acts: Promise<void>[] = [];
  for (const [at, context] of contexts.entries()) {
    for (let client = 0; client < 2; client += 1) acts.push(work(world, context, `client-${at}-${client}`));
    acts.push(ticks(world, context, ids), rescues(world, context), people(world, context));
  }
  await Promise.all(acts);
  await look(world);
  return [...world.violations];
}

/** What is refused is a turn that ends; every other failure is a finding. */
async function turn({ violations }: Storm, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof PiculusError && MAY_BE_REFUSED.has(error.code)) return;
    const state = error instanceof pg.DatabaseError ? `SQLSTATE ${error.code ?? ''}` : String(error);
    violations.add(`an act fails: ${state}`);
  }
}

async function work(world: Storm, context: Context, clientId: string): Promise<void> {
  const executions = createExecutions(context, { leaseMs: LEASE_MS });
  const session: Session = {
    clientId,
    sysCode: SYSTEM,
    clientVersion: '1.0.0',
    places: 10,
    freePlaces: 10,
    collectors: new Set(FIXES),
    fixes: new Set(FIXES),
    send: () => Promise.resolve(),
  };
  const late: ReturnType<typeof answersOf>[] = [];
  for (let round = 0; round < 5; round += 1) {
    await turn(world, async () => {
      // A lease runs from somewhere between here and its answer, and the clock may pass meanwhile.
      const askedMs = world.clock.now().getTime();
      const command = await executions.claim(session, 3);
      if (command === null) return;
      hold(world, command, askedMs + LEASE_MS);
      // Sometimes the answer is told by two connections at once, sometimes long after its lease ran out.
      const times = world.random() < 0.2 ? 0 : world.random() < 0.5 ? 2 : 1;
      const body = answersOf(world, command);
      for (const item of command.items) if (times > 0) world.held.delete(item.businessKey);
      if (times === 0) late.push(body);
      await Promise.all(
        Array.from({ length: times }, () => turn(world, () => executions.record(session, body))),
      );
    });
  }
  for (const body of late) {
    world.clock.pass(LEASE_MS + 1_000);
    await turn(world, async () => void (await executions.rescueExpired()));
    for (const [key, { leaseId }] of world.held) if (leaseId === body.leaseId) world.held.delete(key);
    await turn(world, () => executions.record(session, body));
  }
}

function hold({ held, clock, violations }: Storm, { leaseId, items }: FixCommand, untilMs: number): void {
  const now = clock.now().getTime();
  for (const { businessKey } of items) {
    const other = held.get(businessKey);
    if (other !== undefined && other.leaseId !== leaseId && other.untilMs > now) {
      violations.add('a record is handed out while another client works on it');
    }
    held.set(businessKey, { leaseId, untilMs });
  }
}

function answersOf({ clock, random }: Storm, { leaseId, epoch, items }: FixCommand) {
  const at = clock.now().toISOString();
  const outcome = random() < 0.5 ? ('failed' as const) : ('not-yet' as const);
  const results = items.map((item) => ({
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
  }));
  return { leaseId, epoch, results: results.slice(0, random() < 0.5 ? 1 : results.length) };
}

/** All processes see the same tick come due, and one of them opens it. */
const OPENED = new WeakMap<Storm, Map<string, number>>();
async function ticks(world: Storm, { db }: Context, ids: readonly string[]): Promise<void> {
  const opened = OPENED.get(world) ?? new Map<string, number>();
  OPENED.set(world, opened);
  for (let round = 0; round < 4; round += 1) {
    for (const solutionId of ids) {
      const [from, to] = [new Date(START_MS + round * 1_000), new Date(START_MS + (round + 1) * 1_000)];
      await turn(world, async () => {
        const waiting = await transaction(db, async (tx) => {
          await lockSystem(tx, SYSTEM);
          return openTick(tx, { solutionId, from, to });
        });
        if (waiting === null) return;
        const key = `${solutionId} ${to.getTime()}`;
        opened.set(key, (opened.get(key) ?? 0) + 1);
        if ((opened.get(key) ?? 0) > 1) world.violations.add('a tick is opened twice');
      });
    }
  }
}

async function rescues(world: Storm, context: Context): Promise<void> {
  const executions = createExecutions(context, { leaseMs: LEASE_MS });
  for (let round = 0; round < 3; round += 1) {
    if (world.random() < 0.4) world.clock.pass(LEASE_MS / 2 + 1_000);
    await turn(world, async () => {
      await executions.rescueExpired();
    });
  }
}

async function people(world: Storm, context: Context): Promise<void> {
  const problems = createProblems(context);
  for (let round = 0; round < 3; round += 1) {
    const id = String(1 + Math.floor(world.random() * RECORDS * FIXES.length));
    await turn(world, async () => {
      await problems.run([id], person('operator'), 'look');
    });
  }
}

/** What the tables say at the end. */
async function look({ arena: { plain }, violations }: Storm): Promise<void> {
  const twice =
    await sql`SELECT FROM piculus.executions GROUP BY problem_id, lease_id HAVING count(*) > 1`.execute(
      plain,
    );
  if (twice.rows.length > 0) violations.add('a result is stored twice');
  const attempts = await sql`
    SELECT FROM piculus.executions GROUP BY problem_id, attempt HAVING count(*) > 1`.execute(plain);
  if (attempts.rows.length > 0) violations.add('an attempt is counted twice');
  const overlapping = await sql`
    SELECT item.key FROM piculus.leases l CROSS JOIN LATERAL unnest(l.problem_ids, l.business_keys) AS item(id, key)
    WHERE l.closed_at IS NULL AND item.id <> ALL (l.answered_ids) GROUP BY item.key HAVING count(*) > 1`.execute(
    plain,
  );
  if (overlapping.rows.length > 0) violations.add('a record is under two open leases');
  const clicks = await sql`SELECT FROM piculus.run_requests GROUP BY problem_id HAVING count(*) > 1`.execute(
    plain,
  );
  if (clicks.rows.length > 0) violations.add('a problem is clicked twice');
  const books = await sql`
    SELECT FROM (SELECT state, problems FROM piculus.problem_counts
      UNION ALL SELECT state, -1 FROM piculus.problems) AS books
    GROUP BY state HAVING sum(problems) <> 0`.execute(plain);
  if (books.rows.length > 0) violations.add('the counts are not what is there');
}
