import { commandKey, type FeedReach, problemReportSchema } from '@piculus/protocol';
import { describe, expect, it } from 'vitest';
import { paymentRepairs, type ScanCursor, type ScannedOrder, type ScanPort } from '../src/index.ts';
import { collectAll } from './support/collect.ts';
import { facts } from './support/facts.ts';
import { HONEST } from './world/bank.ts';
import { memoryWorld } from './world/memory-world.ts';

const HOUR_MS = 3_600_000;
const LOST_CALLBACK = {
  type: 'recharge',
  booking: 'one-shot',
  status: 'PROCESSING',
  ledger: 'none',
  bank: 'settled',
  outbox: 'sent',
  ageMs: 2 * HOUR_MS,
  funds: 'enough',
} as const;

/** A world with one C5 and one C6, whose scan port is changed. */
async function worldWith(change: (now: Date, scan: ScanPort) => Partial<ScanPort>) {
  const world = await memoryWorld(HONEST);
  const paid = await world.arrange(LOST_CALLBACK);
  const unpaid = await world.arrange({ ...LOST_CALLBACK, bank: 'never-received' });
  const { scan } = world.system;
  const system = { ...world.system, scan: { ...scan, ...change(world.system.now(), scan) } };
  return { world, system, paid, unpaid };
}

const reach = (reachesTo: Date | null): Partial<ScanPort> => ({
  refreshStatement: async (): Promise<FeedReach> => ({
    side: 'bank',
    reachesTo: reachesTo?.toISOString() ?? null,
    complete: true,
  }),
});

