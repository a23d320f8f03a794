/** Fixes that clients announced and that have no solution. Pure. */
import type { Solution } from '@piculus/protocol/http';
import { type Known, nameOf } from './known.ts';

export interface Unconfigured {
  readonly sysCode: string;
  readonly fixCode: string;
}

/** @param solutions all there are, whatever is shown. */
export function unconfigured(
  known: Pick<Known, 'fixes'>,
  solutions: readonly Pick<Solution, 'sysCode' | 'fixCode'>[],
): Unconfigured[] {
  const there = new Set(solutions.map(({ sysCode, fixCode }) => nameOf(sysCode, fixCode)));
  return [...known.fixes].flatMap(([sysCode, codes]) =>
    codes.filter((code) => !there.has(nameOf(sysCode, code))).map((fixCode) => ({ sysCode, fixCode })),
  );
}
