/**
 * The ten rows of anomalies: what each looks like while it stands, and what docs/repairs.md says that it ends
 * as. The demo's expected totals come from this table and the transactions, never from what a repair did.
 */
import type { SeedFixCode } from '@piculus/protocol';

export const DEMO_SCENARIOS = ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7a', 'C7b', 'C8', 'C9'] as const;
export type DemoScenario = (typeof DEMO_SCENARIOS)[number];

/** One payment's state on the three sides. */
export interface SideStates {
  readonly status: 'PROCESSING' | 'SUCCESS' | 'FAILED';
  /** The customer's balance has the amount in it (recharge) or without it (withdraw). */
  readonly booked: boolean;
  /** The bank moved the money. */
  readonly moved: boolean;
}

const PAID: SideStates = { status: 'SUCCESS', booked: true, moved: true };
const GIVEN_BACK: SideStates = { status: 'FAILED', booked: false, moved: false };

export interface ScenarioRule {
  readonly fixCode: SeedFixCode;
  readonly type: 'recharge' | 'withdraw';
  /** Only withdrawals booked this way can have it. */
  readonly booking?: 'one-shot' | 'staged';
  readonly broken: SideStates;
  /** Old withdrawals of C9 are given back, young ones are paid after all. */
  readonly repaired: (young: boolean) => SideStates;
}

export const SCENARIO_RULES: Readonly<Record<DemoScenario, ScenarioRule>> = {
  C1: {
    fixCode: 'interRechargeFixServiceImpl',
    type: 'recharge',
    broken: { status: 'SUCCESS', booked: false, moved: true },
    repaired: () => PAID,
  },
  C2: {
    fixCode: 'interWithdrawFixServiceImpl',
    type: 'withdraw',
    broken: { status: 'SUCCESS', booked: false, moved: false },
    repaired: () => PAID,
  },
  C3: {
    fixCode: 'interWithdrawAccFixServiceImpl',
    type: 'withdraw',
    broken: { status: 'SUCCESS', booked: true, moved: false },
    repaired: () => PAID,
  },
  C4: {
    fixCode: 'rechargeFailedFixServiceImpl',
    type: 'recharge',
    broken: { status: 'FAILED', booked: false, moved: true },
    repaired: () => PAID,
  },
  C5: {
    fixCode: 'rechargeTimeoutFixServiceImpl',
    type: 'recharge',
    broken: { status: 'PROCESSING', booked: false, moved: true },
    repaired: () => PAID,
  },
  C6: {
    fixCode: 'rechargeTimeoutFixServiceImpl',
    type: 'recharge',
    broken: { status: 'PROCESSING', booked: false, moved: false },
    repaired: () => GIVEN_BACK,
  },
  C7a: {
    fixCode: 'withdrawFailedFixServiceImpl',
    type: 'withdraw',
    booking: 'one-shot',
    broken: { status: 'FAILED', booked: true, moved: false },
    repaired: () => GIVEN_BACK,
  },
  C7b: {
    fixCode: 'withdrawFailedAccFixServiceImpl',
    type: 'withdraw',
    booking: 'staged',
    broken: { status: 'FAILED', booked: true, moved: false },
    repaired: () => GIVEN_BACK,
  },
  C8: {
    fixCode: 'withdrawTimeoutFixServiceImpl',
    type: 'withdraw',
    broken: { status: 'PROCESSING', booked: true, moved: true },
    repaired: () => PAID,
  },
  C9: {
    fixCode: 'withdrawTimeoutFixServiceImpl',
    type: 'withdraw',
    broken: { status: 'PROCESSING', booked: true, moved: false },
    repaired: (young) => (young ? PAID : GIVEN_BACK),
  },
};

export const HEALTHY: SideStates = PAID;
