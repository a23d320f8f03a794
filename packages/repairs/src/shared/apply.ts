/**
 * Applies one step. Local effects commit in one transaction with the status, the decision and the journal
 * entry; the bank is called outside of every transaction, after what it needs was committed.
 */
import type { Applied, FixContext } from '@piculus/client';
import type { Effect } from '@piculus/protocol';
import type { BankFacts, OrderFacts, OrderStatus } from '../facts.ts';
import type { BankAnswer, Booked, PaymentSystem } from '../ports.ts';
import { completes, otherDecision } from './decisions.ts';
import { ask, type Evidence, type FoundEvidence } from './evidence.ts';
import { closeKey, payoutKey, resolveKey, reserveKey, reversalKey, statusKey, creditKey } from './keys.ts';
import type { RepairStep } from './steps.ts';

const CONTINUE: Applied = { result: 'continue' };
const stop = (outcome: 'not-yet' | 'refused', reason: string): Applied => ({
  result: 'stop',
  outcome,
  reason,
});

/** Ends a transaction without committing it and says how the step ended. */
class RollBack extends Error {
  override readonly name = 'RollBack';
  readonly applied: Applied;

  constructor(applied: Applied) {
    super('the step is not committed');
    this.applied = applied;
  }
}

/** What one step works with. */
interface Work<Tx> {
  readonly system: PaymentSystem<Tx>;
  readonly step: RepairStep;
  readonly evidence: FoundEvidence;
  readonly order: OrderFacts;
  readonly context: FixContext<Tx>;
}

/** A process may be stopped between looking and acting; what it saw longer ago than this, it looks at again. */
const EVIDENCE_LIFE_MS = 60_000;

export async function applyStep<Tx>(
  system: PaymentSystem<Tx>,
  step: RepairStep,
  evidence: Evidence,
  context: FixContext<Tx>,
): Promise<Applied> {
  if (!evidence.found) return stop('refused', 'the order is not there');
  // The version of the order guards our own side, but the bank may have changed its mind meanwhile.
  const work: Work<Tx> = { system, step, evidence, order: evidence.facts.order, context };
  if (isTooOld(work)) return CONTINUE;
  switch (step.action.does) {
    case 'close':
      return close(work);
    case 'submit':
      return submit(work);
    case 'claim':
      return claim(work);
    case 'status':
      return changeStatus(work, step.action.to);
    case 'credit':
      return credit(work);
    case 'reserve':
      return reserve(work);
    case 'settle':
      return settle(work);
    case 'give-back':
      return giveBack(work);
  }
}

function isTooOld<Tx>({ system, evidence }: Work<Tx>): boolean {
  return system.now().getTime() - evidence.facts.bank.observedAt.getTime() > EVIDENCE_LIFE_MS;
}

async function atomically<Tx>(work: Work<Tx>, effects: (tx: Tx) => Promise<void>): Promise<Applied> {
  try {
    await work.system.transaction(effects);
    return CONTINUE;
  } catch (error) {
    if (error instanceof RollBack) return error.applied;
    throw error;
  }
}

/** Takes the order row first, as the normal path does, so that the two cannot wait for each other in a ring. */
async function takeOrder<Tx>(work: Work<Tx>, tx: Tx, to: OrderStatus): Promise<void> {
  const { system, order, context } = work;
  const changed = await system.orders.setStatus(tx, order, to, context.command.commandKey);
  // Somebody was faster: what is true now is for the next examination to say.
  if (!changed) throw new RollBack(CONTINUE);
  // It may have stood still before the transaction began, or waited for a connection or for the row.
  if (isTooOld(work)) throw new RollBack(CONTINUE);
  await decide(work, tx);
  if (order.status !== to) await record(work, tx, 'status', statusKey(order.orderNo, order.version), false);
}

/** A step that books nothing has no key that would tell it of somebody who booked and left the order as it was. */
async function sameBooks<Tx>({ system, order, evidence }: Work<Tx>, tx: Tx): Promise<void> {
  const { ledger } = evidence.facts;
  const now = await system.ledger.readIn(tx, order);
  if (now.state !== ledger.state || now.postingId !== ledger.postingId) throw new RollBack(CONTINUE);
}

async function decide<Tx>(work: Work<Tx>, tx: Tx): Promise<void> {
  const { system, order, step, context, evidence } = work;
  const made = await system.decisions.decide(tx, order.orderNo, step.decision, context.command.commandKey);
  if (typeof made !== 'object') return;
  // A payout was decided after the evidence was read: the next examination completes that decision with this end.
  const isNew = evidence.decision?.decision !== made.other;
  if (isNew && completes(made.other, step.decision)) throw new RollBack(CONTINUE);
  throw new RollBack(stop('refused', otherDecision(made.other, step.decision)));
}

