/** One system's problems on their whole way through the server's rooms, in messages as large as its clients send them. */
import { type FixItem, type FixResult, LIMITS, type ProblemReport } from '@piculus/protocol';
import { systemClock as clientClock } from '../../packages/client/src/clock.ts';
import { ResultsOutbox } from '../../packages/client/src/executing/results-outbox.ts';
import { createChainWriter } from '../../packages/server/src/audit/chain-writer.ts';
import type { Session } from '../../packages/server/src/base/services.ts';
import { createClients } from '../../packages/server/src/clients/index.ts';
import { createCollections } from '../../packages/server/src/collections/index.ts';
import { createExecutions } from '../../packages/server/src/executions/index.ts';
import { createProblems } from '../../packages/server/src/problems/index.ts';
import { createSolutions } from '../../packages/server/src/solutions/index.ts';
import { createSystems } from '../../packages/server/src/systems/index.ts';
import { newKey } from '../../packages/server/test/audit/rows.ts';
import { ANYONE } from '../support/callers.ts';
import type { CostWorld } from './world.ts';

const SYS_CODE = 'PBAP';
const FIX = 'interRechargeFixServiceImpl';
/** Fails once, so that it is tried a second time. */
const FAILS_EVERY = 10;
/** Of retries that wait for another tick. */
const PASSES_MAX = 3;

/** Messages that went each way, and what they told. */
export interface Done {
  readonly messages: number;
  readonly told: number;
}

export interface Work {
  /** Reports so many problems from this number on, new ones or the same again. */
  ingest(first: number, problems: number): Promise<Done>;
  /** Problems that wait, at most so many. */
  pendingIds(limit: number): Promise<readonly string[]>;
  /** Lets each run by a click of its own, until its result is stored. */
  click(ids: readonly string[]): Promise<Done>;
  /** Until none is pending: each tenth fails once. */
  drain(): Promise<Done>;
  /** Covers all executions and reports with blocks of the audit's chain. */
  chain(): Promise<void>;
}

export async function prepareWork({ context, sql }: CostWorld): Promise<Work> {
  const collections = createCollections(context);
  const executions = createExecutions(context);
  const problems = createProblems(context);
  const session = sessionOf('client-1');
  await createSystems(context).create(
    {
      sysCode: SYS_CODE,
      name: 'Payments',
      collectCron: null,
      collectTimeZone: 'UTC',
      collectWindowMs: 86_400_000,
    },
    ANYONE,
  );
  await createClients(context).connected(SYS_CODE, helloOf(session));
  const solution = await createSolutions(context).create(
    {
      sysCode: SYS_CODE,
      fixCode: FIX,
      maxRetries: 5,
      retryCron: '0 0/10 * * * ?',
      timeZone: 'UTC',
      executionMode: 'automatic',
      status: 'enabled',
      level: 'normal',
      description: '',
    },
    ANYONE,
  );
  const writer = createChainWriter(context, { key: newKey(), sinks: [] });

  return {
    async ingest(first, problems) {
      await collections.start({ sysCodes: [SYS_CODE] }, ANYONE, 'click');
      const command = await collections.claim(session);
      if (command === null) throw new Error('nobody asks for a collect');
      const { commandId, epoch } = command;
      let sequence = 0;
      for (let from = 0; from < problems; from += LIMITS.problemsPerMessage) {
        sequence += 1;
        const size = Math.min(LIMITS.problemsPerMessage, problems - from);
        const batch = Array.from({ length: size }, (_, at) => problemOf(first + from + at));
        await collections.report(session, { commandId, epoch, sequence, problems: batch });
      }
      const end = {
        complete: true,
        rowsScanned: problems,
        problemsFound: problems,
        durationMs: 1,
        feeds: [],
      };
      await collections.done(session, { commandId, epoch, ...end });
      return { messages: sequence, told: problems };
    },

    async pendingIds(limit) {
      const { items } = await problems.list({ state: ['pending'], limit }, ANYONE);
      return items.map(({ id }) => id);
    },

    async click(ids) {
      for (const id of ids) {
        await problems.run([id], ANYONE, undefined);
        const command = await executions.claim(session, session.freePlaces, true);
        if (command === null) throw new Error('nothing is due after a click');
        const { leaseId, epoch, items } = command;
        const results = items.map((item) => answerTo(item, new Set(ids)));
        await executions.record(session, { leaseId, epoch, results });
      }
      return { messages: 2 * ids.length, told: ids.length };
    },

    async drain() {
      let messages = 0;
      let told = 0;
      const outbox = new ResultsOutbox({
        clock: clientClock,
        log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
        deliver: async (body) => {
          messages += 1;
          told += body.results.length;
          await executions.record(session, body);
        },
      });
      const failed = new Set<string>();
      for (let pass = 0; pass < PASSES_MAX; pass += 1) {
        await sql(`UPDATE piculus.solutions SET tick_at = clock_timestamp(), tick_cursor = tick_floor - 1,
          tick_done = false WHERE id = ${solution.id}`);
        for (;;) {
          const command = await executions.claim(session, session.freePlaces);
          if (command === null) break;
          messages += 1;
          for (const item of command.items)
            outbox.add(command.leaseId, command.epoch, answerTo(item, failed));
          await outbox.emptied(new AbortController().signal);
        }
      }
      return { messages, told };
    },

    chain: () => writer.runOnce(),
  };
}

