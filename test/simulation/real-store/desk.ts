/**
 * People at one moment: one clicks at several nodes at once, two others decide about what needs a second person, and
 * the first one tries to agree to it too. Afterwards what must never be is looked for.
 */
import { type FixCommand, PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import pg from 'pg';
import { choosePolicy } from '../../support/approval-policy.ts';
import { person } from '../../support/callers.ts';
import { CAREFUL_RULES } from '../../../packages/server/src/approvals/rules.ts';
import { createApprovals } from '../../../packages/server/src/approvals/index.ts';
import type { Context, Session } from '../../../packages/server/src/base/services.ts';
import { createExecutions } from '../../../packages/server/src/executions/index.ts';
import { ingestReport } from '../../../packages/server/src/problems/ingest.ts';
import { createProblems } from '../../../packages/server/src/problems/index.ts';
import { transaction } from '../../../packages/server/src/store/pool.ts';
import { type Arena, randomOf } from './arena.ts';
import {
  AMOUNT_MINOR,
  contextFor,
  order,
  prepareSystem,
  type StandingClock,
  standingClock,
} from './stage.ts';

const SYSTEMS = ['PBAP', 'PBMS'];
const FIX = 'firstFix';
const RECORDS = 4;
const PEOPLE = ['operator', 'reviewer', 'second-reviewer'] as const;
/** Two problems a day, and not the third one. */
/** Somebody else decides about each request long before. */
const ROUNDS_MAX = 60;
/** What an order comes to have, which is another one to agree to. */
const LESS_MINOR = 500;
/** One problem a day, and not the second one. */
const DAY_MINOR = AMOUNT_MINOR;

interface Desk {
  readonly arena: Arena;
  readonly random: () => number;
  readonly violations: Set<string>;
  readonly now: () => Date;
  /** Those who still ask. */
  asking: number;
}

/** @returns what was seen that must never be. */
export async function desk(arena: Arena, seed: number): Promise<string[]> {
  const clock = standingClock();
  const world: Desk = {
    arena,
    random: randomOf(seed + 104_729),
    violations: new Set(),
    now: () => clock.now(),
    asking: arena.processes.length,
  };
  for (const [at, sysCode] of SYSTEMS.entries()) {
    const commandId = String(at + 1);
    await prepareSystem(arena.plain, clock, { sysCode, fixCodes: [FIX], records: RECORDS, commandId });
  }
  await hire(world);
  const contexts = arena.processes.map((db, at) => contextFor(clock, db, `node-${at}`));
  const [first] = contexts;
  await Promise.all([
    ...contexts.flatMap((context) => [asks(world, context), decides(world, context)]),
    ...(first === undefined ? [] : [reports(world, first, clock), takes(world, first)]),
  ]);
  await look(world);
  return [...world.violations];
}

async function hire({ arena: { plain } }: Desk): Promise<void> {
  for (const name of PEOPLE) {
    const { userId } = person(name);
    await sql`INSERT INTO piculus.users (id, name, email, username) VALUES (${userId}, ${name}, ${name}, ${name})`.execute(
      plain,
    );
    await sql`INSERT INTO piculus.grants (user_id, role, granted_by) VALUES (${userId}, 'administrator', 'operator')`.execute(
      plain,
    );
  }
  const upTo = (amount: number) => [{ currency: 'CNY', amountMinor: String(amount) }];
  const rules = { ...CAREFUL_RULES, aloneUpTo: upTo(AMOUNT_MINOR), perDayUpTo: upTo(DAY_MINOR) };
  await choosePolicy(plain, { mode: 'own', rules });
}

/** What is refused is a turn that ends; every other failure is a finding. */
async function turn({ violations }: Desk, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof PiculusError && error.code !== 'internal') return;
    const state = error instanceof pg.DatabaseError ? `SQLSTATE ${error.code ?? ''}` : String(error);
    violations.add(`an act fails: ${state}`);
  }
}

const caller = (name: (typeof PEOPLE)[number], { now }: Desk) => ({
  ...person(name),
  authenticatedAt: now(),
});

async function asks(world: Desk, context: Context): Promise<void> {
  const problems = createProblems(context);
  const approvals = createApprovals(context);
  for (let round = 0; round < 4; round += 1) {
    const id = String(1 + Math.floor(world.random() * RECORDS * SYSTEMS.length));
    const operator = caller('operator', world);
    await turn(world, async () => {
      try {
        await problems.run([id], operator, 'looked at it');
      } catch (error) {
        if (!(error instanceof PiculusError) || error.code !== 'approval-required') throw error;
        const command = { kind: 'run' as const, problemId: id };
        await approvals.create({ command, caller: operator, reason: 'looked at it' }, null);
      }
    });
  }
  world.asking -= 1;
}

