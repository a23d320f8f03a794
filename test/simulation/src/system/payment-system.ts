/** The ports of the simulated payment system, as one process of it sees them. */
import {
  type BankFacts,
  ORDER_STATUSES,
  type OrderFacts,
  type OrdersPort,
  type OutboxPort,
  type PaymentSystem,
  type ScannedOrder,
  type ScanPort,
} from '@piculus/repairs';
import type { SimulatedBank } from '../bank/bank.ts';
import type { BankCalls } from '../bank/calls.ts';
import { EPOCH_MS, type Lane } from '../scheduler.ts';
import { credit, ledgerFactsOf, release, reserve, reverse, settle } from './booking.ts';
import type { Committed, OrderRow, SimulatedDatabase, Transaction } from './tables.ts';

/** A mark loses its force so long after it was put on: longer than any command may run. */
export const MARK_MS = 210_000;

export interface SystemParts {
  readonly database: SimulatedDatabase;
  readonly bank: SimulatedBank;
  readonly calls: BankCalls;
  readonly lane: Lane;
  readonly statementDelayMs: number;
}

export function paymentSystemFor(parts: SystemParts): PaymentSystem<Transaction> {
  const { database, calls, lane } = parts;
  const now = (): Date => new Date(EPOCH_MS + Math.floor(database.scheduler.nowMs));
  return {
    scan: scanPort(parts),
    orders: ordersPort(parts),
    ledger: {
      read: (order) =>
        database.read(lane, 'ledger', ({ postings }) => ledgerFactsOf(postings.values(), order, now())),
      readIn: async (tx, order) => {
        await tx.locked('accounts', order.accountNo);
        return ledgerFactsOf(tx.all('postings'), order, now());
      },
      credit,
      reserve,
      settle,
      release,
      reverse,
    },
    bank: calls.portFor(lane),
    outbox: outboxPort(parts),
    decisions: {
      read: (orderNo) => database.read(lane, 'decision', ({ decisions }) => decisions.get(orderNo) ?? null),
      decide: async (tx, orderNo, decision, commandKey) => {
        tx.decided.set(orderNo, decision);
        const standing = await tx.insert('decisions', orderNo, { decision, commandKey });
        if (!standing) return 'made';
        return standing.decision === decision ? 'same' : { other: standing.decision };
      },
    },
    proofs: {
      read: (requestNo) => database.read(lane, 'proof', ({ proofs }) => proofs.get(requestNo) ?? null),
      store: async (tx, _orderNo, proof) => {
        await tx.insert('proofs', proof.requestNo, proof);
      },
    },
    transaction: (work) => database.transaction(lane, 'repair', work, 'effects'),
    now,
  };
}

function ordersPort({ database, lane }: SystemParts): OrdersPort<Transaction> {
  return {
    read: (orderNo) =>
      database.read(lane, 'order', (committed) => orderFacts(committed, orderNo, database.scheduler.nowMs)),
    fence: (orderNo, commandKey) =>
      database.transaction(lane, 'repair', async (tx) => {
        const order = await tx.locked('orders', orderNo);
        if (!order) return 'gone';
        const now = database.scheduler.nowMs;
        if (isMarked(order, now) && order.mark?.commandKey !== commandKey) return 'held-by-other';
        const mark = { commandKey, process: lane.name, untilMs: now + MARK_MS };
        await tx.put('orders', orderNo, { ...order, mark });
        return 'held';
      }),
    unfence: (orderNo, commandKey) =>
      database.transaction(lane, 'repair', async (tx) => {
        const order = await tx.locked('orders', orderNo);
        if (order?.mark?.commandKey !== commandKey || order.mark.process !== lane.name) return;
        await tx.put('orders', orderNo, { ...order, mark: null });
      }),
    setStatus: async (tx, seen, to, commandKey) => {
      tx.seen.set(seen.orderNo, seen.version);
      const order = await tx.locked('orders', seen.orderNo);
      if (!order) return false;
      if (order.status !== seen.status || order.version !== seen.version) return false;
      if (order.mark?.commandKey !== commandKey) return false;
      await tx.put('orders', order.orderNo, changed(order, to, database.scheduler.nowMs));
      return true;
    },
  };
}

export function changed(order: OrderRow, status: string, nowMs: number): OrderRow {
  return { ...order, status, version: order.version + 1, changedAtMs: nowMs };
}

export function isMarked({ mark }: OrderRow, nowMs: number): boolean {
  return mark !== null && nowMs < mark.untilMs;
}

