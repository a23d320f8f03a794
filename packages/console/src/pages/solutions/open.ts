/** How many open problems each solution has, and how much money; and the address of their list. */
import { PROBLEM_STATES, type ProblemState } from '@piculus/protocol';
import type { ProblemCount } from '@piculus/protocol/http';
import { nameOf } from './known.ts';

const DONE: ReadonlySet<ProblemState> = new Set(['fixed', 'cleared', 'closed']);
export const OPEN_STATES = PROBLEM_STATES.filter((state) => !DONE.has(state));

export interface Open {
  readonly problems: number;
  readonly amounts: readonly { readonly currency: string; readonly amountMinor: string }[];
}
const NOTHING: Open = { problems: 0, amounts: [] };

/** @returns a question by system and fix code. Pure. */
export function openBySolution(
  counts: readonly ProblemCount[],
): (solution: { readonly sysCode: string; readonly fixCode: string }) => Open {
  const found = new Map<string, { problems: number; amounts: Map<string, bigint> }>();
  for (const count of counts) {
    if (DONE.has(count.state)) continue;
    const name = nameOf(count.sysCode, count.fixCode);
    const sum = found.get(name) ?? { problems: 0, amounts: new Map() };
    found.set(name, sum);
    sum.problems += count.problems;
    sum.amounts.set(count.currency, (sum.amounts.get(count.currency) ?? 0n) + BigInt(count.amountMinor));
  }
  return ({ sysCode, fixCode }) => {
    const sum = found.get(nameOf(sysCode, fixCode));
    if (sum === undefined) return NOTHING;
    const amounts = [...sum.amounts].map(([currency, amount]) => ({
      currency,
      amountMinor: amount.toString(),
    }));
    return { problems: sum.problems, amounts };
  };
}

export function problemsOf({ sysCode, fixCode }: { sysCode: string; fixCode: string }): string {
  return `/problems?${new URLSearchParams({ sysCode, fixCode, state: OPEN_STATES.join(',') })}`;
}
