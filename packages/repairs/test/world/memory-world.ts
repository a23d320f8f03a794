/** A payment system and its bank in memory, for the kit and for properties. */
import type { Journal } from '@piculus/client';
import type { Arranged, ConformanceWorld, Observed, Setup } from '../../src/conformance/index.ts';
import { type BankManners, HONEST, MemoryBank } from './bank.ts';
import { Book, ledgerFacts, post } from './booking.ts';
import { balanceOf, type OrderRow, type State, Store } from './state.ts';
import { asRequest, memorySystem, orderFacts } from './system.ts';

const AMOUNT_MINOR = 12_300n;
const START = new Date('2026-03-01T12:00:00Z').getTime();

export interface MemoryWorld extends ConformanceWorld<State> {
  readonly store: Store;
  readonly bank: MemoryBank;
  /** Time stands still but for this. */
  pass(ms: number): void;
}

export async function memoryWorld(manners: BankManners = HONEST): Promise<MemoryWorld> {
  let at = START;
  const now = (): Date => new Date(at);
  const store = new Store();
  const bank = new MemoryBank(manners, now);
  const system = memorySystem({ store, bank, now });
  let orders = 0;
  const orderOf = (orderNo: string): OrderRow => {
    const order = store.committed.orders.get(orderNo);
    if (!order) throw new Error(`no order ${orderNo}`);
    return order;
  };
  return {
    system,
    store,
    bank,
    pass: (ms) => {
      at += ms;
    },
    journal: memoryJournal(store),
    arrange: (setup) => {
      orders += 1;
      return arrange({ store, bank, now }, setup, `O-${orders}`);
    },
    originalArrives: async (orderNo) => {
      const order = orderOf(orderNo);
      bank.arrive(order.requestNo, asRequest(order));
    },
    bankWorks: async () => bank.work(),
    callback: (orderNo) => callback(store, bank, orderNo, now()),
    senderRuns: () => sender(store, bank, now()),
    observe: async (orderNo) => observe(store.committed, bank, orderOf(orderNo), now()),
    ledgerSumMinor: async () => {
      const names = new Set([...store.committed.postings.values()].flatMap(({ from, to }) => [from, to]));
      return [...names].reduce((sum, name) => sum + balanceOf(store.committed, name), 0n);
    },
    fingerprint: async () => {
      const rows = [store.committed, bank.requests].map((part) => plain(part));
      return JSON.stringify(rows);
    },
    close: async () => {},
  };
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Map) return [...value].map(plain);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, part]) => [key, plain(part)]);
}

function memoryJournal(store: Store): Journal<State> {
  return {
    open: (commandKey, payloadHash) =>
      store.transaction(async (tx) => {
        const entry = tx.journal.get(commandKey) ?? { commandKey, payloadHash, effects: [], answer: null };
        tx.journal.set(commandKey, entry);
        return entry;
      }),
    record: async (tx, commandKey, effect) => {
      const effects = tx.journal.get(commandKey)?.effects ?? [];
      if (!effects.some(({ key }) => key === effect.key)) effects.push(effect);
    },
    effects: async (commandKey) => store.committed.journal.get(commandKey)?.effects ?? [],
    answer: async () => {},
  };
}

interface Parts {
  readonly store: Store;
  readonly bank: MemoryBank;
  readonly now: () => Date;
}

async function arrange({ store, bank, now }: Parts, setup: Setup, orderNo: string): Promise<Arranged> {
  const createdAt = new Date(now().getTime() - setup.ageMs);
  const order: OrderRow = {
    orderNo,
    type: setup.type,
    booking: setup.booking,
    accountNo: `A-${orderNo}`,
    amountMinor: AMOUNT_MINOR,
    currency: 'CNY',
    counterparty: `6222 ${orderNo}`,
    requestNo: `${orderNo}-1`,
    createdAt,
    status: setup.status,
    version: 1,
    repairCommand: null,
  };
  await store.transaction(async (tx) => {
    tx.orders.set(orderNo, order);
    tx.accounts.set(order.accountNo, { open: true, counterparty: order.counterparty });
    const available = setup.funds === 'enough' ? AMOUNT_MINOR * 2n : AMOUNT_MINOR - 1n;
    const opening = {
      kind: 'opening',
      orderNo: null,
      from: 'equity',
      refersTo: null,
      bookedAt: createdAt,
    } as const;
    const spent = setup.ledger === 'debited' || setup.ledger === 'held' || setup.ledger === 'settled';
    const amountMinor = available + (spent ? AMOUNT_MINOR : 0n);
    post(tx, { ...opening, key: `opening:${order.accountNo}`, to: order.accountNo, amountMinor });
    bookAs(tx, order, setup.ledger, createdAt);
    if (setup.outbox !== 'none') {
      const sentAt = setup.outbox === 'sent' ? createdAt : null;
      tx.outbox.set(order.requestNo, {
        requestNo: order.requestNo,
        orderNo,
        attempt: 1,
        state: setup.outbox,
        sentAt,
      });
    }
  });
  if (setup.bank !== 'never-received') bank.put(order.requestNo, { ...asRequest(order), state: setup.bank });
  return { orderNo, amountMinor: AMOUNT_MINOR, currency: order.currency };
}