describe('an honest collect', () => {
  it('reports what the statement covers, in the shape of the wire', async () => {
    const { system, paid, unpaid } = await worldWith(() => ({}));
    const { problems, ends } = await collectAll(system);
    expect(problems.map(({ businessKey, scenario }) => [businessKey, scenario])).toEqual([
      [paid.orderNo, 'C5'],
      [unpaid.orderNo, 'C6'],
    ]);
    for (const problem of problems) problemReportSchema.parse(problem);
    expect(ends.every(({ complete, feeds }) => complete && feeds.length === 3)).toBe(true);
  });

  it.each([
    ['was never read', () => reach(null)],
    ['ends before the window', (now: Date) => reach(new Date(now.getTime() - HOUR_MS))],
    [
      'shows none of the settled orders',
      () => ({ statementControl: async () => ({ settled: 1, shown: 0 }) }),
    ],
    ['shows less than half of them', () => ({ statementControl: async () => ({ settled: 9, shown: 4 }) })],
  ])('is blind and reports nothing where the statement %s', async (_name, change) => {
    const { system } = await worldWith(change);
    const { problems, ends, scanned } = await collectAll(system);
    expect(problems).toEqual([]);
    expect(scanned).toBe(0);
    for (const end of ends) {
      expect(end).toMatchObject({ complete: false, reason: expect.stringContaining('bank statement') });
      expect(end.feeds.find(({ side }) => side === 'bank')?.complete).toBe(false);
    }
  });

  it('reports where the statement shows just half of the settled orders', async () => {
    const { system } = await worldWith(() => ({ statementControl: async () => ({ settled: 8, shown: 4 }) }));
    expect((await collectAll(system)).problems).toHaveLength(2);
  });

  it('says nothing of an unpaid order that the statement does not cover yet', async () => {
    const ageMs = 11 * 60_000;
    const world = await memoryWorld(HONEST);
    await world.arrange({ ...LOST_CALLBACK, bank: 'never-received', ageMs });
    const paid = await world.arrange({ ...LOST_CALLBACK, ageMs });
    const now = world.system.now();
    const scan = { ...world.system.scan, ...reach(new Date(now.getTime() - 5 * 60_000)) };
    const { problems } = await collectAll({ ...world.system, scan });
    expect(problems.map(({ businessKey }) => businessKey)).toEqual([paid.orderNo]);
  });

  it('does not call an order unpaid whose status changed after the end of the statement', async () => {
    const setup = { ...LOST_CALLBACK, type: 'withdraw', status: 'SUCCESS', ledger: 'debited' } as const;
    const world = await memoryWorld(HONEST);
    const { orderNo } = await world.arrange({ ...setup, bank: 'never-received' });
    const { scan } = world.system;
    const reachesTo = new Date(world.system.now().getTime() - 60_000);
    const found = async (changedAt: Date) => {
      // A repair, or a late callback, ends the order while the collect runs, on the statement of before.
      const changed: ScanPort = {
        ...scan,
        ...reach(reachesTo),
        scan: async (...asked) => (await scan.scan(...asked)).map((row) => ({ ...row, changedAt })),
      };
      return (await collectAll({ ...world.system, scan: changed })).problems;
    };
    expect(await found(new Date(reachesTo.getTime() + 1))).toEqual([]);
    expect(await found(reachesTo)).toMatchObject([{ businessKey: orderNo, scenario: 'C3' }]);
  });

  it('leaves orders in flight alone', async () => {
    const world = await memoryWorld(HONEST);
    await world.arrange({ ...LOST_CALLBACK, ageMs: 9 * 60_000 });
    expect((await collectAll(world.system)).problems).toEqual([]);
    world.pass(60_000);
    expect((await collectAll(world.system)).problems).toHaveLength(1);
  });

  it('shows a status that nobody knows to a person', async () => {
    const { world, system, paid } = await worldWith(() => ({}));
    await world.store.transaction(async (tx) => {
      const order = tx.orders.get(paid.orderNo);
      if (order) order.status = '';
    });
    const { problems } = await collectAll(system);
    const odd = problems.find(({ businessKey }) => businessKey === paid.orderNo);
    expect(odd).toMatchObject({
      scenario: 'X21',
      handling: 'person',
      fixCode: 'rechargeTimeoutFixServiceImpl',
    });
    problemReportSchema.parse(odd);
  });

  it('keeps a payout that is being sent again under what it began as', async () => {
    const world = await memoryWorld(HONEST);
    const { orderNo } = await world.arrange({
      ...LOST_CALLBACK,
      type: 'withdraw',
      ledger: 'debited',
      bank: 'processing',
    });
    const found = async (fixCode: string | null): Promise<unknown> => {
      await world.store.transaction(async (tx) => {
        const identity = { sysCode: 'PBAP', fixCode: fixCode ?? '', businessKey: orderNo, reopenCount: 0 };
        const decision = { decision: 'RESUBMIT', commandKey: commandKey(identity) } as const;
        if (fixCode) tx.decisions.set(orderNo, decision);
      });
      return (await collectAll(world.system)).problems.map(
        ({ fixCode: code, scenario }) => `${code} ${scenario}`,
      );
    };
    expect(await found(null)).toEqual(['withdrawTimeoutFixServiceImpl C9']);
    expect(await found('interWithdrawFixServiceImpl')).toEqual(['interWithdrawFixServiceImpl C2']);
    expect(await found('interWithdrawAccFixServiceImpl')).toEqual(['interWithdrawAccFixServiceImpl C3']);
    expect(await found('withdrawTimeoutFixServiceImpl')).toEqual(['withdrawTimeoutFixServiceImpl C9']);
  });

  it('reports a payout that was sent again and given back as what it is', async () => {
    // The bank failed it, and the normal path gave it back and died before it wrote the status.
    const world = await memoryWorld(HONEST);
    const { orderNo } = await world.arrange({
      ...LOST_CALLBACK,
      type: 'withdraw',
      ledger: 'reversed',
      bank: 'failed',
    });
    const fixCode = 'interWithdrawAccFixServiceImpl';
    const identity = { sysCode: 'PBAP', fixCode, businessKey: orderNo, reopenCount: 0 };
    await world.store.transaction(async (tx) => {
      tx.decisions.set(orderNo, { decision: 'RESUBMIT', commandKey: commandKey(identity) });
    });
    const { problems } = await collectAll(world.system);
    expect(problems.map((problem) => `${problem.fixCode} ${problem.scenario}`)).toEqual([
      'withdrawTimeoutFixServiceImpl S2',
    ]);
  });
});

describe('a big window', () => {
  const ROWS = 2_500;
  const rowAt = (index: number, now: Date): ScannedOrder => {
    const createdAt = new Date(now.getTime() - 2 * HOUR_MS + index);
    const { order, ledger, bank } = facts(
      { status: 'PROCESSING' },
      { order: { orderNo: `O-${index}`, createdAt } },
    );
    return { order, ledger, statement: bank };
  };

  it('is read in batches after the last row of the one before', async () => {
    const world = await memoryWorld(HONEST);
    const asked: (readonly [string, ScanCursor | null, number])[] = [];
    const now = world.system.now();
    const scan: ScanPort = {
      ...world.system.scan,
      scan: async (_window, filter, after, limit) => {
        if (filter.type !== 'recharge' || !filter.unknownToo) return [];
        asked.push(['recharge', after, limit]);
        const from = after ? Number(after.orderNo.slice(2)) + 1 : 0;
        return Array.from({ length: Math.min(limit, ROWS - from) }, (_, index) => rowAt(from + index, now));
      },
    };
    const { problems, scanned, batches } = await collectAll({ ...world.system, scan });
    expect(asked.map(([, after]) => after?.orderNo ?? null)).toEqual([null, 'O-999', 'O-1999']);
    expect(batches).toEqual([1_000, 1_000, 500]);
    expect(new Set(problems.map(({ businessKey }) => businessKey)).size).toBe(ROWS);
    expect(scanned).toBe(ROWS);
  });

  it('is given up with the reason of the signal', async () => {
    const { system } = await worldWith(() => ({}));
    await expect(collectAll(system, AbortSignal.abort(new Error('taken over')))).rejects.toThrow(
      'taken over',
    );
  });
});

