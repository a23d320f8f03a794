/**
 * The truth tables: for every status of the order and state of the ledger, what each fact of the bank means.
 * The columns are, in this order: not final · finally unpaid · paid · gone back (refunded or returned).
 * Pure data. Source: docs/repairs.md, "The matrix".
 */
import type { Handling, ScenarioCode } from '@piculus/protocol';
import type { OrderStatus } from './facts.ts';

export type Cell =
  | { readonly is: 'ok' }
  /** Nothing can be said yet. `urgent`: money was given back while the bank may still pay. */
  | { readonly is: 'wait'; readonly urgent: boolean }
  | {
      readonly is: 'problem';
      readonly scenario: ScenarioCode;
      readonly handling: Handling;
      /** Set where only the status is wrong: the one it has to become. */
      readonly statusTo: OrderStatus | null;
    };

/** Cells for a bank that is not final, finally unpaid, paid, and where the money went back. */
export type Row = readonly [notFinal: Cell, unpaid: Cell, paid: Cell, back: Cell];

const ok: Cell = { is: 'ok' };
const wait: Cell = { is: 'wait', urgent: false };
const critical: Cell = { is: 'wait', urgent: true };
const fix = (scenario: ScenarioCode): Cell => ({ is: 'problem', scenario, handling: 'fix', statusTo: null });
const person = (scenario: ScenarioCode): Cell => ({
  is: 'problem',
  scenario,
  handling: 'person',
  statusTo: null,
});
const status = (scenario: 'S1' | 'S2', to: OrderStatus, handling: Handling = 'fix'): Cell => ({
  is: 'problem',
  scenario,
  handling,
  statusTo: to,
});

export type RechargeLedger = 'none' | 'credited' | 'reversed';

export const RECHARGE: Readonly<Record<OrderStatus, Readonly<Record<RechargeLedger, Row>>>> = {
  PROCESSING: {
    none: [wait, fix('C6'), fix('C5'), status('S1', 'REFUNDED')],
    credited: [person('X1'), person('X1'), status('S1', 'SUCCESS'), person('X3')],
    reversed: [wait, status('S1', 'FAILED'), person('X8'), status('S1', 'FAILED')],
  },
  SUCCESS: {
    none: [wait, person('X2'), fix('C1'), status('S1', 'REFUNDED')],
    credited: [wait, person('X1'), ok, person('X3')],
    reversed: [wait, status('S1', 'FAILED', 'person'), person('X8'), status('S1', 'REFUNDED')],
  },
  FAILED: {
    none: [wait, ok, fix('C4'), ok],
    credited: [wait, person('X1'), status('S1', 'SUCCESS'), person('X3')],
    reversed: [wait, ok, person('X8'), ok],
  },
  // An order says REFUNDED because the bank did; a bank that now says paid contradicts itself.
  REFUNDED: {
    none: [wait, ok, person('X20'), ok],
    credited: [wait, person('X1'), person('X20'), person('X3')],
    reversed: [wait, ok, person('X8'), ok],
  },
  // No recharge becomes RETURNED; somebody has to look at one that did.
  RETURNED: {
    none: [person('X21'), person('X21'), person('X21'), person('X21')],
    credited: [person('X21'), person('X21'), person('X21'), person('X21')],
    reversed: [person('X21'), person('X21'), person('X21'), person('X21')],
  },
};

/** `debited` is one-shot; `held` and `settled` are staged; `given-back` is released or reversed. */
export type WithdrawLedger = 'none' | 'held' | 'debited' | 'settled' | 'given-back';

const SUCCESS_BOOKED: Row = [wait, fix('C3'), ok, person('X11')];
const PROCESSING_BOOKED: Row = [wait, fix('C9'), fix('C8'), person('X11')];
const RETURNED_BOOKED: Row = [wait, person('X11'), person('X20'), person('X11')];

export const WITHDRAW: Readonly<Record<OrderStatus, Readonly<Record<WithdrawLedger, Row>>>> = {
  PROCESSING: {
    none: [wait, status('S2', 'FAILED'), person('X4'), status('S2', 'FAILED')],
    held: [wait, fix('C9'), fix('C8'), person('X11')],
    debited: PROCESSING_BOOKED,
    settled: PROCESSING_BOOKED,
    'given-back': [critical, status('S2', 'FAILED'), person('X5'), status('S2', 'FAILED')],
  },
  SUCCESS: {
    none: [wait, fix('C2'), person('X4'), status('S2', 'RETURNED')],
    held: [wait, fix('C3'), status('S2', 'SUCCESS'), person('X11')],
    debited: SUCCESS_BOOKED,
    settled: SUCCESS_BOOKED,
    'given-back': [critical, status('S2', 'FAILED', 'person'), person('X5'), status('S2', 'RETURNED')],
  },
  FAILED: {
    none: [wait, ok, person('X4'), ok],
    // A returned payout gives back only what the statement confirms, which a query does not show: a person.
    held: [wait, fix('C7b'), status('S2', 'SUCCESS', 'person'), person('C7b')],
    debited: [wait, fix('C7a'), status('S2', 'SUCCESS', 'person'), person('X11')],
    // Giving back what was settled takes a correction over two postings, so a person decides it.
    settled: [wait, person('C7a'), status('S2', 'SUCCESS', 'person'), person('X11')],
    'given-back': [critical, ok, person('X5'), ok],
  },
  RETURNED: {
    none: [wait, ok, person('X4'), ok],
    held: RETURNED_BOOKED,
    debited: RETURNED_BOOKED,
    settled: RETURNED_BOOKED,
    'given-back': [wait, ok, person('X5'), ok],
  },
  // No withdrawal becomes REFUNDED; somebody has to look at one that did.
  REFUNDED: {
    none: [person('X21'), person('X21'), person('X21'), person('X21')],
    held: [person('X21'), person('X21'), person('X21'), person('X21')],
    debited: [person('X21'), person('X21'), person('X21'), person('X21')],
    settled: [person('X21'), person('X21'), person('X21'), person('X21')],
    'given-back': [person('X21'), person('X21'), person('X21'), person('X21')],
  },
};
