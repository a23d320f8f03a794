/** Wraps the ports of a system, so that the kit can crash, lose answers and let things happen in between. */
import type { BankAnswer, BankPort, PaymentSystem } from '../ports.ts';

/** A moment outside of every transaction: around one that commits, or around a call to the outside. */
export type Moment = 'before' | 'after' | 'before-commit';
export type OnMoment = (moment: Moment, name: string) => Promise<void>;

/** What a crashed process leaves behind is all that is left: nobody catches this and tidies up. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Calls `onMoment` around all that changes something: transactions, bank calls, stored answers and the fence. */
export function intercept<Tx>(system: PaymentSystem<Tx>, onMoment: OnMoment): PaymentSystem<Tx> {
  async function around<T>(name: string, call: () => Promise<T>): Promise<T> {
    await onMoment('before', name);
    const result = await call();
    await onMoment('after', name);
    return result;
  }
  const { orders, bank, outbox } = system;
  return {
    scan: system.scan,
    ledger: system.ledger,
    decisions: system.decisions,
    proofs: system.proofs,
    orders: {
      read: (orderNo) => orders.read(orderNo),
      setStatus: (tx, order, to, commandKey) => orders.setStatus(tx, order, to, commandKey),
      fence: (orderNo, commandKey) => around('fence', () => orders.fence(orderNo, commandKey)),
      unfence: (orderNo, commandKey) => around('unfence', () => orders.unfence(orderNo, commandKey)),
    },
    outbox: {
      read: (orderNo) => outbox.read(orderNo),
      intend: (tx, request, attempt) => outbox.intend(tx, request, attempt),
      stop: (tx, requestNo) => outbox.stop(tx, requestNo),
      answered: (requestNo, answer) => around('answered', () => outbox.answered(requestNo, answer)),
    },
    bank: {
      capabilities: bank.capabilities,
      query: (requestNo, signal) => around('query', () => bank.query(requestNo, signal)),
      positiveControl: (order, signal) => bank.positiveControl(order, signal),
      close: (requestNo, order, signal) => around('close', () => bank.close(requestNo, order, signal)),
      submitPayout: (request, signal) => around('submit', () => bank.submitPayout(request, signal)),
    },
    transaction: (work) =>
      around('transaction', () =>
        system.transaction(async (tx) => {
          const result = await work(tx);
          await onMoment('before-commit', 'transaction');
          return result;
        }),
      ),
    now: () => system.now(),
  };
}

/** The same system with another bank in front of its own. */
export function withBank<Tx>(
  system: PaymentSystem<Tx>,
  change: (bank: BankPort) => Partial<BankPort>,
): PaymentSystem<Tx> {
  const { bank } = system;
  const own: BankPort = {
    capabilities: bank.capabilities,
    query: (requestNo, signal) => bank.query(requestNo, signal),
    close: (requestNo, order, signal) => bank.close(requestNo, order, signal),
    submitPayout: (request, signal) => bank.submitPayout(request, signal),
    positiveControl: (order, signal) => bank.positiveControl(order, signal),
  };
  return {
    scan: system.scan,
    orders: system.orders,
    ledger: system.ledger,
    outbox: system.outbox,
    decisions: system.decisions,
    proofs: system.proofs,
    bank: { ...own, ...change(own) },
    transaction: (work) => system.transaction(work),
    now: () => system.now(),
  };
}

export function unclear(now: Date): BankAnswer {
  return {
    code: 'UNCLEAR',
    detail: 'no answer',
    amountMinor: null,
    currency: null,
    receivedAt: null,
    observedAt: now,
  };
}