function sessionOf(clientId: string): Session {
  return {
    clientId,
    sysCode: SYS_CODE,
    clientVersion: '1.0.0',
    places: LIMITS.placesMax,
    freePlaces: LIMITS.placesMax,
    collectors: new Set([FIX]),
    fixes: new Set([FIX]),
    send: () => Promise.resolve(),
  };
}

function helloOf({ clientId, places }: Session) {
  return {
    clientId,
    protocolVersions: [1],
    sdk: { name: '@piculus/client', version: '1.0.0' },
    application: { name: 'pbap', version: '1.0.0' },
    host: 'host-1',
    pid: 1,
    places,
    collectors: [FIX],
    fixes: [FIX],
    leases: [],
  };
}

function problemOf(number: number): ProblemReport {
  const side = (state: string) => ({
    state,
    source: 'books',
    observedAt: '2026-11-20T08:00:00.000Z',
    fields: { status: state },
  });
  return {
    fixCode: FIX,
    businessKey: `R${number}`,
    scenario: 'C1',
    handling: 'fix',
    amountMinor: '70000',
    currency: 'CNY',
    occurredAt: '2026-11-19T08:00:00.000Z',
    outOfPocket: 'customer',
    facts: { order: side('SUCCESS'), ledger: side('none'), bank: side('paid') },
    contradictions: ['order.status', 'ledger.state'],
  };
}

function answerTo(item: FixItem, failed: Set<string>): FixResult {
  const { problemId, commandKey, evidenceHash, businessKey } = item;
  const fails = Number(businessKey.slice(1)) % FAILS_EVERY === 0 && !failed.has(problemId);
  if (fails) failed.add(problemId);
  const effect = {
    key: `${businessKey}/credit`,
    kind: 'credit' as const,
    amountMinor: '70000',
    currency: 'CNY',
  };
  return {
    problemId,
    commandKey,
    ...(evidenceHash === undefined ? {} : { evidenceHash }),
    outcome: fails ? 'failed' : 'fixed',
    scenario: 'C1',
    reason: fails ? 'the bank was away' : 'credited, and read again',
    effects: fails ? [] : [effect],
    replayed: false,
    verified: !fails,
    facts: fails ? null : problemOf(0).facts,
    startedAt: '2026-11-20T08:00:01.000Z',
    finishedAt: '2026-11-20T08:00:02.000Z',
  };
}
