/**
 * What a repair knows before it decides: the order, its postings, our own record of what was sent, what was
 * decided and proven before, and what the bank says when asked just now. Nothing of the report is used.
 */
import type { Facts, SideFacts } from '@piculus/protocol';
import type { BankFacts, LedgerFacts, OrderFacts, PaymentFacts } from '../facts.ts';
import type { BankAnswer, BankAnswerCode, OutboxEntry, PaymentSystem, StandingDecision } from '../ports.ts';

export interface FoundEvidence {
  readonly found: true;
  readonly observedAt: Date;
  readonly facts: PaymentFacts;
  /** The bank's own answer, from which `facts.bank` was derived. */
  readonly answer: BankAnswer;
  readonly outbox: readonly OutboxEntry[];
  readonly decision: StandingDecision | null;
  /** Stored proof that the order's present number will never be paid, or that a repair's sending of it was. */
  readonly proof: BankFacts | null;
  /** What the imported statement shows; it may know of movements that a query does not tell. */
  readonly statement: BankFacts | null;
  /** Asked for only where the bank found nothing. */
  readonly control: { readonly ok: boolean; readonly detail: string } | null;
  /** Earlier numbers of this order that may have left and of which no proof says that they are final. */
  readonly unprovenNumbers: readonly string[];
}

export type Evidence =
  | FoundEvidence
  | { readonly found: false; readonly orderNo: string; readonly observedAt: Date };

/** A question that was not understood is asked again this often; asking moves nothing. */
const QUERY_TRIES = 3;

/** An order that changes under more examinations than this is somebody else's at the moment. */
const EXAMINATIONS_MAX = 3;

/**
 * Facts of one moment. The sides are read one after another, and another execution of the same command may still
 * be at work (its lease ran out, its process did not), so that an old order beside a new ledger would look like a
 * problem that never was. What was read counts only where the order is still as it was when it was read first.
 * @throws Error where it never is; trying again later helps.
 */
export async function examine<Tx>(
  system: PaymentSystem<Tx>,
  orderNo: string,
  signal: AbortSignal,
): Promise<Evidence> {
  for (let examination = 1; ; examination += 1) {
    const evidence = await look(system, orderNo, signal);
    if (!evidence.found) return evidence;
    const { status, version } = evidence.facts.order;
    const now = await system.orders.read(orderNo);
    if (now?.status === status && now.version === version) return evidence;
    if (examination === EXAMINATIONS_MAX) throw new Error('the order changed under every examination');
  }
}

async function look<Tx>(system: PaymentSystem<Tx>, orderNo: string, signal: AbortSignal): Promise<Evidence> {
  const order = await system.orders.read(orderNo);
  if (!order) return { found: false, orderNo, observedAt: system.now() };
  const outbox = await system.outbox.read(orderNo);
  const decision = await system.decisions.read(orderNo);
  const proof = await system.proofs.read(order.requestNo);
  const unprovenNumbers = await findUnproven(system, order, outbox);
  const answer = await ask(system, order.requestNo, signal);
  const control = answer.code === 'NOT_FOUND' ? await system.bank.positiveControl(order, signal) : null;
  const ledger = await system.ledger.read(order);
  // Read after the bank was asked, so that it is never the older of the two for want of looking.
  const statement = await system.scan.statement(orderNo);
  const bank = besideStatement(bankFacts({ order, answer, outbox, proof }), statement);
  return {
    found: true,
    observedAt: system.now(),
    facts: { order, ledger, bank },
    answer,
    outbox,
    decision,
    proof,
    statement,
    control,
    unprovenNumbers,
  };
}

/** Asks the bank for a number, again where the answer could not be understood. */
export async function ask<Tx>(
  system: PaymentSystem<Tx>,
  requestNo: string,
  signal: AbortSignal,
): Promise<BankAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const answer = await system.bank.query(requestNo, signal);
    if (answer.code !== 'UNCLEAR' || attempt === QUERY_TRIES) return answer;
  }
}

/** What the bank's answer amounts to. NOT_FOUND alone is never "not paid". */
export function bankFacts(given: {
  readonly order: OrderFacts;
  readonly answer: BankAnswer;
  readonly outbox: readonly OutboxEntry[];
  readonly proof: BankFacts | null;
}): BankFacts {
  const { order, answer, outbox, proof } = given;
  const facts = (fact: BankFacts['fact'], source: BankFacts['source']): BankFacts => ({
    fact,
    source,
    answer: answer.detail === '' ? answer.code : `${answer.code}: ${answer.detail}`,
    requestNo: order.requestNo,
    amountMinor: answer.amountMinor,
    currency: answer.currency,
    extraMovements: 0,
    receivedAt: answer.receivedAt,
    observedAt: answer.observedAt,
  });
  const silent = answer.code === 'NOT_FOUND' || answer.code === 'UNCLEAR';
  if (silent && proof?.fact === 'unpaid-final') return facts('unpaid-final', proof.source);
  switch (answer.code) {
    case 'PAID':
      // A payment whose amount the bank does not tell proves nothing about this order's amount.
      return facts(answer.amountMinor === null || answer.currency === null ? 'non-final' : 'paid', 'query');
    case 'FAILED':
    case 'CLOSED':
      return facts('unpaid-final', 'query');
    case 'RETURNED':
      return facts('returned', 'query');
    case 'REFUNDED':
      return facts('refunded', 'query');
    case 'NOT_FOUND':
      return order.type === 'withdraw' && neverSent(outbox)
        ? facts('never-sent', 'outbox')
        : facts('non-final', 'query');
    case 'PROCESSING':
    case 'UNCLEAR':
      return facts('non-final', 'query');
  }
}

