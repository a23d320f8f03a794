/**
 * What must hold after every event, judged from what really happened: the bank's own history and the tables, past
 * all ports and without a line of the repairs.
 */
import type { Outcome } from '@piculus/protocol';
import type { BankState, SimulatedBank } from '../bank/bank.ts';
import { BANK, HOLDS, ledgerStateOf, postingsOf } from '../system/booking.ts';
import type { Committed, OrderRow, PostingRow, Transaction } from '../system/tables.ts';

export type InvariantName =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I11'
  | 'I12'
  | 'I13'
  | 'I14'
  | 'I15';

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: InvariantName;
  readonly orderNo: string | null;

  constructor(invariant: InvariantName, orderNo: string | null, detail: string) {
    super(detail);
    this.invariant = invariant;
    this.orderNo = orderNo;
  }
}

/** Evidence may be this old when it is acted upon, with what a transaction itself takes. */
const EVIDENCE_MS = 60_000;
const TRANSACTION_MS = 6_000;

export interface MoneyParts {
  readonly committed: Committed;
  readonly bank: SimulatedBank;
  readonly executesAgain: boolean;
}

export class MoneyInvariants {
  readonly #parts: MoneyParts;
  #broken: Violation | null = null;
  #seen = { postings: -1, bank: '' };

  constructor(parts: MoneyParts) {
    this.#parts = parts;
  }

  /** Keeps the first one; told again after the event in which it happened. */
  broke(violation: Violation): void {
    this.#broken ??= violation;
  }

  /** After each event. @throws Violation */
  check(): void {
    if (this.#broken) throw this.#broken;
    const { committed, bank } = this.#parts;
    const moved = [...bank.held.values()].reduce((sum, { history }) => sum + history.length, 0);
    const bankNow = `${moved}`;
    if (committed.postings.size === this.#seen.postings && bankNow === this.#seen.bank) return;
    this.#seen = { postings: committed.postings.size, bank: bankNow };
    const byOrder = new Map<string, PostingRow[]>();
    for (const posting of committed.postings.values()) {
      const own = byOrder.get(posting.orderNo) ?? [];
      byOrder.set(posting.orderNo, own);
      if (posting.kind !== 'opening') own.push(posting);
    }
    for (const order of committed.orders.values()) {
      this.#oneEffect(order, byOrder.get(order.orderNo) ?? []);
      this.#paidOrReturned(order, byOrder.get(order.orderNo) ?? []);
    }
    this.#conserved();
  }

  /** I1: one effect for each key, in the ledger and at the bank. */
  #oneEffect(order: OrderRow, own: readonly PostingRow[]): void {
    const { orderNo, requestNo } = order;
    const state = ledgerStateOf(own);
    if (state === 'contradictory' || state.endsWith('-twice')) {
      const kinds = own.map(({ kind, by }) => `${kind} by ${by}`).join(', ');
      throw new Violation('I1', orderNo, `the ledger has more than one effect: ${kinds}`);
    }
    const held = this.#parts.bank.held.get(requestNo);
    if (held && held.movements > 1) {
      throw new Violation('I1', orderNo, `the bank moved the money of ${requestNo} ${held.movements} times`);
    }
  }

  /** I2: paid out, or given back; never both. */
  #paidOrReturned(order: OrderRow, own: readonly PostingRow[]): void {
    if (order.type !== 'withdraw') return;
    const back = own.find(({ kind }) => kind === 'release' || kind === 'reversal');
    const state = this.#parts.bank.held.get(order.requestNo)?.state;
    if (back && (state === 'settled' || state === 'returned')) {
      throw new Violation('I2', order.orderNo, `the bank paid and the account got it back (${back.by})`);
    }
  }

