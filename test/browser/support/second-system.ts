/** A second production system in this process, with orders that end in every way a repair can end. */
import { type Client, createClient, defineCollector, defineFix, type FixPair } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import type { Facts, PlanStep, ReportedOutcome, ScenarioCode } from '@piculus/protocol';

export const SECOND_SYSTEM = 'PBMS';
export const AUTOMATIC_FIX = 'interRechargeFixServiceImpl';
export const MANUAL_FIX = 'withdrawFailedFixServiceImpl';

/** What somebody outside may have put into a name; it must be shown as it is written. */
export const HOSTILE_TEXT = '<img src=x onerror="alert(1)">\'; DROP TABLE orders; --';

interface Order {
  readonly businessKey: string;
  readonly fixCode: string;
  readonly scenario: ScenarioCode;
  readonly amountMinor: string;
  readonly currency: string;
  readonly ageMs: number;
  readonly handling: 'fix' | 'person';
  readonly verdict: Exclude<ReportedOutcome, 'fixed'>;
  readonly reason: string;
}

const HOUR_MS = 3_600_000;
const order = (businessKey: string, given: Partial<Order>): Order => ({
  businessKey,
  fixCode: AUTOMATIC_FIX,
  scenario: 'C1',
  amountMinor: '125000',
  currency: 'CNY',
  ageMs: 5 * HOUR_MS,
  handling: 'fix',
  verdict: 'refused',
  reason: 'the amounts of order and bank differ',
  ...given,
});

export const ORDERS = {
  exhausted: order('M20260001', { verdict: 'failed', reason: 'the ledger could not be reached' }),
  needsHuman: order('M20260002', { amountMinor: '880000', ageMs: 80 * HOUR_MS }),
  hostile: order('M20260003', { reason: HOSTILE_TEXT, currency: 'USD', amountMinor: '4200' }),
  forPerson: order('M20260004', { scenario: 'X1', handling: 'person', ageMs: 30 * HOUR_MS }),
  notYet: order('M20260005', {
    verdict: 'not-yet',
    reason: 'the bank has not settled it',
    amountMinor: '31',
  }),
  cleared: order('M20260006', { verdict: 'not-this-problem', reason: 'it was booked meanwhile' }),
  young: order('M20260007', { fixCode: MANUAL_FIX, scenario: 'C7a', ageMs: HOUR_MS / 2, currency: 'JPY' }),
  waiting: order('M20260008', {
    fixCode: MANUAL_FIX,
    scenario: 'C7a',
    currency: 'KWD',
    amountMinor: '1234567',
  }),
} as const satisfies Record<string, Order>;

/** @returns a client that is connecting; it must be stopped. */
export function startSecondSystem(url: string, systemKey: string, serverKeys: readonly string[]): Client {
  const client = createClient({
    url,
    systemKey,
    serverKeys,
    application: { name: 'PBMS-1', version: '4.2.0' },
    fixes: [pair(AUTOMATIC_FIX), pair(MANUAL_FIX)],
    journal: memoryJournal<null>(),
    places: 4,
  });
  client.start();
  return client;
}

function pair(fixCode: string): FixPair<null> {
  const orders = new Map<string, Order>(
    Object.values(ORDERS)
      .filter((each) => each.fixCode === fixCode)
      .map((each) => [each.businessKey, each]),
  );
  const find = (businessKey: string): Order => {
    const found = orders.get(businessKey);
    if (found === undefined) throw new Error(`${businessKey} is not known`);
    return found;
  };
  return {
    collector: defineCollector({
      fixCode,
      async collect({ windowTo, report, scanned }) {
        scanned(orders.size);
        await report(
          [...orders.values()].map((each) => ({
            ...problemOf(each, windowTo),
            facts: factsOf(each, windowTo),
          })),
        );
        const reachesTo = windowTo.toISOString();
        return {
          complete: true,
          feeds: (['order', 'ledger', 'bank'] as const).map((side) => ({ side, reachesTo, complete: true })),
        };
      },
    }),
    fix: defineFix<Order, PlanStep, null>({
      fixCode,
      examine: async ({ businessKey }) => find(businessKey),
      facts: (found) => factsOf(found, new Date()),
      plan: (_, { verdict, scenario, reason }) => ({ verdict, scenario, reason }),
      apply: async () => ({ result: 'continue' }),
    }),
  };
}

function problemOf({ businessKey, scenario, handling, amountMinor, currency, ageMs }: Order, now: Date) {
  return {
    businessKey,
    scenario,
    handling,
    amountMinor,
    currency,
    occurredAt: new Date(now.getTime() - ageMs).toISOString(),
    outOfPocket: 'customer' as const,
    contradictions: ['order.status', 'ledger.state'],
  };
}

function factsOf({ amountMinor, businessKey }: Order, at: Date): Facts {
  const side = (state: string, source: string, fields: Facts['order']['fields']) => ({
    state,
    source,
    observedAt: at.toISOString(),
    fields: { amountMinor, ...fields },
  });
  return {
    order: side('SUCCESS', 'orders', { orderNo: businessKey, status: 'SUCCESS', note: HOSTILE_TEXT }),
    ledger: side('none', 'postings', { state: 'none' }),
    bank: side('paid', 'statement', { fact: 'paid' }),
  };
}