async function record<Tx>(
  work: Work<Tx>,
  tx: Tx,
  kind: Effect['kind'],
  key: string,
  moves = true,
): Promise<void> {
  const { amountMinor, currency } = work.order;
  await work.context.record(tx, { kind, key, amountMinor: moves ? amountMinor.toString() : '0', currency });
}

/** A booking that was there already is not ours, so it is not recorded as an effect of this command. */
async function booked<Tx>(
  work: Work<Tx>,
  tx: Tx,
  result: Booked,
  effect: { readonly kind: Effect['kind']; readonly key: string },
): Promise<void> {
  if (result === 'booked') await record(work, tx, effect.kind, effect.key);
  if (result === 'insufficient') {
    throw new RollBack(stop('refused', 'the account has not enough available; nothing was changed'));
  }
  if (result === 'conflict') {
    throw new RollBack(stop('refused', `the key ${effect.key} is taken by a different booking`));
  }
}

const changeStatus = <Tx>(work: Work<Tx>, to: OrderStatus): Promise<Applied> =>
  atomically(work, async (tx) => {
    await takeOrder(work, tx, to);
    await sameBooks(work, tx);
    if (to === 'FAILED') await stopQueued(work, tx);
  });

const credit = <Tx>(work: Work<Tx>): Promise<Applied> =>
  atomically(work, async (tx) => {
    const { system, order } = work;
    await takeOrder(work, tx, 'SUCCESS');
    const result = await system.ledger.credit(tx, order);
    await booked(work, tx, result, { kind: 'credit', key: creditKey(order.orderNo) });
  });

const reserve = <Tx>(work: Work<Tx>): Promise<Applied> =>
  atomically(work, async (tx) => {
    const { system, order } = work;
    await takeOrder(work, tx, 'PROCESSING');
    const result = await system.ledger.reserve(tx, order);
    const kind = order.booking === 'staged' ? 'hold' : 'debit';
    await booked(work, tx, result, { kind, key: reserveKey(order.orderNo, order.booking) });
  });

const settle = <Tx>(work: Work<Tx>): Promise<Applied> =>
  atomically(work, async (tx) => {
    const { system, order, step, evidence } = work;
    const { state, postingId } = evidence.facts.ledger;
    await takeOrder(work, tx, 'SUCCESS');
    if (state !== 'held' || postingId === null) await sameBooks(work, tx);
    else {
      const result = await system.ledger.settle(tx, order, postingId);
      await booked(work, tx, result, { kind: 'settle', key: resolveKey(postingId) });
    }
    // The answer to our own sending may have been lost; the payment that is now seen is the one it asked for.
    if (step.decision === 'RESUBMIT' && sentByThisCommand(work)) await notePaid(work, tx);
  });

/** The normal path finished what this command sent, before the command saw it paid. */
const claim = <Tx>(work: Work<Tx>): Promise<Applied> => atomically(work, (tx) => notePaid(work, tx));

/** The proof beside the effect lets a plan, which cannot see the journal, know that the payout is noted. */
async function notePaid<Tx>(work: Work<Tx>, tx: Tx): Promise<void> {
  const { system, order, evidence } = work;
  await system.proofs.store(tx, order.orderNo, evidence.facts.bank);
  await record(work, tx, 'payout', payoutKey(order.requestNo));
}

function sentByThisCommand<Tx>({ evidence, context }: Work<Tx>): boolean {
  return evidence.decision?.commandKey === context.command.commandKey;
}

const giveBack = <Tx>(work: Work<Tx>): Promise<Applied> =>
  atomically(work, async (tx) => {
    const { system, order, evidence } = work;
    const { postingId } = evidence.facts.ledger;
    if (postingId === null)
      throw new RollBack(stop('refused', 'there is no booking that could be given back'));
    await takeOrder(work, tx, 'FAILED');
    await stopQueued(work, tx);
    if (evidence.facts.bank.fact === 'unpaid-final' && !evidence.proof) {
      await system.proofs.store(tx, order.orderNo, evidence.facts.bank);
    }
    if (order.booking === 'staged') {
      const result = await system.ledger.release(tx, order, postingId);
      await booked(work, tx, result, { kind: 'release', key: resolveKey(postingId) });
    } else {
      const result = await system.ledger.reverse(tx, order, postingId);
      await booked(work, tx, result, { kind: 'reversal', key: reversalKey(postingId) });
    }
  });

