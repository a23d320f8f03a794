/** The orders of a run: every scenario as it arises in a payment system, and ordinary ones that are on their way. */
import { creditKey, reserveKey, resolveKey } from '@piculus/repairs';
import type { BankRequest, BankState, SimulatedBank } from './bank/bank.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { BANK, HOLDS } from './system/booking.ts';
import type { OrderRow, OutboxRow, PostingRow, SimulatedDatabase } from './system/tables.ts';

export interface Recipe {
  readonly name: string;
  readonly type: OrderRow['type'];
  readonly status: string;
  readonly booked: 'no' | 'taken' | 'done';
  /** `late`: the system's request is still on its way. */
  readonly bank: BankState | 'never' | 'late';
  readonly outbox: OutboxRow['state'] | 'none';
  /** Whether the payer of a recharge pays some time. */
  readonly payer?: 'pays' | 'never';
}

const recharge = (name: string, status: string, change: Partial<Recipe> = {}): Recipe => ({
  name,
  type: 'recharge',
  status,
  booked: 'no',
  bank: 'settled',
  outbox: 'none',
  payer: 'never',
  ...change,
});
const withdraw = (name: string, status: string, change: Partial<Recipe> = {}): Recipe => ({
  name,
  type: 'withdraw',
  status,
  booked: 'taken',
  bank: 'never',
  outbox: 'sent',
  ...change,
});

export const RECIPES: readonly Recipe[] = [
  recharge('C1', 'SUCCESS'),
  recharge('C4', 'FAILED'),
  recharge('C5', 'PROCESSING'),
  recharge('C6', 'PROCESSING', { bank: 'never' }),
  recharge('C6, the payer comes', 'PROCESSING', { bank: 'never', payer: 'pays' }),
  recharge('C4, the payer comes', 'FAILED', { bank: 'never', payer: 'pays' }),
  recharge('S1', 'PROCESSING', { booked: 'done' }),
  withdraw('C2', 'SUCCESS', { booked: 'no', outbox: 'none' }),
  withdraw('C2, queued', 'SUCCESS', { booked: 'no', outbox: 'queued' }),
  withdraw('C2, late', 'SUCCESS', { booked: 'no', bank: 'late' }),
  withdraw('C3', 'SUCCESS'),
  withdraw('C3, late', 'SUCCESS', { bank: 'late' }),
  withdraw('C7', 'FAILED'),
  withdraw('C7, late', 'FAILED', { bank: 'late' }),
  withdraw('C7, late and being sent', 'FAILED', { bank: 'late', outbox: 'sending' }),
  withdraw('C7, refused', 'FAILED', { bank: 'failed' }),
  withdraw('C7, queued', 'FAILED', { outbox: 'queued' }),
  withdraw('C8', 'PROCESSING', { bank: 'settled' }),
  withdraw('C9', 'PROCESSING'),
  withdraw('C9, late', 'PROCESSING', { bank: 'late' }),
  withdraw('C9, refused', 'PROCESSING', { bank: 'failed' }),
  withdraw('C9, queued', 'PROCESSING', { outbox: 'queued' }),
  withdraw('C9, being sent', 'PROCESSING', { outbox: 'sending' }),
];

/** The recipes of these names; all of them where none is named. */
export function recipesOf(names: readonly string[]): readonly Recipe[] {
  return names.length === 0 ? RECIPES : RECIPES.filter(({ name }) => names.includes(name));
}

const CURRENCY = 'CNY';
const LATE_MS = 170_000;

export interface OrderParts {
  readonly scheduler: Scheduler;
  readonly database: SimulatedDatabase;
  readonly bank: SimulatedBank;
  readonly random: Random;
  /** How old an order may be. */
  readonly oldestMs: number;
}

/** A number that was settled long ago, for the control. */
export function arrangeControl({ bank }: Pick<OrderParts, 'bank'>, controlNo: string): void {
  bank.put(
    { requestNo: controlNo, orderNo: 'CONTROL', direction: 1, amountMinor: 1n, currency: CURRENCY },
    'settled',
  );
}

