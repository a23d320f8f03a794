/**
 * What the payment system does by itself all the while: it takes the bank's callbacks, sends what is queued and
 * gives up what is old. Some of it is careless, and relies on nothing but the keys.
 */
import type { Held, SimulatedBank } from '../bank/bank.ts';
import type { BankCalls } from '../bank/calls.ts';
import type { BankProfile, NormalPathProfile } from '../profile.ts';
import type { Random } from '../random.ts';
import type { Lane, Scheduler } from '../scheduler.ts';
import { credit, ledgerStateOf, postingsOf, release, reverse, settle } from './booking.ts';
import { changed, isMarked } from './payment-system.ts';
import type { OrderRow, SimulatedDatabase, Transaction } from './tables.ts';

export interface NormalPathParts {
  readonly scheduler: Scheduler;
  readonly database: SimulatedDatabase;
  readonly bank: SimulatedBank;
  readonly calls: BankCalls;
  readonly random: Random;
  readonly profile: NormalPathProfile;
  readonly bankProfile: BankProfile;
  /** The process that does this just now. */
  lane(): Lane;
}

const BUSY_AGAIN_MS = 4_000;
const TRIES_MAX = 5;

export class NormalPath {
  healed = false;
  readonly #parts: NormalPathParts;

  constructor(parts: NormalPathParts) {
    this.#parts = parts;
    parts.bank.onFinal = (held) => this.callBack(held);
  }

  /** Begins what goes on for ever in one process of the system. */
  start(lane: Lane): void {
    const { profile, random } = this.#parts;
    this.#again(lane, 'sender', profile.senderMs, () => this.#send(lane));
    if (profile.timeoutMs > 0) {
      this.#again(lane, 'timeout job', 20_000 + random.between(0, 10_000), () => this.#giveUp(lane));
    }
  }