/**
 * A query tells of one number, and for a limited time. What the statement shows beyond that counts: money that
 * went back, further movements, and a movement of a number that the bank does not find.
 */
export function besideStatement(bank: BankFacts, statement: BankFacts | null): BankFacts {
  if (statement === null) return bank;
  const { extraMovements } = statement;
  const wentBack = statement.fact === 'returned' || statement.fact === 'refunded';
  const final = bank.fact === 'paid' || bank.fact === 'unpaid-final';
  if (wentBack && final && statement.requestNo === bank.requestNo) {
    return { ...statement, receivedAt: bank.receivedAt };
  }
  if (bank.fact === 'never-sent' && statement.fact !== 'non-final') {
    return { ...bank, fact: 'non-final', source: 'query', extraMovements };
  }
  return { ...bank, extraMovements };
}

/** Whether the statement shows money that moved although the bank calls the number finally unpaid (X20). */
export function contradictsStatement({ facts, statement }: FoundEvidence): boolean {
  return statement?.fact === 'paid' && facts.bank.fact === 'unpaid-final';
}

/**
 * NOT_FOUND is worth something only where a number known to be settled was found just now, and where the
 * statement does not show that money moved.
 */
export function foundNothing({ answer, control, statement }: FoundEvidence): boolean {
  const moved = statement !== null && statement.fact !== 'non-final';
  return answer.code === 'NOT_FOUND' && control?.ok === true && !moved;
}

/**
 * Whether this command sent the payout that the bank shows as paid, and nobody noted that yet: its answer was lost,
 * and the normal path booked it meanwhile.
 */
export function paidUnnoted({ facts, decision, outbox, proof }: FoundEvidence, commandKey: string): boolean {
  const { order, bank } = facts;
  const ours = decision?.decision === 'RESUBMIT' && decision.commandKey === commandKey;
  const mayHaveLeft = outbox.some(
    ({ requestNo, state }) => requestNo === order.requestNo && (state === 'sending' || state === 'sent'),
  );
  return bank.fact === 'paid' && ours && mayHaveLeft && proof?.fact !== 'paid';
}

/** Only payouts are ours to send: a payer may pay a recharge without any request of ours. */
function neverSent(outbox: readonly OutboxEntry[]): boolean {
  return outbox.every((entry) => entry.state === 'queued' || entry.state === 'stopped');
}

const AFTER_A_PROOF: ReadonlySet<BankAnswerCode> = new Set(['PAID', 'PROCESSING', 'RETURNED', 'REFUNDED']);

/** Whether the bank now denies what it had made final (X20). */
export function contradictsProof(evidence: FoundEvidence): boolean {
  return evidence.proof?.fact === 'unpaid-final' && AFTER_A_PROOF.has(evidence.answer.code);
}

async function findUnproven<Tx>(
  system: PaymentSystem<Tx>,
  order: OrderFacts,
  outbox: readonly OutboxEntry[],
): Promise<readonly string[]> {
  const unproven: string[] = [];
  for (const entry of outbox) {
    if (entry.requestNo === order.requestNo || entry.state === 'queued' || entry.state === 'stopped')
      continue;
    const proof = await system.proofs.read(entry.requestNo);
    if (proof?.fact !== 'unpaid-final') unproven.push(entry.requestNo);
  }
  return unproven;
}

/** The facts as they may leave the process; `PERSONAL_FIELDS` are masked by the SDK. */
export function evidenceFacts(evidence: Evidence): Facts {
  if (evidence.found) return wireFacts(evidence.facts);
  const gone: SideFacts = {
    state: 'gone',
    source: 'orders',
    observedAt: evidence.observedAt.toISOString(),
    fields: { orderNo: evidence.orderNo },
  };
  return { order: gone, ledger: { ...gone, state: 'unknown' }, bank: { ...gone, state: 'unknown' } };
}

export const PERSONAL_FIELDS = ['order.counterparty', 'order.currentCounterparty'] as const;

export function wireFacts({ order, ledger, bank }: PaymentFacts): Facts {
  return { order: orderSide(order), ledger: ledgerSide(ledger), bank: bankSide(bank) };
}

function orderSide(order: OrderFacts): SideFacts {
  return {
    // An order may carry any text as its status, an empty one too.
    state: order.status.slice(0, 64) || '(empty)',
    source: 'orders',
    observedAt: order.observedAt.toISOString(),
    fields: {
      orderNo: order.orderNo,
      type: order.type,
      booking: order.booking,
      accountNo: order.accountNo,
      accountOpen: order.accountOpen,
      amountMinor: order.amountMinor.toString(),
      currency: order.currency,
      counterparty: order.counterparty,
      currentCounterparty: order.currentCounterparty,
      requestNo: order.requestNo,
      requestAttempt: order.requestAttempt,
      version: order.version,
      createdAt: order.createdAt.toISOString(),
    },
  };
}

function ledgerSide(ledger: LedgerFacts): SideFacts {
  return {
    state: ledger.state,
    source: 'postings',
    observedAt: ledger.observedAt.toISOString(),
    fields: {
      amountMinor: ledger.amountMinor?.toString() ?? null,
      currency: ledger.currency,
      accountNo: ledger.accountNo,
      postingId: ledger.postingId,
      handBookedCandidate: ledger.handBookedCandidate,
    },
  };
}

function bankSide(bank: BankFacts): SideFacts {
  return {
    state: bank.fact,
    source: bank.source,
    observedAt: bank.observedAt.toISOString(),
    fields: {
      answer: bank.answer.slice(0, 500),
      requestNo: bank.requestNo,
      amountMinor: bank.amountMinor?.toString() ?? null,
      currency: bank.currency,
      extraMovements: bank.extraMovements,
      receivedAt: bank.receivedAt?.toISOString() ?? null,
    },
  };
}
