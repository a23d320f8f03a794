/** The case file of one problem: everything that is known of it, with proof. Taking one is an act. */
import type { CaseFile } from '@piculus/protocol/http';
import type { Caller } from '../base/access.ts';
import type { Context, Messages, Problems } from '../base/services.ts';
import { versionView } from '../solutions/rules.ts';
import { listActs } from '../store/audit-list.ts';
import { transaction } from '../store/pool.ts';
import { idsOfReportsThatChanged } from '../store/reports.ts';
import { readVersionsOfFix } from '../store/solutions.ts';
import { writeAudit } from './audit.ts';
import { proofOf } from './case-proof.ts';

const ROWS_MAX = 1_000;

export interface CaseParts {
  readonly problems: Pick<Problems, 'get'>;
  readonly messages: Pick<Messages, 'forProblem'>;
}

/** @throws PiculusError `not-found` where the caller may not view it. */
export async function makeCaseFile(
  { db, clock }: Context,
  { problems, messages }: CaseParts,
  id: string,
  caller: Caller,
): Promise<CaseFile> {
  // First of all, for it refuses who may not view the problem.
  const problem = await problems.get(id, caller);
  const page = { scope: 'all', before: null, limit: ROWS_MAX } as const;
  const acts = (await listActs(db, { problemId: id }, page)).reverse();
  const versions = await readVersionsOfFix(db, problem.sysCode, problem.fixCode);
  const file: CaseFile = {
    version: 1,
    madeAt: clock.now().toISOString(),
    madeBy: caller.actor,
    problem,
    solutions: versions.map(versionView),
    messages: await messages.forProblem(id, caller),
    acts: acts.map((act) => ({ ...act, at: act.at.toISOString() })),
    proof: await proofOf(db, {
      audit: acts.map((act) => act.id),
      reports: await idsOfReportsThatChanged(db, id, ROWS_MAX),
      executions: problem.executions.map((execution) => execution.id),
    }),
  };
  const { sysCode } = problem;
  await transaction(db, (tx) =>
    writeAudit(tx, { at: clock.now(), actor: caller.actor, act: 'case-file', sysCode, problemId: id }),
  );
  return file;
}
