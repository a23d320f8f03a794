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
  type FoundProblem,
} from '@piculus/client';
import type { FeedReach, ScenarioCode, SeedFixCode } from '@piculus/protocol';
import { classify, type Problem } from '../classify.ts';
import type { PaymentSystem, RepairPolicy, ScanCursor, ScannedOrder } from '../ports.ts';
import { PERSONAL_FIELDS, wireFacts } from './evidence.ts';
import { minAgeMs, type RepairDefinition } from './plan.ts';

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
  const bank = await readBankFeed(work);
  const feeds = [...ownFeeds(work), bank.feed];
  if (bank.blind !== null) return { feeds, complete: false, reason: bank.blind };
  await scan(work, bank.reachesTo);
  return { feeds, complete: true };
}

/** Orders and postings are in the system's own database, so they reach to this moment. */
function ownFeeds<Tx>({ system }: Collecting<Tx>): readonly FeedReach[] {
  const reachesTo = system.now().toISOString();
  return [
    { side: 'order', reachesTo, complete: true },
    { side: 'ledger', reachesTo, complete: true },
  ];
}

type BankFeed =
  | { readonly feed: FeedReach; readonly blind: string }
  | { readonly feed: FeedReach; readonly blind: null; readonly reachesTo: Date };

async function readBankFeed<Tx>(work: Collecting<Tx>): Promise<BankFeed> {
  const { system, context } = work;
  const { windowFrom: from, windowTo } = context;
  const feed = await system.scan.refreshStatement(context.signal);
  const blind = (reason: string): BankFeed => ({ feed: { ...feed, complete: false }, blind: reason });
  // Younger orders are in flight, so the statement has to show only what is older than the age gate.
  const relevantTo = new Date(windowTo.getTime() - minAgeMs(work.policy, work.definition.scans.type));
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
  const { system, definition, context } = work;
  const window = { from: context.windowFrom, to: context.windowTo };
  let after: ScanCursor | null = null;
  for (;;) {
    context.signal.throwIfAborted();
    const rows: readonly ScannedOrder[] = await system.scan.scan(window, definition.scans, after, BATCH_ROWS);
    const found = rows.flatMap((row) => problemOf(work, row, reachesTo) ?? []);
    context.scanned(rows.length);
    if (found.length > 0) await context.report(found);
    const last = rows.at(-1);
    if (!last || rows.length < BATCH_ROWS) return;
    after = { createdAt: last.order.createdAt, orderNo: last.order.orderNo };
  }
}

function problemOf<Tx>(work: Collecting<Tx>, row: ScannedOrder, reachesTo: Date): FoundProblem | null {
  const { definition, policy, system } = work;
  const { order, ledger, statement: bank } = row;
  const gateMs = minAgeMs(policy, order.type);
  const dueAt = order.createdAt.getTime() + gateMs;
  if (system.now().getTime() < dueAt) return null;
  const facts = { order, ledger, bank };
  const covered = reachesTo.getTime() >= Math.max(dueAt, row.changedAt?.getTime() ?? 0);
  const verdict = classify(facts, { aged: true, covered });
  if (verdict.kind !== 'problem') return null;
  const filed = fileFor(verdict, row);
  if (filed.fixCode !== definition.fixCode) return null;
  return {
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
 * what it began as, so that one broken order is not reported as two.
 */
function fileFor(
  verdict: Problem,
  row: ScannedOrder,
): { readonly fixCode: SeedFixCode; readonly scenario: ScenarioCode } {
  const { decision, order } = row;
  const resent = decision?.decision === 'RESUBMIT' && order.status === 'PROCESSING';
  if (!resent || verdict.handling !== 'fix') return verdict;
  const [began] = BEGAN_AS.filter(({ fixCode }) => decision.commandKey.split('/').includes(fixCode));
  return began ?? verdict;
}

const BEGAN_AS: readonly { readonly fixCode: SeedFixCode; readonly scenario: ScenarioCode }[] = [
  { fixCode: 'interWithdrawFixServiceImpl', scenario: 'C2' },
  { fixCode: 'interWithdrawAccFixServiceImpl', scenario: 'C3' },
];