function outboxPort({ database, lane }: SystemParts): OutboxPort<Transaction> {
  return {
    read: (orderNo) =>
      database.read(lane, 'outbox', ({ outbox }) =>
        [...outbox.values()]
          .filter((row) => row.orderNo === orderNo)
          .map(({ sentAtMs, ...row }) => ({
            ...row,
            sentAt: sentAtMs === null ? null : new Date(EPOCH_MS + Math.floor(sentAtMs)),
          })),
      ),
    intend: async (tx, { requestNo, orderNo }, attempt) => {
      const sentAtMs = database.scheduler.nowMs;
      await tx.put('outbox', requestNo, { requestNo, orderNo, attempt, state: 'sending', sentAtMs });
    },
    answered: (requestNo) =>
      database.transaction(lane, 'repair', async (tx) => {
        const row = await tx.locked('outbox', requestNo);
        if (row) await tx.put('outbox', requestNo, { ...row, state: 'sent' });
      }),
    stop: async (tx, requestNo) => {
      const row = await tx.locked('outbox', requestNo);
      if (row?.state !== 'queued') return false;
      await tx.put('outbox', requestNo, { ...row, state: 'stopped' });
      return true;
    },
  };
}

function scanPort(parts: SystemParts): ScanPort {
  const { database, lane, statementDelayMs } = parts;
  const nowMs = (): number => database.scheduler.nowMs;
  return {
    scan: (window, filter, after, limit) =>
      database.read(lane, 'scan', (committed) => {
        const known: readonly string[] = ORDER_STATUSES;
        const wanted = ({ status }: OrderRow): boolean =>
          filter.statuses.includes(status) || (filter.unknownToo === true && !known.includes(status));
        const place = (ms: number, orderNo: string): string => `${String(ms).padStart(15, '0')} ${orderNo}`;
        const from = after && place(after.createdAt.getTime(), after.orderNo);
        return [...committed.orders.values()]
          .filter((order) => order.type === filter.type && wanted(order))
          .map((order) => ({ order, at: place(EPOCH_MS + order.createdAtMs, order.orderNo) }))
          .filter(({ at }) => from === null || at > from)
          .filter(({ order }) => {
            const created = EPOCH_MS + order.createdAtMs;
            return created >= window.from.getTime() && created < window.to.getTime();
          })
          .sort((a, b) => (a.at < b.at ? -1 : 1))
          .slice(0, limit)
          .flatMap(({ order }) => scanned(parts, committed, order.orderNo) ?? []);
      }),
    refreshStatement: async () => {
      await lane.turn('import statement', 20);
      const reachesTo = new Date(EPOCH_MS + Math.floor(nowMs() - statementDelayMs)).toISOString();
      return { side: 'bank', reachesTo, complete: true };
    },
    statement: (orderNo) =>
      database.read(lane, 'statement', (committed) => {
        const order = committed.orders.get(orderNo);
        return order ? statementOf(parts, order) : null;
      }),
    statementControl: async () => ({ settled: 1, shown: 1 }),
  };
}

function scanned(parts: SystemParts, committed: Committed, orderNo: string): ScannedOrder | null {
  const { nowMs } = parts.database.scheduler;
  const row = committed.orders.get(orderNo);
  const order = orderFacts(committed, orderNo, nowMs);
  if (!order || !row) return null;
  return {
    order,
    ledger: ledgerFactsOf(committed.postings.values(), order, order.observedAt),
    statement: statementOf(parts, row),
    decision: committed.decisions.get(orderNo) ?? null,
    changedAt: new Date(EPOCH_MS + Math.floor(row.changedAtMs)),
  };
}

/** The statement shows every movement, some time after it happened. */
function statementOf({ bank, database, statementDelayMs }: SystemParts, order: OrderRow): BankFacts {
  const shownTo = database.scheduler.nowMs - statementDelayMs;
  const held = bank.held.get(order.requestNo);
  const states = (held?.history ?? []).filter(({ atMs }) => atMs <= shownTo).map(({ state }) => state);
  const moved = states.filter((state) => state === 'settled').length;
  const fact = states.includes('returned') ? 'returned' : moved > 0 ? 'paid' : 'non-final';
  return {
    fact,
    source: 'statement',
    answer: fact === 'non-final' ? 'no line' : 'a line',
    requestNo: order.requestNo,
    amountMinor: fact === 'non-final' ? null : (held?.amountMinor ?? null),
    currency: fact === 'non-final' ? null : (held?.currency ?? null),
    extraMovements: Math.max(0, moved - 1),
    receivedAt: null,
    observedAt: new Date(EPOCH_MS + Math.floor(database.scheduler.nowMs)),
  };
}

function orderFacts({ orders }: Committed, orderNo: string, nowMs: number): OrderFacts | null {
  const order = orders.get(orderNo);
  if (!order) return null;
  const { mark: _, createdAtMs, changedAtMs: __, ...row } = order;
  return {
    ...row,
    createdAt: new Date(EPOCH_MS + Math.floor(createdAtMs)),
    accountOpen: true,
    currentCounterparty: order.counterparty,
    requestAttempt: 1,
    observedAt: new Date(EPOCH_MS + Math.floor(nowMs)),
  };
}
