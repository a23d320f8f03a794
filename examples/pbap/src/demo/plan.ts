/**
 * Decides, without touching any database, what the demo's history is: when each order happened, which ones
 * are broken and how, and what every account held before its first order.
 */
import { DemoError } from './demo-error.ts';
import { type Random, seededRandom, shuffled } from './random.ts';
import { DEMO_SCENARIOS, type DemoScenario, HEALTHY, SCENARIO_RULES, type SideStates } from './scenarios.ts';
import type { Transaction } from './transactions.ts';

const HOUR_MS = 3_600_000;
/** The history lies in the collect window of three days, and is older than every age gate. */
const OLDEST_AGE_MS = 60 * HOUR_MS;
const YOUNGEST_AGE_MS = 3 * HOUR_MS;
/** C9 continues withdrawals younger than a day and gives older ones back; the demo keeps away from the edge. */
const YOUNG_MAX_AGE_MS = 18 * HOUR_MS;
const OLD_MIN_AGE_MS = 30 * HOUR_MS;

export interface PlannedOrder {
  readonly orderNo: string;
  readonly accountNo: string;
  readonly type: 'recharge' | 'withdraw';
  readonly booking: 'one-shot' | 'staged';
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly createdAt: Date;
  /** Null for a healthy one. */
  readonly scenario: DemoScenario | null;
  /** Whether a C9 is young enough to be continued. */
  readonly young: boolean;
}

export interface PlannedAccount {
  readonly accountNo: string;
  readonly currency: string;
  readonly openingMinor: bigint;
}

export interface Plan {
  readonly orders: readonly PlannedOrder[];
  readonly accounts: readonly PlannedAccount[];
}

export interface PlanOptions {
  /** Of each of the ten scenarios. */
  readonly anomalies: number;
  readonly seed: number;
  readonly now: Date;
}

/** @throws DemoError when there are too few orders of some kind for so many anomalies. */
export function makePlan(transactions: readonly Transaction[], options: PlanOptions): Plan {
  const healthy = placeInTime(transactions, options.now);
  const broken = chooseBroken(healthy, options);
  const orders = healthy.map((order) => ({ ...order, scenario: broken.get(order.orderNo) ?? null }));
  return { orders, accounts: openAccounts(orders) };
}

/** The state in which an order is while it is broken, and after its repair. */
export function brokenState(order: PlannedOrder): SideStates {
  return order.scenario === null ? HEALTHY : SCENARIO_RULES[order.scenario].broken;
}
export function repairedState(order: PlannedOrder): SideStates {
  return order.scenario === null ? HEALTHY : SCENARIO_RULES[order.scenario].repaired(order.young);
}

/** Spreads the transactions evenly over the last days, in their order; withdrawals alternate their booking. */
function placeInTime(transactions: readonly Transaction[], now: Date): PlannedOrder[] {
  const start = now.getTime() - OLDEST_AGE_MS;
  const step = (OLDEST_AGE_MS - YOUNGEST_AGE_MS) / Math.max(1, transactions.length);
  let withdrawals = 0;
  return transactions.map((transaction, index) => {
    const createdAt = new Date(Math.floor(start + index * step));
    const staged = transaction.type === 'withdraw' && withdrawals++ % 2 === 1;
    return {
      ...transaction,
      booking: staged ? 'staged' : 'one-shot',
      createdAt,
      scenario: null,
      young: now.getTime() - createdAt.getTime() < YOUNG_MAX_AGE_MS,
    };
  });
}

function chooseBroken(orders: readonly PlannedOrder[], options: PlanOptions): Map<string, DemoScenario> {
  const { anomalies, now } = options;
  const random: Random = seededRandom(options.seed ^ 0x5bd1e995);
  const left = shuffled(orders, random);
  const chosen = new Map<string, DemoScenario>();
  const take = (
    scenario: DemoScenario,
    count: number,
    kind: string,
    fits: (order: PlannedOrder) => boolean,
  ): void => {
    const rule = SCENARIO_RULES[scenario];
    let taken = 0;
    for (const order of left) {
      if (taken === count) return;
      if (chosen.has(order.orderNo) || order.type !== rule.type || !fits(order)) continue;
      chosen.set(order.orderNo, scenario);
      taken++;
    }
    if (taken < count) {
      throw new DemoError(
        `there are too few orders for ${anomalies} anomalies of each kind: ${scenario} needs ${count - taken} more ` +
          `${kind}; give more transactions (--orders) or fewer anomalies (--anomalies)`,
      );
    }
  };
  const half = Math.ceil(anomalies / 2);
  const isOld = (order: PlannedOrder): boolean => now.getTime() - order.createdAt.getTime() > OLD_MIN_AGE_MS;
  // The choosiest first, so that what is left is enough for those who take anything.
  take('C9', half, 'young withdrawals', (order) => order.young);
  take('C9', anomalies - half, 'old withdrawals', isOld);
  for (const scenario of DEMO_SCENARIOS) {
    if (scenario === 'C9') continue;
    const { booking, type } = SCENARIO_RULES[scenario];
    const kind =
      type === 'recharge' ? 'recharges' : `${booking === undefined ? '' : `${booking} `}withdrawals`;
    take(scenario, anomalies, kind, (order) => booking === undefined || order.booking === booking);
  }
  return chosen;
}

/** The opening balance covers the account's deepest dip, with every broken recharge still missing. */
function openAccounts(orders: readonly PlannedOrder[]): PlannedAccount[] {
  const accounts = new Map<string, { currency: string; balance: bigint; lowest: bigint }>();
  for (const order of orders) {
    const account = accounts.get(order.accountNo) ?? { currency: order.currency, balance: 0n, lowest: 0n };
    if (order.type === 'withdraw') account.balance -= order.amountMinor;
    else if (order.scenario === null) account.balance += order.amountMinor;
    if (account.balance < account.lowest) account.lowest = account.balance;
    accounts.set(order.accountNo, account);
  }
  return [...accounts].map(([accountNo, { currency, lowest }]) => ({
    accountNo,
    currency,
    openingMinor: -lowest,
  }));
}