/** What is still queued must never leave once the order is given up. */
async function stopQueued<Tx>(work: Work<Tx>, tx: Tx): Promise<void> {
  for (const entry of work.evidence.outbox) {
    if (entry.state !== 'queued') continue;
    const stopped = await work.system.outbox.stop(tx, entry.requestNo);
    if (!stopped) throw new RollBack(CONTINUE);
  }
}

async function submit<Tx>(work: Work<Tx>): Promise<Applied> {
  const { system, order, context } = work;
  const request = {
    requestNo: order.requestNo,
    orderNo: order.orderNo,
    amountMinor: order.amountMinor,
    currency: order.currency,
    payee: order.counterparty,
  };
  let committed = false;
  const intended = await atomically(work, async (tx) => {
    await takeOrder(work, tx, 'PROCESSING');
    await sameBooks(work, tx);
    await system.outbox.intend(tx, request, order.requestAttempt);
    committed = true;
  });
  if (!committed || intended.result === 'stop') return intended;
  context.signal.throwIfAborted();
  const said = await system.bank.submitPayout(request, context.signal);
  await system.outbox.answered(order.requestNo, said);
  const seen = await confirm(work, said);
  if (
    said.code === 'PAID' ||
    said.code === 'PROCESSING' ||
    seen.code === 'PAID' ||
    seen.code === 'PROCESSING'
  ) {
    await system.transaction((tx) => record(work, tx, 'payout', payoutKey(order.requestNo)));
  }
  return isFinal(seen) ? CONTINUE : stop('not-yet', `the payout was sent; the bank now says ${seen.code}`);
}

async function close<Tx>(work: Work<Tx>): Promise<Applied> {
  const { system, order, context } = work;
  if (system.bank.capabilities.closeMayRefund) {
    // This close can move money, so the decision has to stand before it.
    let stands = false;
    const decided = await atomically(work, async (tx) => {
      await decide(work, tx);
      stands = true;
    });
    if (!stands) return decided;
  }
  context.signal.throwIfAborted();
  const said = await system.bank.close(order.requestNo, order, context.signal);
  if (said.code === 'CLOSED') return closed(work, said);
  const seen = await confirm(work, said);
  if (seen.code === 'CLOSED') return closed(work, seen);
  const runsAgain =
    seen.code === 'FAILED' && system.bank.capabilities.sameNumberOnFailure === 'executes-again';
  // An answer that was lost says nothing of whether the bank would close it: the number is asked for again.
  if (runsAgain && said.code === 'UNCLEAR') {
    return stop('not-yet', `the bank could not be understood about closing ${order.requestNo}`);
  }
  if (runsAgain) {
    return stop(
      'refused',
      `the bank does not close ${order.requestNo} and executes it again when it comes once more`,
    );
  }
  return isFinal(seen)
    ? CONTINUE
    : stop('not-yet', `the bank did not close the number: it says ${said.code}, then ${seen.code}`);
}

/** The decision is made here and not before the call: a close that finds the order paid decides nothing. */
const closed = <Tx>(work: Work<Tx>, answer: BankAnswer): Promise<Applied> =>
  atomically(work, async (tx) => {
    const { system, order } = work;
    const proof: BankFacts = {
      fact: 'unpaid-final',
      source: 'close',
      answer: answer.detail === '' ? answer.code : `${answer.code}: ${answer.detail}`,
      requestNo: order.requestNo,
      amountMinor: answer.amountMinor,
      currency: answer.currency,
      extraMovements: 0,
      receivedAt: answer.receivedAt,
      observedAt: answer.observedAt,
    };
    await decide(work, tx);
    await system.proofs.store(tx, order.orderNo, proof);
    await record(work, tx, 'close', closeKey(order.requestNo), false);
  });

/**
 * Reads the number back after a call. Rounds go on only from what a query shows, else a bank that answers one
 * call and not the other would be called for ever.
 */
async function confirm<Tx>(work: Work<Tx>, said: BankAnswer): Promise<BankAnswer> {
  if (said.code === 'PROCESSING') return said;
  return ask(work.system, work.order.requestNo, work.context.signal);
}

function isFinal(answer: BankAnswer): boolean {
  return answer.code !== 'PROCESSING' && answer.code !== 'NOT_FOUND' && answer.code !== 'UNCLEAR';
}
