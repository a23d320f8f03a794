/** The list of problems for a file: page by page, so that no more than one page is ever in memory. */
import type { Problem, ProblemFilter } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import type { Caller } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import { transaction } from '../store/pool.ts';
import { listProblems } from '../store/problem-lists.ts';
import { asProblem, nextTicksFrom } from './views.ts';

const PAGE_ROWS = 500;

/**
 * Newest first, each problem as it is when its page is read: one that is reported meanwhile is not in it, and none
 * is in it twice. However it ends, an act tells who took how many rows out.
 */
export async function* exportProblems(
  context: Context,
  filter: ProblemFilter,
  caller: Caller,
): AsyncGenerator<readonly Problem[], void, void> {
  const { db, clock } = context;
  let rows = 0;
  let complete = false;
  try {
    let before: string | null = null;
    for (let more = true; more; ) {
      const now = clock.now();
      const page: Awaited<ReturnType<typeof listProblems>> = await listProblems(db, {
        filter,
        scope: caller.scope('view'),
        before,
        limit: PAGE_ROWS,
        now,
      });
      const ticks = nextTicksFrom(now);
      before = page.at(-1)?.id ?? null;
      more = page.length === PAGE_ROWS;
      rows += page.length;
      yield page.map((row) => asProblem(row, ticks));
    }
    complete = true;
  } finally {
    await transaction(db, (tx) =>
      writeAudit(tx, {
        at: clock.now(),
        actor: caller.actor,
        via: caller.via,
        from: caller.from,
        act: 'export',
        target: 'problems',
        detail: { filter, rows, complete },
      }),
    );
  }
}
