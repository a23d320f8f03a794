/**
 * What the facts of the three sides mean together. Pure and total: every combination has a verdict.
 * The tables are in matrix.ts; here are the anomalies that no cell can show (amounts, accounts, doubles) and
 * under which fix code a problem is filed.
 */
import {
  type Handling,
  type OutOfPocket,
  SCENARIOS,
  type ScenarioCode,
  type SeedFixCode,
} from '@piculus/protocol';
import {
  type BankFact,
  ORDER_STATUSES,
  type OrderFacts,
  type OrderStatus,
  type PaymentFacts,
} from './facts.ts';
import {
  type Cell,
  RECHARGE,
  type RechargeLedger,
  type Row,
  WITHDRAW,
  type WithdrawLedger,
} from './matrix.ts';

export interface ClassifyOptions {
  /** The order is older than its class's age gate, so it is not merely in flight. */
  readonly aged: boolean;
  /** The bank's side is covered: its statement reaches far enough, or the bank itself was just asked. */
  readonly covered: boolean;
}

export interface Problem {
  readonly kind: 'problem';
  readonly scenario: ScenarioCode;
  readonly handling: Handling;
  /** The fix that it is filed under, also where only a person may act. */
  readonly fixCode: SeedFixCode;
  readonly contradictions: readonly string[];
  readonly outOfPocket: OutOfPocket;
  /** Set where only the status is wrong: the one it has to become. */
  readonly statusTo?: OrderStatus;
}

export type Verdict =
  | { readonly kind: 'ok' }
  /** `agedInto`: what it becomes if the bank stays silent until it is aged and covered; null for nothing. */
  | { readonly kind: 'wait'; readonly agedInto: Problem | null; readonly urgent: boolean }
  | Problem;

export function classify(facts: PaymentFacts, options: ClassifyOptions): Verdict {
  const override = contradictionInside(facts);
  if (override) return override;
  const row = rowOf(facts);
  if (!row) return problem(facts, 'X24', 'person');
  const [notFinal, unpaid] = row;
  const cell = row[columnOf(facts.bank.fact)];
  if (cell !== notFinal || cell.is !== 'wait') return verdictOf(facts, cell);
  // A bank that stays silent past the age gate, on a statement that covers it, counts as unpaid for filing;
  // the repair's first act is to make that final.
  const aged = verdictOf(facts, unpaid);
  if (options.aged && options.covered) return aged;
  return { kind: 'wait', agedInto: aged.kind === 'problem' ? aged : null, urgent: cell.urgent };
}

export function isOrderStatus(status: string): status is OrderStatus {
  return (ORDER_STATUSES as readonly string[]).includes(status);
}

/** Which fix a broken order belongs to; a person's cases are filed the same way. */
export function fixCodeOf(facts: PaymentFacts): SeedFixCode {
  const { order, ledger } = facts;
  if (order.type === 'recharge') {
    if (order.status === 'SUCCESS') return 'interRechargeFixServiceImpl';
    if (order.status === 'FAILED') return 'rechargeFailedFixServiceImpl';
    return 'rechargeTimeoutFixServiceImpl';
  }
  if (order.status === 'SUCCESS') {
    return ledger.state === 'none' ? 'interWithdrawFixServiceImpl' : 'interWithdrawAccFixServiceImpl';
  }
  if (order.status === 'FAILED') {
    return order.booking === 'one-shot' ? 'withdrawFailedFixServiceImpl' : 'withdrawFailedAccFixServiceImpl';
  }
  return 'withdrawTimeoutFixServiceImpl';
}

