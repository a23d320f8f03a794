/** The broken records that the kit tries, and how each must end. Source: docs/repairs.md, "End states". */
import type { ScenarioCode, SeedFixCode } from '@piculus/protocol';
import type { Setup } from './world.ts';

export interface Case {
  readonly name: string;
  readonly scenario: ScenarioCode;
  readonly fixCode: SeedFixCode;
  readonly setup: Setup;
  readonly ends: {
    readonly status: 'SUCCESS' | 'FAILED';
    /** Change of the account and movement at the bank, as multiples of the order's amount. */
    readonly moved: -1n | 0n | 1n;
  };
}

const HOUR_MS = 3_600_000;
/** Older than the age gates, younger than what C9 cancels. */
const YOUNG_MS = 2 * HOUR_MS;
const OLD_MS = 72 * HOUR_MS;

const credited = { status: 'SUCCESS', moved: 1n } as const;
const paid = { status: 'SUCCESS', moved: -1n } as const;
const nothing = { status: 'FAILED', moved: 0n } as const;

function recharge(change: Partial<Setup>): Setup {
  return {
    type: 'recharge',
    booking: 'one-shot',
    status: 'PROCESSING',
    ledger: 'none',
    bank: 'settled',
    outbox: 'sent',
    ageMs: YOUNG_MS,
    funds: 'enough',
    ...change,
  };
}

const withdraw = (change: Partial<Setup>): Setup =>
  recharge({ type: 'withdraw', bank: 'never-received', ...change });

const rechargeCases: readonly Case[] = [
  {
    name: 'C1',
    scenario: 'C1',
    fixCode: 'interRechargeFixServiceImpl',
    setup: recharge({ status: 'SUCCESS' }),
    ends: credited,
  },
  {
    name: 'C4',
    scenario: 'C4',
    fixCode: 'rechargeFailedFixServiceImpl',
    setup: recharge({ status: 'FAILED' }),
    ends: credited,
  },
  {
    name: 'C5',
    scenario: 'C5',
    fixCode: 'rechargeTimeoutFixServiceImpl',
    setup: recharge({}),
    ends: credited,
  },
  {
    name: 'C6',
    scenario: 'C6',
    fixCode: 'rechargeTimeoutFixServiceImpl',
    setup: recharge({ bank: 'never-received' }),
    ends: nothing,
  },
  {
    name: 'C6, the bank refused it',
    scenario: 'C6',
    fixCode: 'rechargeTimeoutFixServiceImpl',
    setup: recharge({ bank: 'failed' }),
    ends: nothing,
  },
];

/** The withdrawals exist for each booking; `taken` is what their ledger shows before settlement. */
function withdrawCases(booking: Setup['booking'], taken: 'debited' | 'held'): readonly Case[] {
  const done = booking === 'staged' ? 'settled' : 'debited';
  const failedFix = booking === 'staged' ? 'withdrawFailedAccFixServiceImpl' : 'withdrawFailedFixServiceImpl';
  const c7 = booking === 'staged' ? 'C7b' : 'C7a';
  const make = (
    name: string,
    scenario: ScenarioCode,
    fixCode: SeedFixCode,
    change: Partial<Setup>,
    ends: Case['ends'],
  ): Case => ({
    name: `${name}, ${booking}`,
    scenario,
    fixCode,
    setup: withdraw({ booking, ...change }),
    ends,
  });
  return [
    make('C2 never sent', 'C2', 'interWithdrawFixServiceImpl', { status: 'SUCCESS', outbox: 'none' }, paid),
    make(
      'C2 still queued',
      'C2',
      'interWithdrawFixServiceImpl',
      { status: 'SUCCESS', outbox: 'queued' },
      paid,
    ),
    make('C2 sent and lost', 'C2', 'interWithdrawFixServiceImpl', { status: 'SUCCESS' }, paid),
    make(
      'C3 sent and lost',
      'C3',
      'interWithdrawAccFixServiceImpl',
      { status: 'SUCCESS', ledger: done },
      paid,
    ),
    make(
      'C3 never sent',
      'C3',
      'interWithdrawAccFixServiceImpl',
      { status: 'SUCCESS', ledger: taken, outbox: 'none' },
      paid,
    ),
    make('C7 lost', c7, failedFix, { status: 'FAILED', ledger: taken }, nothing),
    make(
      'C7 refused by the bank',
      c7,
      failedFix,
      { status: 'FAILED', ledger: taken, bank: 'failed' },
      nothing,
    ),
    make('C7 still queued', c7, failedFix, { status: 'FAILED', ledger: taken, outbox: 'queued' }, nothing),
    make('C8', 'C8', 'withdrawTimeoutFixServiceImpl', { ledger: taken, bank: 'settled' }, paid),
    make('C9 young', 'C9', 'withdrawTimeoutFixServiceImpl', { ledger: taken }, paid),
    make(
      'C9 young, the bank refused it',
      'C9',
      'withdrawTimeoutFixServiceImpl',
      { ledger: taken, bank: 'failed' },
      nothing,
    ),
    make('C9 old', 'C9', 'withdrawTimeoutFixServiceImpl', { ledger: taken, ageMs: OLD_MS }, nothing),
  ];
}

export const CASES: readonly Case[] = [
  ...rechargeCases,
  ...withdrawCases('one-shot', 'debited'),
  ...withdrawCases('staged', 'held'),
];
