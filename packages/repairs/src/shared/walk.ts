/**
 * The walk that all collectors share where the system can leave out what is certainly right: one pass over the window
 * for every fix code that the command asks for. The truth tables decide about each suspect, as in a scan.
 */
import {
  type CollectEnd,
  type Collector,
  defineCollector,
  type FiledProblem,
  type SharedContext,
  type SharedWalk,
} from '@piculus/client';
import type { OrderType } from '../facts.ts';
import type { PaymentSystem, RepairPolicy, ScanPort } from '../ports.ts';
import { type BankFeed, blindEnd, completeEnd, filedProblem, ownFeeds, judgeBankFeed } from './collect.ts';
import { PERSONAL_FIELDS } from './evidence.ts';
import type { RepairDefinition } from './plan.ts';

/** A system whose scan can leave out what is certainly right. */
export interface WalkingSystem<Tx> extends PaymentSystem<Tx> {
  readonly scan: ScanPort & Required<Pick<ScanPort, 'suspects'>>;
}

export function canWalk<Tx>(system: PaymentSystem<Tx>): system is WalkingSystem<Tx> {
  return system.scan.suspects !== undefined;
}

export function makeWalk<Tx>(
  definitions: readonly RepairDefinition[],
  system: WalkingSystem<Tx>,
  policy: RepairPolicy,
): SharedWalk {
  return {
    collect: async (context) => {
      const asked = definitions.filter(({ fixCode }) => context.fixCodes.includes(fixCode));
      const types = new Set(asked.map(({ scans }) => scans.type));
      const banks = new Map<OrderType, BankFeed>();
      const feed = await system.scan.refreshStatement(context.signal);
      for (const type of types) banks.set(type, await judgeBankFeed({ system, policy, context }, feed, type));
      const own = ownFeeds(system);
      if ([...banks.values()].some(({ blind }) => blind === null))
        await walk({ system, policy, context, banks });
      return new Map(
        asked.map(({ fixCode, scans }) => [fixCode, endOf(banks.get(scans.type), own)] as const),
      );
    },
  };
}

/** The collector of one fix code on the walk; run by itself, it walks for that code alone. */
export function makeWalker(fixCode: string, walk: SharedWalk): Collector {
  return defineCollector({
    fixCode,
    personal: [...PERSONAL_FIELDS],
    together: walk,
    collect: async (context) => {
      const ends = await walk.collect({
        ...context,
        fixCodes: [fixCode],
        report: (problems) => context.report(problems.map(({ fixCode: _, ...problem }) => problem)),
      });
      return ends.get(fixCode) ?? { feeds: [], complete: false, reason: 'nothing was walked' };
    },
  });
}

interface Walking<Tx> {
  readonly system: WalkingSystem<Tx>;
  readonly policy: RepairPolicy;
  readonly context: SharedContext;
  readonly banks: ReadonlyMap<OrderType, BankFeed>;
}

async function walk<Tx>({ system, policy, context, banks }: Walking<Tx>): Promise<void> {
  const window = { from: context.windowFrom, to: context.windowTo };
  for await (const { orders, looked } of system.scan.suspects(window, context.signal)) {
    context.signal.throwIfAborted();
    const now = system.now();
    const found = orders.flatMap((row): FiledProblem[] => {
      const bank = banks.get(row.order.type);
      if (bank === undefined || bank.blind !== null) return [];
      const problem = filedProblem(row, { policy, now, reachesTo: bank.reachesTo });
      return problem !== null && context.fixCodes.includes(problem.fixCode) ? [problem] : [];
    });
    context.scanned(looked);
    if (found.length > 0) await context.report(found);
  }
}

function endOf(bank: BankFeed | undefined, own: CollectEnd['feeds']): CollectEnd {
  if (bank === undefined) return { feeds: [], complete: false, reason: 'the bank was not asked' };
  return bank.blind === null ? completeEnd(own, bank) : blindEnd(own, bank, bank.blind);
}
