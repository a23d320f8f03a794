import type { CollectEnd, FoundProblem } from '@piculus/client';
import type { SeedFixCode } from '@piculus/protocol';
import { DEFAULT_POLICY, type PaymentSystem, paymentRepairs } from '../../src/index.ts';

export interface Collected {
  readonly problems: readonly (FoundProblem & { readonly fixCode: SeedFixCode })[];
  readonly ends: readonly CollectEnd[];
  readonly scanned: number;
  /** Sizes of the batches that were reported. */
  readonly batches: readonly number[];
}

const WEEK_MS = 7 * 24 * 3_600_000;

/** Runs all eight collectors over the last week. */
export async function collectAll<Tx>(system: PaymentSystem<Tx>, signal?: AbortSignal): Promise<Collected> {
  const problems: (FoundProblem & { readonly fixCode: SeedFixCode })[] = [];
  const ends: CollectEnd[] = [];
  const batches: number[] = [];
  let scanned = 0;
  for (const { collector, fix } of paymentRepairs(system, DEFAULT_POLICY)) {
    const fixCode = fix.fixCode as SeedFixCode;
    const windowTo = system.now();
    const end = await collector.collect({
      windowFrom: new Date(windowTo.getTime() - WEEK_MS),
      windowTo,
      signal: signal ?? new AbortController().signal,
      scanned: (rows) => {
        scanned += rows;
      },
      report: async (found) => {
        batches.push(found.length);
        problems.push(...found.map((problem) => ({ ...problem, fixCode })));
      },
    });
    ends.push(end);
  }
  return { problems, ends, scanned, batches };
}