/** Puts one order of the recipe into the world. @returns it as it is then. */
export function arrange(parts: OrderParts, recipe: Recipe, number: number): OrderRow {
  const { database, bank, random, scheduler } = parts;
  const orderNo = `${recipe.type === 'recharge' ? 'R' : 'W'}${number}`;
  const amountMinor = BigInt(random.int(1, 90) * 100 + number);
  const createdAtMs = scheduler.nowMs - random.int(0, parts.oldestMs);
  const order: OrderRow = {
    orderNo,
    type: recipe.type,
    booking: random.chance(0.5) ? 'staged' : 'one-shot',
    accountNo: `A-${orderNo}`,
    amountMinor,
    currency: CURRENCY,
    counterparty: `6222 ${orderNo}`,
    requestNo: `${orderNo}-1`,
    createdAtMs,
    changedAtMs: createdAtMs,
    status: recipe.status,
    version: 1,
    mark: null,
  };
  const { committed } = database;
  committed.orders.set(orderNo, order);
  committed.accounts.set(order.accountNo, { accountNo: order.accountNo });
  put(database, order, {
    kind: 'opening',
    key: `opening:${order.accountNo}`,
    from: 'equity',
    to: order.accountNo,
    amountMinor: random.chance(0.85) ? amountMinor * 2n : amountMinor - 1n + taken(recipe, amountMinor),
  });
  book(database, order, recipe.booked);
  if (recipe.outbox !== 'none') {
    const sentAtMs = recipe.outbox === 'queued' ? null : createdAtMs;
    committed.outbox.set(order.requestNo, {
      requestNo: order.requestNo,
      orderNo,
      attempt: 1,
      state: recipe.outbox,
      sentAtMs,
    });
  }
  reachBank(parts, recipe, order);
  if (bank.held.has(order.requestNo) && random.chance(0.5)) {
    // The callback of what is final already may still be on its way.
    const held = bank.held.get(order.requestNo);
    if (held && (held.state === 'settled' || held.state === 'failed')) bank.onFinal?.(held);
  }
  return order;
}

function taken({ booked }: Recipe, amountMinor: bigint): bigint {
  return booked === 'no' ? 0n : amountMinor;
}

function requestOf(order: OrderRow): BankRequest {
  const { requestNo, orderNo, amountMinor, currency, type } = order;
  return { requestNo, orderNo, amountMinor, currency, direction: type === 'recharge' ? 1 : -1 };
}

function reachBank({ bank, random, scheduler }: OrderParts, recipe: Recipe, order: OrderRow): void {
  const request = requestOf(order);
  if (recipe.payer === 'pays') {
    scheduler.after(random.between(0, LATE_MS), null, 'payer pays', () => bank.collect(request));
  }
  if (recipe.bank === 'late') {
    scheduler.after(random.between(0, LATE_MS), null, 'late request', () => void bank.arrives(request));
  } else if (recipe.bank !== 'never') bank.put(request, recipe.bank);
}

function book(database: SimulatedDatabase, order: OrderRow, booked: Recipe['booked']): void {
  if (booked === 'no') return;
  const { orderNo, accountNo, amountMinor, booking, type } = order;
  if (type === 'recharge') {
    put(database, order, { kind: 'credit', key: creditKey(orderNo), from: BANK, to: accountNo, amountMinor });
    return;
  }
  const staged = booking === 'staged';
  const id = put(database, order, {
    kind: staged ? 'hold' : 'debit',
    key: reserveKey(orderNo, booking),
    from: accountNo,
    to: staged ? HOLDS : BANK,
    amountMinor,
  });
  if (staged && booked === 'done') {
    put(database, order, { kind: 'settle', key: resolveKey(id), from: HOLDS, to: BANK, amountMinor }, id);
  }
}

function put(
  database: SimulatedDatabase,
  { orderNo }: OrderRow,
  posting: Pick<PostingRow, 'kind' | 'key' | 'from' | 'to' | 'amountMinor'>,
  refersTo: string | null = null,
): string {
  const id = `P${database.nextId()}`;
  database.committed.postings.set(id, { ...posting, id, orderNo, refersTo, by: 'world' });
  database.committed.effectKeys.set(posting.key, { postingId: id });
  return id;
}
