/** What stands before a storm begins: a clock that nobody moves but the storm, systems, solutions, problems. */
import type { ProblemReport } from '@piculus/protocol';
import { sql } from 'kysely';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../../packages/server/src/base/clock.ts';
import { contextOf } from '../../../packages/server/src/base/context.ts';
import type { Context } from '../../../packages/server/src/base/services.ts';
import { createWake } from '../../../packages/server/src/base/wake.ts';
import { ingestReport } from '../../../packages/server/src/problems/ingest.ts';
import type { Database } from '../../../packages/server/src/store/database.ts';
import { transaction } from '../../../packages/server/src/store/pool.ts';

export const START_MS = Date.parse('2026-11-20T08:00:00.000Z');
/** Of every problem. */
export const AMOUNT_MINOR = 700;

export type StandingClock = Clock & { pass(ms: number): void };

export function standingClock(): StandingClock {
  let now = START_MS;
  return {
    ...systemClock,
    now: () => new Date(now),
    pass: (ms) => {
      now += ms;
    },
  };
}

export function contextFor(clock: Clock, db: Database, nodeId: string): Context {
  const log = pino({ level: 'silent' });
  return contextOf({
    db,
    clock,
    log,
    nodeId,
    events: { publish: () => undefined },
    wake: createWake(systemClock),
  });
}

/** @returns the ids of its solutions. */
export async function prepareSystem(
  plain: Database,
  clock: Clock,
  system: {
    readonly sysCode: string;
    readonly fixCodes: readonly string[];
    readonly records: number;
    readonly commandId: string;
  },
): Promise<string[]> {
  const { sysCode, fixCodes, records, commandId } = system;
  await sql`INSERT INTO piculus.systems (sys_code, name, created_at) VALUES (${sysCode}, ${sysCode}, ${clock.now()})`.execute(
    plain,
  );
  const ids: string[] = [];
  for (const fixCode of fixCodes) {
    const made = await sql<{ id: string }>`
      INSERT INTO piculus.solutions (sys_code, fix_code, version, tick_at)
      VALUES (${sysCode}, ${fixCode}, 1, ${clock.now()}) RETURNING id`.execute(plain);
    const id = made.rows[0]?.id ?? '';
    await sql`INSERT INTO piculus.solution_versions (solution_id, version, max_retries, retry_cron, time_zone,
        execution_mode, status, level, description, changed_at, changed_by)
      VALUES (${id}, 1, 5, '0 0/10 * * * ?', 'UTC', 'automatic', 'enabled', 'normal', '', ${clock.now()}, 'operator')`.execute(
      plain,
    );
    ids.push(id);
  }
  const problems = Array.from({ length: records }, (_, at) =>
    fixCodes.map((fixCode) => order(clock, fixCode, `R${at}`)),
  ).flat();
  const batch = { sysCode, commandId, epoch: 1, sequence: 1, clientId: 'reporter' };
  await transaction(plain, (tx) => ingestReport(tx, { ...batch, at: clock.now(), problems }));
  return ids;
}

export function order(
  clock: Clock,
  fixCode: string,
  businessKey: string,
  amountMinor = AMOUNT_MINOR,
): ProblemReport {
  const side = (state: string) => ({
    state,
    source: 'test',
    observedAt: clock.now().toISOString(),
    fields: {},
  });
  return {
    fixCode,
    businessKey,
    scenario: 'C1',
    handling: 'fix',
    amountMinor: String(amountMinor),
    currency: 'CNY',
    occurredAt: '2026-11-19T08:00:00.000Z',
    outOfPocket: 'customer',
    facts: { order: side('SUCCESS'), ledger: side('none'), bank: side('paid') },
    contradictions: ['order.status', 'ledger.state'],
  };
}
