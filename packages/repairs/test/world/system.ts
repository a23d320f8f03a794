/** The ports of the in-memory payment system. `Tx` is the draft of its tables. */
import type {
  BankFacts,
  OrderFacts,
  OutboxPort,
  PaymentSystem,
  ScannedOrder,
  ScanPort,
} from '../../src/index.ts';
import { ORDER_STATUSES } from '../../src/index.ts';
import type { MemoryBank } from './bank.ts';
import { Book, ledgerFacts } from './booking.ts';
import type { OrderRow, State, Store } from './state.ts';

interface Parts {
  readonly store: Store;
  readonly bank: MemoryBank;
  readonly now: () => Date;
}

export function memorySystem(parts: Parts): PaymentSystem<State> {
  const { store, bank, now } = parts;
  return {
    scan: scanPort(parts),
    orders: {
      read: async (orderNo) => orderFacts(store.committed, orderNo, now()),
      fence: (orderNo, commandKey) =>
        store.transaction(async (tx) => {
          const order = tx.orders.get(orderNo);
          if (!order) return 'gone';
          if (order.repairCommand !== null && order.repairCommand !== commandKey) return 'held-by-other';
          order.repairCommand = commandKey;
          return 'held';
        }),
      unfence: (orderNo, commandKey) =>
        store.transaction(async (tx) => {
          const order = tx.orders.get(orderNo);
          if (order?.repairCommand === commandKey) order.repairCommand = null;
        }),
      setStatus: async (tx, seen, to, commandKey) => {
        const order = tx.orders.get(seen.orderNo);
        if (order?.status !== seen.status || order.version !== seen.version) return false;
        if (order.repairCommand !== commandKey) return false;
        order.status = to;
        order.version += 1;
        return true;
      },
    },
    ledger: {
      read: async (order) => ledgerFacts(store.committed, order, now()),
      readIn: async (tx, order) => ledgerFacts(tx, order, now()),
      credit: async (tx, order) => new Book(tx, now()).credit(order),
      reserve: async (tx, order) => new Book(tx, now()).reserve(order),
      settle: async (tx, order, holdId) => new Book(tx, now()).settle(order, holdId),
      release: async (tx, order, holdId) => new Book(tx, now()).release(order, holdId),
      reverse: async (tx, order, postingId) => new Book(tx, now()).reverse(order, postingId),
    },
    bank: {
      capabilities: bank.capabilities,
      query: async (requestNo) => bank.query(requestNo),
      close: async (requestNo, order) => bank.close(requestNo, asRequest(order)),
      submitPayout: async ({ requestNo, orderNo, amountMinor, currency }) =>
        bank.arrive(requestNo, { orderNo, direction: -1n, amountMinor, currency }),
      positiveControl: async () => ({ ok: true, detail: 'found' }),
    },
    outbox: outboxPort(parts),
    decisions: {
      read: async (orderNo) => store.committed.decisions.get(orderNo) ?? null,
      decide: async (tx, orderNo, decision, commandKey) => {
        const standing = tx.decisions.get(orderNo);
        if (standing) return standing.decision === decision ? 'same' : { other: standing.decision };
        tx.decisions.set(orderNo, { decision, commandKey });
        return 'made';
      },
    },
    proofs: {
      read: async (requestNo) => store.committed.proofs.get(requestNo) ?? null,
      store: async (tx, _orderNo, proof) => {
        if (!tx.proofs.has(proof.requestNo)) tx.proofs.set(proof.requestNo, proof);
      },
    },
    transaction: (work) => store.transaction(work),
    now,
  };
}

function outboxPort({ store, now }: Parts): OutboxPort<State> {
  return {
    read: async (orderNo) =>
      [...store.committed.outbox.values()].filter((entry) => entry.orderNo === orderNo),
    intend: async (tx, { requestNo, orderNo }, attempt) => {
      tx.outbox.set(requestNo, { requestNo, orderNo, attempt, state: 'sending', sentAt: now() });
    },
    answered: (requestNo) =>
      store.transaction(async (tx) => {
        const entry = tx.outbox.get(requestNo);
        if (entry) tx.outbox.set(requestNo, { ...entry, state: 'sent' });
      }),
    stop: async (tx, requestNo) => {
      const entry = tx.outbox.get(requestNo);
      if (entry?.state !== 'queued') return false;
      tx.outbox.set(requestNo, { ...entry, state: 'stopped' });
      return true;
    },
  };
}

function scanPort({ store, bank, now }: Parts): ScanPort {
  return {
    scan: async (window, filter, after, limit) => {
      const known: readonly string[] = ORDER_STATUSES;
      const wanted = ({ status }: OrderRow): boolean =>
        filter.statuses.includes(status) || (filter.unknownToo === true && !known.includes(status));
      const place = (order: Pick<OrderRow, 'createdAt' | 'orderNo'>): string =>
        `${order.createdAt.toISOString()} ${order.orderNo}`;
      return [...store.committed.orders.values()]
        .filter((order) => order.type === filter.type && wanted(order))
        .filter(({ createdAt }) => createdAt >= window.from && createdAt < window.to)
        .filter((order) => after === null || place(order) > place(after))
        .sort((a, b) => (place(a) < place(b) ? -1 : 1))
        .slice(0, limit)
        .flatMap(({ orderNo }) => scanned(store.committed, bank, orderNo, now()) ?? []);
    },
    refreshStatement: async () => ({ side: 'bank', reachesTo: now().toISOString(), complete: true }),
    statement: async (orderNo) => scanned(store.committed, bank, orderNo, now())?.statement ?? null,
    statementControl: async () => ({ settled: 4, shown: 4 }),
  };
}

function scanned(state: State, bank: MemoryBank, orderNo: string, now: Date): ScannedOrder | null {
  const order = orderFacts(state, orderNo, now);
  if (!order) return null;
  const line = bank.requests.get(order.requestNo);
  const shown = line?.state === 'settled';
  const statement: BankFacts = {
    fact: shown ? 'paid' : 'non-final',
    source: 'statement',
    answer: shown ? 'a line' : 'no line',
    requestNo: order.requestNo,
    amountMinor: shown ? line.amountMinor : null,
    currency: shown ? line.currency : null,
    extraMovements: 0,
    receivedAt: null,
    observedAt: now,
  };
  const decision = state.decisions.get(orderNo) ?? null;
  return { order, ledger: ledgerFacts(state, order, now), statement, decision };
}

export function orderFacts(state: State, orderNo: string, now: Date): OrderFacts | null {
  const order = state.orders.get(orderNo);
  const account = order && state.accounts.get(order.accountNo);
  if (!order || !account) return null;
  const { repairCommand: _, ...row } = order;
  return {
    ...row,
    accountOpen: account.open,
    currentCounterparty: account.counterparty,
    requestAttempt: 1,
    observedAt: now,
  };
}

export function asRequest(order: Pick<OrderRow, 'orderNo' | 'type' | 'amountMinor' | 'currency'>): {
  orderNo: string;
  direction: 1n | -1n;
  amountMinor: bigint;
  currency: string;
} {
  const { orderNo, amountMinor, currency, type } = order;
  return { orderNo, amountMinor, currency, direction: type === 'recharge' ? 1n : -1n };
}