/** Anomalies that hold whatever the bank's fact is, the gravest first. */
function contradictionInside(facts: PaymentFacts): Problem | null {
  const { order, ledger, bank } = facts;
  if (!isOrderStatus(order.status)) return problem(facts, 'X21', 'person');
  if (ledger.state === 'contradictory') return problem(facts, 'X24', 'person');
  if (ledger.state === 'credited-twice' || ledger.state === 'debited-twice') {
    return problem(facts, 'X6', 'person');
  }
  if (ledger.state !== 'none') {
    if (ledger.accountNo !== null && ledger.accountNo !== order.accountNo) {
      return problem(facts, 'X15', 'person');
    }
    if (differs(order, ledger.amountMinor, ledger.currency)) {
      return problem(facts, ledger.state === 'held' ? 'X23' : 'X7', 'person');
    }
  }
  if (bank.extraMovements > 0) return problem(facts, order.type === 'recharge' ? 'X9' : 'X10', 'person');
  const moved = bank.fact === 'paid' || bank.fact === 'returned' || bank.fact === 'refunded';
  if (moved && differs(order, bank.amountMinor, bank.currency)) return problem(facts, 'X7', 'person');
  return null;
}

function differs(order: OrderFacts, amountMinor: bigint | null, currency: string | null): boolean {
  return (
    (amountMinor !== null && amountMinor !== order.amountMinor) ||
    (currency !== null && currency !== order.currency)
  );
}

function columnOf(fact: BankFact): 0 | 1 | 2 | 3 {
  switch (fact) {
    case 'non-final':
      return 0;
    case 'unpaid-final':
    case 'never-sent':
      return 1;
    case 'paid':
      return 2;
    case 'returned':
    case 'refunded':
      return 3;
  }
}

/** The order's row, or null for postings that this kind of order cannot have. */
function rowOf({ order, ledger }: PaymentFacts): Row | null {
  if (!isOrderStatus(order.status)) return null;
  if (order.type === 'recharge') {
    const state = ledger.state;
    return isRechargeLedger(state) ? RECHARGE[order.status][state] : null;
  }
  const state = withdrawLedgerOf(order, ledger.state);
  return state ? WITHDRAW[order.status][state] : null;
}

function isRechargeLedger(state: string): state is RechargeLedger {
  return state === 'none' || state === 'credited' || state === 'reversed';
}

function withdrawLedgerOf(order: OrderFacts, state: string): WithdrawLedger | null {
  if (state === 'none') return 'none';
  if (state === 'reversed') return 'given-back';
  if (order.booking === 'one-shot') return state === 'debited' ? 'debited' : null;
  if (state === 'released') return 'given-back';
  return state === 'held' || state === 'settled' ? state : null;
}

function verdictOf(facts: PaymentFacts, cell: Cell): Exclude<Verdict, { kind: 'wait' }> {
  if (cell.is !== 'problem') return { kind: 'ok' };
  const found = problem(facts, cell.scenario, cell.handling, cell.statusTo);
  if (found.handling !== 'fix') return found;
  const { order, ledger } = facts;
  if (!order.accountOpen) return problem(facts, 'X22', 'person');
  if (SENDS_MONEY_OUT.has(cell.scenario) && order.counterparty !== order.currentCounterparty) {
    return problem(facts, 'X22', 'person');
  }
  // Somebody may have booked it by hand already; crediting again would pay twice.
  if (CREDITS.has(cell.scenario) && ledger.handBookedCandidate !== null) {
    return { ...found, handling: 'person' };
  }
  return found;
}

const SENDS_MONEY_OUT: ReadonlySet<ScenarioCode> = new Set(['C2', 'C3', 'C9']);
const CREDITS: ReadonlySet<ScenarioCode> = new Set(['C1', 'C4', 'C5']);

function problem(
  facts: PaymentFacts,
  scenario: ScenarioCode,
  handling: Handling,
  statusTo: OrderStatus | null = null,
): Problem {
  // A debit that was booked twice is the customer's loss; a credit booked twice is the company's.
  const doubleDebit = scenario === 'X6' && facts.order.type === 'withdraw';
  return {
    kind: 'problem',
    scenario,
    handling,
    fixCode: fixCodeOf(facts),
    contradictions: SCENARIOS[scenario].contradictions,
    outOfPocket: doubleDebit ? 'customer' : SCENARIOS[scenario].outOfPocket,
    ...(statusTo === null ? {} : { statusTo }),
  };
}