  /** I4: what is booked adds up to nothing, and nobody has less than nothing. */
  #conserved(): void {
    const balances = new Map<string, bigint>();
    const add = (account: string, amount: bigint): void =>
      void balances.set(account, (balances.get(account) ?? 0n) + amount);
    for (const { from, to, amountMinor } of this.#parts.committed.postings.values()) {
      add(from, -amountMinor);
      add(to, amountMinor);
    }
    const sum = [...balances.values()].reduce((total, balance) => total + balance, 0n);
    if (sum !== 0n) throw new Violation('I4', null, `all postings add up to ${sum}`);
    for (const [account, balance] of balances) {
      if (account === BANK || account === 'equity') continue;
      if (balance < 0n) throw new Violation('I4', null, `${account} has ${balance}`);
    }
    if ((balances.get(HOLDS) ?? 0n) < 0n) throw new Violation('I4', null, 'more was released than held');
  }

  /** I1 of the journal, and I10: told of each commit just before it happens. */
  commits(tx: Transaction): void {
    if (tx.by !== 'repair') return;
    try {
      this.#journalled(tx);
      this.#preconditions(tx);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.broke(error);
    }
  }

  /** Every effect of a repair is in the journal, and nothing else is. */
  #journalled(tx: Transaction): void {
    const noted = new Set([...tx.writes.journalEffects.values()].map(({ effect }) => effect.key));
    for (const { key, orderNo } of tx.writes.postings.values()) {
      if (!noted.has(key)) throw new Violation('I1', orderNo, `${key} is booked and not in the journal`);
    }
    const booked = new Set([...tx.writes.postings.values()].map(({ key }) => key));
    for (const { effect } of tx.writes.journalEffects.values()) {
      const money = effect.kind !== 'status' && effect.kind !== 'close' && effect.kind !== 'payout';
      if (money && !booked.has(effect.key)) {
        throw new Violation('I1', null, `${effect.key} is in the journal and not booked`);
      }
    }
  }

  /** I10: the reason for an effect holds in the very transaction that commits it. */
  #preconditions(tx: Transaction): void {
    for (const posting of tx.writes.postings.values()) {
      const order = tx.get('orders', posting.orderNo);
      if (order) this.#postingAllowed(tx, posting, order);
    }
    for (const [orderNo, after] of tx.writes.orders) {
      const before = this.#parts.committed.orders.get(orderNo);
      if (before && before.version !== after.version) this.#statusAllowed(tx, before, after);
    }
    for (const row of tx.writes.outbox.values()) {
      const before = this.#parts.committed.outbox.get(row.requestNo);
      if (row.state === 'sending' && before?.state !== 'sending') this.#sendingAllowed(tx, row.orderNo);
    }
    for (const [orderNo, decision] of tx.decided) {
      const standing = tx.get('decisions', orderNo)?.decision;
      if (standing === decision) continue;
      throw new Violation('I10', orderNo, `${decision} is carried out while ${standing ?? 'nothing'} stands`);
    }
  }

  #postingAllowed(tx: Transaction, { kind, orderNo }: PostingRow, { requestNo }: OrderRow): void {
    if (kind === 'credit' || kind === 'settle') this.#bankWas(orderNo, requestNo, ['settled'], kind);
    const back = kind === 'release' || kind === 'reversal';
    if (back && !this.#neverLeft(tx, requestNo)) this.#bankWas(orderNo, requestNo, this.#neverPays(), kind);
  }

  /** A bank that executes a number again has not failed it for good. */
  #neverPays(): readonly BankState[] {
    return this.#parts.executesAgain ? ['closed'] : ['closed', 'failed'];
  }

  /** Where the bank closes nothing, what it never got and what is stopped by this very commit is as good. */
  #neverLeft(tx: Transaction, requestNo: string): boolean {
    const { bank } = this.#parts;
    const stopped = tx.get('outbox', requestNo)?.state === 'stopped';
    return !bank.capabilities.hasClose && stopped && !bank.held.has(requestNo);
  }

  #bankWas(orderNo: string, requestNo: string, states: readonly BankState[], effect: string): void {
    if (this.#parts.bank.was(requestNo, states, EVIDENCE_MS + TRANSACTION_MS)) return;
    const state = this.#parts.bank.held.get(requestNo)?.state ?? 'not there';
    throw new Violation('I10', orderNo, `${effect} while ${requestNo} is ${state} at the bank`);
  }

  #statusAllowed(tx: Transaction, before: OrderRow, after: OrderRow): void {
    const { orderNo, requestNo, type } = after;
    const ledger = ledgerStateOf(postingsOf(tx.all('postings'), orderNo));
    const bank = this.#parts.bank.held.get(requestNo)?.state;
    const wrong = (why: string): Violation =>
      new Violation('I10', orderNo, `${before.status} → ${after.status} while ${why}`);
    if (after.version !== before.version + 1) throw wrong('another change was lost');
    const seen = tx.seen.get(orderNo);
    if (seen !== undefined && seen !== before.version) {
      throw wrong(`it was decided upon version ${seen} and is at ${before.version}`);
    }
    if (after.status === 'SUCCESS') {
      this.#bankWas(orderNo, requestNo, ['settled'], `${before.status} → SUCCESS`);
      const booked = type === 'recharge' ? ['credited'] : ['debited', 'settled'];
      if (!booked.includes(ledger)) throw wrong(`the ledger is ${ledger}`);
    }
    if (after.status === 'FAILED' && (bank === 'settled' || ledger === 'held' || ledger === 'debited')) {
      throw wrong(`the bank is ${bank} and the ledger ${ledger}`);
    }
    if (after.status === 'FAILED' && !this.#neverLeft(tx, requestNo))
      this.#bankWas(orderNo, requestNo, this.#neverPays(), `${before.status} → FAILED`);
    if (after.status === 'PROCESSING' && ledger !== 'held' && ledger !== 'debited' && ledger !== 'settled') {
      throw wrong(`nothing is booked: ${ledger}`);
    }
  }

  #sendingAllowed(tx: Transaction, orderNo: string): void {
    const ledger = ledgerStateOf(postingsOf(tx.all('postings'), orderNo));
    if (ledger === 'held' || ledger === 'debited' || ledger === 'settled') return;
    throw new Violation('I10', orderNo, `a payout is sent while the ledger is ${ledger}`);
  }

  /** I3: what is called fixed is right on all three sides. */
  fixed(result: { readonly verified: boolean; readonly reason: string }, orderNo: string): void {
    const order = this.#parts.committed.orders.get(orderNo);
    if (!order) return;
    if (!result.verified) this.broke(new Violation('I3', orderNo, 'fixed without having been read again'));
    const end = endOf(this.#parts, order);
    // A payee may have sent it back since it was read again; everything else would have been seen.
    if (end !== 'right' && end !== 'returned') {
      this.broke(new Violation('I3', orderNo, `called fixed, and it is ${end}: ${result.reason}`));
    }
  }

  /**
   * I5: at the end, everything is right or waits for a person with a reason, who was told of it.
   * @param told whether the server knows of the order. @throws Violation
   */
  atEnd(outcomes: ReadonlyMap<string, Outcome | null>, told: (orderNo: string) => boolean): void {
    for (const order of this.#parts.committed.orders.values()) {
      const end = endOf(this.#parts, order);
      // A payee may send money back after the last collect; nobody can have been told of that.
      if (end === 'right' || end === 'returned') continue;
      if (end === 'person') {
        if (told(order.orderNo)) continue;
        throw new Violation('I5', order.orderNo, 'a person is needed, and nobody was told');
      }
      const last = outcomes.get(order.orderNo) ?? 'never answered';
      // A bank that contradicted itself is for a person, once a repair has said so.
      if (last === 'refused' && this.#parts.bank.held.get(order.requestNo)?.denied === true) continue;
      throw new Violation('I5', order.orderNo, `still ${end} at the end; last outcome ${last}`);
    }
  }
}

/** What an order has come to, by the tables and the bank alone. */
export function endOf({ committed, bank }: Pick<MoneyParts, 'committed' | 'bank'>, order: OrderRow): string {
  const ledger = ledgerStateOf(postingsOf(committed.postings.values(), order.orderNo));
  const state = bank.held.get(order.requestNo)?.state ?? 'never';
  const sides = `${order.status}, ledger ${ledger}, bank ${state}`;
  if (state === 'returned') return 'returned';
  const unpaid = state === 'failed' || state === 'closed' || state === 'never';
  if (order.type === 'recharge') {
    if (order.status === 'SUCCESS' && ledger === 'credited' && state === 'settled') return 'right';
    if (order.status === 'FAILED' && ledger === 'none' && unpaid) return 'right';
    return order.status === 'SUCCESS' && unpaid ? 'person' : sides;
  }
  const booked = ledger === 'debited' || ledger === 'settled' || ledger === 'held';
  if (order.status === 'SUCCESS' && (ledger === 'debited' || ledger === 'settled') && state === 'settled')
    return 'right';
  const back = ledger === 'none' || ledger === 'released' || ledger === 'reversed';
  if (order.status === 'FAILED' && back && unpaid) return 'right';
  return needsPerson(order.status, booked, state) ? 'person' : sides;
}

/** Only a new number could pay, money moved for nothing, or the account cannot pay. */
function needsPerson(status: string, booked: boolean, state: string): boolean {
  if (!booked && state === 'settled') return true;
  if (status === 'SUCCESS') return !booked || state === 'failed' || state === 'closed';
  return status === 'FAILED' && booked && state === 'settled';
}