function bookAs(tx: State, order: OrderRow, ledger: Setup['ledger'], at: Date): void {
  const book = new Book(tx, at);
  if (ledger === 'none') return;
  if (ledger === 'credited' || (ledger === 'reversed' && order.type === 'recharge')) book.credit(order);
  else book.reserve(order);
  const [own] = [...tx.postings.values()].filter(({ orderNo }) => orderNo === order.orderNo);
  if (!own) return;
  if (ledger === 'settled') book.settle(order, own.id);
  if (ledger === 'released') book.release(order, own.id);
  if (ledger === 'reversed') book.reverse(order, own.id);
}

/** The normal path's own callback handler: it knows orders in flight and leaves all others alone. */
function callback(
  store: Store,
  bank: MemoryBank,
  orderNo: string,
  now: Date,
): Promise<'taken' | 'busy' | 'nothing'> {
  return store.transaction(async (tx) => {
    const order = tx.orders.get(orderNo);
    if (!order) return 'nothing';
    if (order.repairCommand !== null) return 'busy';
    const state = bank.requests.get(order.requestNo)?.state;
    if (order.status !== 'PROCESSING' || (state !== 'settled' && state !== 'failed')) return 'nothing';
    const facts = orderFacts(tx, orderNo, now);
    if (!facts) return 'nothing';
    const ledger = ledgerFacts(tx, facts, now);
    const book = new Book(tx, now);
    if (order.type === 'recharge' && state === 'settled') book.credit(order);
    if (order.type === 'withdraw' && ledger.postingId !== null) {
      if (state === 'settled' && ledger.state === 'held') book.settle(order, ledger.postingId);
      if (state === 'failed' && ledger.state === 'held') book.release(order, ledger.postingId);
      if (state === 'failed' && ledger.state === 'debited') book.reverse(order, ledger.postingId);
    }
    order.status = state === 'settled' ? 'SUCCESS' : 'FAILED';
    order.version += 1;
    return 'taken';
  });
}

/** A careless sender: it looks at the repair's mark and at nothing else. */
async function sender(store: Store, bank: MemoryBank, now: Date): Promise<void> {
  const taken = await store.transaction(async (tx) => {
    const queued = [...tx.outbox.values()].filter(({ state, orderNo }) => {
      return state === 'queued' && tx.orders.get(orderNo)?.repairCommand === null;
    });
    for (const entry of queued) tx.outbox.set(entry.requestNo, { ...entry, state: 'sent', sentAt: now });
    return queued;
  });
  for (const { requestNo, orderNo } of taken) {
    const order = store.committed.orders.get(orderNo);
    if (order) bank.arrive(requestNo, asRequest(order));
  }
}

function observe(state: State, bank: MemoryBank, order: OrderRow, now: Date): Observed {
  const facts = orderFacts(state, order.orderNo, now);
  if (!facts) throw new Error(`no order ${order.orderNo}`);
  const opening = state.postings.get(`opening:${order.accountNo}`)?.amountMinor ?? 0n;
  const moved = bank.moved(order.orderNo);
  return {
    status: order.status,
    bookedMinor: balanceOf(state, order.accountNo) - opening,
    heldMinor: ledgerFacts(state, facts, now).state === 'held' ? order.amountMinor : 0n,
    bankMinor: moved.minor,
    bankMovements: moved.times,
  };
}