async function decides(world: Desk, context: Context): Promise<void> {
  const approvals = createApprovals(context);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const open = await sql<{ id: string; hash: Buffer }>`
      SELECT id, hash FROM piculus.approvals WHERE state = 'open'`.execute(context.db);
    if (world.asking === 0 && open.rows.length === 0) return;
    for (const { id, hash } of open.rows) {
      const who = PEOPLE[Math.floor(world.random() * PEOPLE.length)] ?? 'reviewer';
      // As no other says it: a decision that is the same again would change nothing.
      const body = { hash: hash.toString('hex'), reason: `agreed at ${context.nodeId}, ${round}` };
      await turn(world, () =>
        world.random() < 0.2
          ? approvals.reject(id, `no at ${context.nodeId}, ${round}`, caller(who, world))
          : approvals.approve(id, body, caller(who, world)),
      );
    }
  }
}

/** Collects find what people ask for to be less than it was, and again what it was. */
async function reports(world: Desk, { db }: Context, clock: StandingClock): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    const sysCode = SYSTEMS[Math.floor(world.random() * SYSTEMS.length)] ?? '';
    const keys = Array.from({ length: RECORDS }, (_, at) => `R${at}`);
    const amount = round % 2 === 0 ? LESS_MINOR : AMOUNT_MINOR;
    const batch = { sysCode, commandId: String(10 + round), epoch: 1, sequence: 1, clientId: 'reporter' };
    const problems = keys.map((key) => order(clock, FIX, key, amount));
    await turn(world, async () =>
      transaction(db, (tx) => ingestReport(tx, { ...batch, at: clock.now(), problems })),
    );
  }
}

/** A client of each system takes what was clicked. What it has taken no report changes, so it can be looked at then. */
async function takes(world: Desk, context: Context): Promise<void> {
  const executions = createExecutions(context, { leaseMs: 15_000 });
  for (let round = 0; round < ROUNDS_MAX && (round < 8 || world.asking > 0); round += 1) {
    for (const sysCode of SYSTEMS) {
      await turn(world, async () => {
        const command = await executions.claim(clientOf(sysCode), 3);
        if (command !== null) await agreedTo(world, command);
      });
    }
  }
}

const clientOf = (sysCode: string): Session => ({
  clientId: `client of ${sysCode}`,
  sysCode,
  clientVersion: '1.0.0',
  places: 10,
  freePlaces: 10,
  collectors: new Set([FIX]),
  fixes: new Set([FIX]),
  send: () => Promise.resolve(),
});

/** What the second person saw is what is handed out. */
async function agreedTo({ arena: { plain }, violations }: Desk, { items }: FixCommand): Promise<void> {
  const other = await sql`
    SELECT FROM piculus.run_requests r JOIN piculus.problems p ON p.id = r.problem_id
    JOIN piculus.approvals a ON a.id = r.approval_id
    WHERE p.id = ANY(${items.map(({ problemId }) => problemId)}::bigint[])
      AND p.amount_minor <> (a.evidence -> 'amounts' -> 0 ->> 'amountMinor')::bigint`.execute(plain);
  if (other.rows.length > 0) violations.add('what is handed out is not what was agreed to');
}

/** What the tables say at the end. What was taken away of the clicks makes the sums less, and never more. */
async function look({ arena: { plain }, violations }: Desk): Promise<void> {
  const alone = await sql`
    SELECT FROM piculus.run_requests r JOIN piculus.problems p ON p.id = r.problem_id
    WHERE r.approval_id IS NULL GROUP BY r.requested_by HAVING sum(p.amount_minor) > ${DAY_MINOR}`.execute(
    plain,
  );
  if (alone.rows.length > 0) violations.add('one person alone runs more than a day allows');
  const without = await sql`
    SELECT FROM piculus.run_requests r LEFT JOIN piculus.approvals a ON a.id = r.approval_id
    WHERE r.approval_id IS NOT NULL AND (a.state IS DISTINCT FROM 'approved' OR a.decided_by_id = a.requested_by_id)
    `.execute(plain);
  if (without.rows.length > 0) violations.add('a run counts as approved that nobody else approved');
  const twice = await sql`
    SELECT FROM piculus.audit WHERE act IN ('approve', 'reject-approval') GROUP BY target HAVING count(*) > 1`.execute(
    plain,
  );
  if (twice.rows.length > 0) violations.add('one request was decided about twice');
}
