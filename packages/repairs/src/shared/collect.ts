/**
 * The one collector of all repairs: brings the statement up to date, makes sure that it is not blind, scans
 * what the repair is about in batches and reports what the tables call a problem. A side that does not reach
 * the window is not a problem but an incomplete collect.
 */
import {
  type CollectContext,
  type CollectEnd,
  type Collector,
  defineCollector,
  type FiledProblem,
  type FoundProblem,
} from '@piculus/client';
import type { FeedReach, ScenarioCode, SeedFixCode } from '@piculus/protocol';
import { classify, type Problem } from '../classify.ts';
import type { OrderType } from '../facts.ts';
import type { PaymentSystem, RepairPolicy, ScanCursor, ScannedOrder } from '../ports.ts';
import { PERSONAL_FIELDS, wireFacts } from './evidence.ts';
import { minAgeMs, type RepairDefinition, UNDERWAY } from './plan.ts';

const BATCH_ROWS = 1_000;

export function makeCollector<Tx>(
  definition: RepairDefinition,
  system: PaymentSystem<Tx>,
  policy: RepairPolicy,
): Collector {
  return defineCollector({
    fixCode: definition.fixCode,
    personal: [...PERSONAL_FIELDS],
    collect: (context) => collect({ definition, system, policy, context }),
  });
}

interface Collecting<Tx> {
  readonly definition: RepairDefinition;
  readonly system: PaymentSystem<Tx>;
  readonly policy: RepairPolicy;
  readonly context: CollectContext;
}

async function collect<Tx>(work: Collecting<Tx>): Promise<CollectEnd> {
  const { system, definition, context } = work;
  const feed = await system.scan.refreshStatement(context.signal);
  const bank = await judgeBankFeed(work, feed, definition.scans.type);
  const own = ownFeeds(system);
  if (bank.blind !== null) return blindEnd(own, bank, bank.blind);
  await scan(work, bank.reachesTo);
  return completeEnd(own, bank);
}

export const completeEnd = (own: CollectEnd['feeds'], { feed }: BankFeed): CollectEnd => ({
  feeds: [...own, feed],
  complete: true,
});
export const blindEnd = (own: CollectEnd['feeds'], { feed }: BankFeed, reason: string): CollectEnd => ({
  feeds: [...own, feed],
  complete: false,
  reason,
});

/** Orders and postings are in the system's own database, so they reach to this moment. */
export function ownFeeds<Tx>(system: PaymentSystem<Tx>): readonly FeedReach[] {
  const reachesTo = system.now().toISOString();
  return [
    { side: 'order', reachesTo, complete: true },
    { side: 'ledger', reachesTo, complete: true },
  ];
}

export type BankFeed =
  | { readonly feed: FeedReach; readonly blind: string }
  | { readonly feed: FeedReach; readonly blind: null; readonly reachesTo: Date };

interface BankReading<Tx> {
  readonly system: PaymentSystem<Tx>;
  readonly policy: RepairPolicy;
  readonly context: Pick<CollectContext, 'windowFrom' | 'windowTo'>;
}

/** Whether the statement, which is up to date now, can be trusted about orders of this type. */
export async function judgeBankFeed<Tx>(
  { system, policy, context }: BankReading<Tx>,
  feed: FeedReach,
  type: OrderType,
): Promise<BankFeed> {
  const { windowFrom: from, windowTo } = context;
  const blind = (reason: string): BankFeed => ({ feed: { ...feed, complete: false }, blind: reason });
  // Younger orders are in flight, so the statement has to show only what is older than the age gate.
  const relevantTo = new Date(windowTo.getTime() - minAgeMs(policy, type));
  if (feed.reachesTo === null) return blind('the bank statement was never read');
  const reachesTo = new Date(feed.reachesTo);
  if (reachesTo < relevantTo) {
    return blind(
      `the bank statement reaches to ${feed.reachesTo}, the window needs ${relevantTo.toISOString()}`,
    );
  }
  const { settled, shown } = await system.scan.statementControl({
    from,
    to: relevantTo > from ? relevantTo : windowTo,
  });
  if (settled > 0 && shown * 2 < settled) {
    return blind(`the bank statement shows ${shown} of ${settled} orders that are known to be settled`);
  }
  return { feed, blind: null, reachesTo };
}

async function scan<Tx>(work: Collecting<Tx>, reachesTo: Date): Promise<void> {
  const { system, definition, policy, context } = work;
  const window = { from: context.windowFrom, to: context.windowTo };
  let after: ScanCursor | null = null;
  for (;;) {
    context.signal.throwIfAborted();
    const rows: readonly ScannedOrder[] = await system.scan.scan(window, definition.scans, after, BATCH_ROWS);
    const now = system.now();
    const found = rows.flatMap((row): FoundProblem[] => {
      const problem = filedProblem(row, { policy, now, reachesTo });
      if (problem?.fixCode !== definition.fixCode) return [];
      const { fixCode: _, ...unfiled } = problem;
      return [unfiled];
    });
    context.scanned(rows.length);
    if (found.length > 0) await context.report(found);
    const last = rows.at(-1);
    if (!last || rows.length < BATCH_ROWS) return;
    after = { createdAt: last.order.createdAt, orderNo: last.order.orderNo };
  }
}

/** What the tables call this order, as it is reported; null where it is right, or in flight. */
export function filedProblem(
  row: ScannedOrder,
  given: { readonly policy: RepairPolicy; readonly now: Date; readonly reachesTo: Date },
): FiledProblem | null {
  const { order, ledger, statement: bank } = row;
  const dueAt = order.createdAt.getTime() + minAgeMs(given.policy, order.type);
  if (given.now.getTime() < dueAt) return null;
  const facts = { order, ledger, bank };
  const covered = given.reachesTo.getTime() >= Math.max(dueAt, row.changedAt?.getTime() ?? 0);
  const verdict = classify(facts, { aged: true, covered });
  if (verdict.kind !== 'problem') return null;
  const filed = fileFor(verdict, row);
  return {
    fixCode: filed.fixCode,
    businessKey: order.orderNo,
    scenario: filed.scenario,
    handling: verdict.handling,
    amountMinor: order.amountMinor.toString(),
    currency: order.currency,
    occurredAt: order.createdAt.toISOString(),
    outOfPocket: verdict.outOfPocket,
    facts: wireFacts(facts),
    contradictions: [...verdict.contradictions],
  };
}

/**
 * A payout that C2 or C3 is sending again looks like C8 or C9 until the bank's last word. It stays filed as
 * what it began as, so that one broken order is not reported as two. What it looks like afterwards is what it is.
 */
function fileFor(
  verdict: Problem,
  row: ScannedOrder,
): { readonly fixCode: SeedFixCode; readonly scenario: ScenarioCode } {
  const { decision, order } = row;
  const resent =
    decision?.decision === 'RESUBMIT' && order.type === 'withdraw' && order.status === 'PROCESSING';
  if (!resent || verdict.handling !== 'fix' || !UNDERWAY.has(verdict.scenario)) return verdict;
  const [began] = BEGAN_AS.filter(({ fixCode }) => decision.commandKey.split('/').includes(fixCode));
  return began ?? verdict;
}

const BEGAN_AS: readonly { readonly fixCode: SeedFixCode; readonly scenario: ScenarioCode }[] = [
  { fixCode: 'interWithdrawFixServiceImpl', scenario: 'C2' },
  { fixCode: 'interWithdrawAccFixServiceImpl', scenario: 'C3' },
];