describe('a walk over suspects', () => {
  /** Both orders as suspects, in parts of one, and how often somebody walked. */
  const walking = async (change: (now: Date) => Partial<ScanPort> = () => ({})) => {
    const { world, system, paid, unpaid } = await worldWith(change);
    const late = await world.arrange({ ...LOST_CALLBACK, type: 'withdraw', ledger: 'debited' });
    const walks: string[] = [];
    const { scan } = system;
    const suspects: NonNullable<ScanPort['suspects']> = async function* (window) {
      walks.push('walk');
      for (const type of ['recharge', 'withdraw'] as const)
        for (const order of await scan.scan(window, { type, statuses: ['PROCESSING'] }, null, 10))
          yield { orders: [order], looked: 100 };
    };
    const repairs = paymentRepairs({ ...system, scan: { ...scan, suspects } });
    const found: string[] = [];
    let looked = 0;
    const collect = (fixCodes: readonly string[]) =>
      repairs[0]?.collector.together?.collect({
        fixCodes,
        windowFrom: new Date(world.system.now().getTime() - 24 * HOUR_MS),
        windowTo: world.system.now(),
        signal: new AbortController().signal,
        scanned: (rows) => {
          looked += rows;
        },
        report: async (problems) =>
          void found.push(...problems.map(({ fixCode, businessKey }) => `${fixCode} ${businessKey}`)),
      });
    const numbers = { paid: paid.orderNo, unpaid: unpaid.orderNo, late: late.orderNo };
    return { repairs, collect, walks, found, looked: () => looked, numbers };
  };

  it('is one for all collectors, and reports only what the command asks for', async () => {
    const { repairs, collect, walks, found, looked, numbers } = await walking();
    expect(new Set(repairs.map(({ collector }) => collector.together)).size).toBe(1);
    const all = await collect(repairs.map(({ fix }) => fix.fixCode));
    expect(walks).toHaveLength(1);
    expect(looked()).toBe(300);
    expect(all?.size).toBe(8);
    expect([...(all?.values() ?? [])].every(({ complete, feeds }) => complete && feeds.length === 3)).toBe(
      true,
    );
    expect(found.splice(0)).toEqual([
      `rechargeTimeoutFixServiceImpl ${numbers.paid}`,
      `rechargeTimeoutFixServiceImpl ${numbers.unpaid}`,
      `withdrawTimeoutFixServiceImpl ${numbers.late}`,
    ]);
    const one = await collect(['withdrawTimeoutFixServiceImpl']);
    expect([...(one?.keys() ?? [])]).toEqual(['withdrawTimeoutFixServiceImpl']);
    expect(found).toEqual([`withdrawTimeoutFixServiceImpl ${numbers.late}`]);
  });

  it('is not begun where the statement shows too little of both types', async () => {
    const { collect, walks, found } = await walking(() => reach(null));
    const ends = await collect(['rechargeTimeoutFixServiceImpl', 'withdrawTimeoutFixServiceImpl']);
    expect(walks).toEqual([]);
    expect(found).toEqual([]);
    for (const end of ends?.values() ?? [])
      expect(end).toMatchObject({ complete: false, reason: 'the bank statement was never read' });
  });

  it('says nothing of the type whose age gate the statement does not reach', async () => {
    const { collect, found, numbers } = await walking((now) => reach(new Date(now.getTime() - 20 * 60_000)));
    const ends = await collect(['rechargeTimeoutFixServiceImpl', 'withdrawTimeoutFixServiceImpl']);
    expect(ends?.get('rechargeTimeoutFixServiceImpl')).toMatchObject({ complete: false });
    expect(ends?.get('withdrawTimeoutFixServiceImpl')).toMatchObject({ complete: true });
    expect(found).toEqual([`withdrawTimeoutFixServiceImpl ${numbers.late}`]);
  });
});