  /** The bank tells what became of a number: late, twice, or never. */
  callBack(held: Held): void {
    const { profile, random, bankProfile } = this.#parts;
    // A failure that may be executed again is no news that one may book on.
    if (held.state === 'failed' && bankProfile.onFailure === 'executes-again') return;
    if (!this.healed && random.chance(profile.callbackLost)) return;
    const times = !this.healed && random.chance(profile.callbackRepeats) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const careless = random.chance(profile.careless);
      this.#callBackIn(
        random.between(0.2, 1.5) * profile.callbackMs,
        held.requestNo,
        held.orderNo,
        careless,
        1,
      );
    }
  }

  #callBackIn(ms: number, requestNo: string, orderNo: string, careless: boolean, attempt: number): void {
    const { scheduler } = this.#parts;
    scheduler.after(ms, null, 'callback', () => {
      const lane = this.#parts.lane();
      if (lane.state === 'dead' || attempt > TRIES_MAX) return;
      scheduler.after(0, lane, 'callback', () => {
        const state = this.#parts.bank.held.get(requestNo)?.state;
        if (state !== 'settled' && state !== 'failed') return;
        const taken = careless
          ? this.#bookThenStatus(lane, orderNo, state)
          : this.#bookWithStatus(lane, orderNo, state);
        taken
          .catch(() => 'busy' as const)
          .then((result) => {
            if (result === 'busy') this.#callBackIn(BUSY_AGAIN_MS, requestNo, orderNo, careless, attempt + 1);
          });
      });
    });
  }

  /** The careful way: everything in one transaction, under the order's lock, and not while a repair has it. */
  #bookWithStatus(lane: Lane, orderNo: string, state: 'settled' | 'failed'): Promise<'done' | 'busy'> {
    const { database, scheduler } = this.#parts;
    return database.transaction(lane, 'normal', async (tx) => {
      const order = await tx.locked('orders', orderNo);
      if (!order) return 'done';
      if (isMarked(order, scheduler.nowMs)) return 'busy';
      if (order.status !== 'PROCESSING') return 'done';
      await tx.put(
        'orders',
        orderNo,
        changed(order, state === 'settled' ? 'SUCCESS' : 'FAILED', scheduler.nowMs),
      );
      await this.#book(tx, order, state);
      return 'done';
    });
  }

  /** The careless way: books first, in a transaction of its own, and looks at the order afterwards. */
  async #bookThenStatus(lane: Lane, orderNo: string, state: 'settled' | 'failed'): Promise<'done' | 'busy'> {
    const { database, scheduler } = this.#parts;
    await database.transaction(lane, 'normal', async (tx) => {
      const order = tx.get('orders', orderNo);
      if (!order) return;
      // A balance is changed under the account's lock, whoever changes it.
      await tx.locked('accounts', order.accountNo);
      await this.#book(tx, order, state);
    });
    return database.transaction(lane, 'normal', async (tx) => {
      const order = await tx.locked('orders', orderNo);
      if (order?.status !== 'PROCESSING') return 'done';
      if (isMarked(order, scheduler.nowMs)) return 'busy';
      await tx.put(
        'orders',
        orderNo,
        changed(order, state === 'settled' ? 'SUCCESS' : 'FAILED', scheduler.nowMs),
      );
      return 'done';
    });
  }

  async #book(tx: Transaction, order: OrderRow, state: 'settled' | 'failed'): Promise<void> {
    if (order.type === 'recharge') {
      if (state === 'settled') await credit(tx, order);
      return;
    }
    const own = postingsOf(tx.all('postings'), order.orderNo);
    const booked = own.find(({ kind }) => kind === 'hold' || kind === 'debit');
    if (!booked) return;
    if (booked.kind === 'hold' && state === 'settled') await settle(tx, order, booked.id);
    if (booked.kind === 'hold' && state === 'failed') await release(tx, order, booked.id);
    if (booked.kind === 'debit' && state === 'failed') await reverse(tx, order, booked.id);
  }

  /** Takes what is queued, says so, and only then sends it. It looks at the mark of the repair and at nothing else. */
  async #send(lane: Lane): Promise<void> {
    const { database, scheduler, calls } = this.#parts;
    const queued = await database.read(lane, 'queued', ({ outbox }) =>
      [...outbox.values()].filter(({ state }) => state === 'queued'),
    );
    for (const { requestNo, orderNo } of queued) {
      const order = await database.transaction(lane, 'normal', async (tx) => {
        const locked = await tx.locked('orders', orderNo);
        const row = await tx.locked('outbox', requestNo);
        if (!locked || row?.state !== 'queued' || isMarked(locked, scheduler.nowMs)) return null;
        await tx.put('outbox', requestNo, { ...row, state: 'sending', sentAtMs: scheduler.nowMs });
        return locked;
      });
      if (!order) continue;
      const { amountMinor, currency } = order;
      await calls.submit(lane, { requestNo, orderNo, direction: -1, amountMinor, currency });
      await database.transaction(lane, 'normal', async (tx) => {
        const row = await tx.locked('outbox', requestNo);
        if (row) await tx.put('outbox', requestNo, { ...row, state: 'sent' });
      });
    }
  }

  /** Calls old orders failed and leaves their bookings as they are: where many of the broken ones come from. */
  async #giveUp(lane: Lane): Promise<void> {
    const { database, scheduler, profile } = this.#parts;
    const old = await database.read(lane, 'old orders', ({ orders }) =>
      [...orders.values()].filter(
        ({ status, createdAtMs }) =>
          status === 'PROCESSING' && scheduler.nowMs - createdAtMs > profile.timeoutMs,
      ),
    );
    if (this.healed) return;
    for (const { orderNo } of old) {
      await database.transaction(lane, 'normal', async (tx) => {
        const order = await tx.locked('orders', orderNo);
        if (order?.status !== 'PROCESSING' || isMarked(order, scheduler.nowMs)) return;
        // What a repair set back on purpose is not this job's business.
        if (tx.get('decisions', orderNo)) return;
        const booked = ledgerStateOf(postingsOf(tx.all('postings'), orderNo));
        if (booked === 'credited' || booked === 'settled') return;
        await tx.put('orders', orderNo, changed(order, 'FAILED', scheduler.nowMs));
      });
    }
  }

  #again(lane: Lane, name: string, everyMs: number, work: () => Promise<void>): void {
    const { scheduler } = this.#parts;
    const next = (): void => {
      scheduler.after(everyMs, lane, name, () => {
        // A broken connection is for the next round.
        work()
          .catch(() => undefined)
          .then(next);
      });
    };
    next();
  }
}

export { ledgerStateOf };
