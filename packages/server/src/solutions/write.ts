/** One solution stored anew or changed, with its version and its act, in the caller's transaction. */
import type { SolutionInput } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import type { Actor } from '../base/services.ts';
import { dropBySolution } from '../bulk-runs/drops.ts';
import { CAREFUL, UNLIMITED } from '../limits/rules.ts';
import { readPolicy } from '../store/approvals.ts';
import type { Tx } from '../store/database.ts';
import { limitsOver, saveLimits } from '../store/limits.ts';
import { type DroppedClicks, dropRunRequests } from '../store/run-requests.ts';
import * as store from '../store/solutions.ts';
import * as rules from './rules.ts';

export interface Author {
  readonly actor: Actor;
  readonly at: Date;
}

/** @returns its id; null where the system has a solution for this fix code. */
export async function storeNew(tx: Tx, input: SolutionInput, { actor, at }: Author): Promise<string | null> {
  const { sysCode, ...after } = input;
  const id = await store.insertSolution(tx, { sysCode, fixCode: input.fixCode, at });
  if (id === null) return null;
  await store.insertVersion(tx, {
    ...versionValues(input),
    id,
    version: 1,
    changed_at: at,
    changed_by: actor,
  });
  await writeAudit(tx, { at, actor, act: 'create-solution', sysCode, target: `solution:${id}`, after });
  await beginCareful(tx, { sysCode, fixCode: input.fixCode }, at);
  return id;
}

/** Where the policy is careful, what is new begins with careful limits, unless the place has some already. */
async function beginCareful(
  tx: Tx,
  { sysCode, fixCode }: { sysCode: string; fixCode: string },
  at: Date,
): Promise<void> {
  const { mode, singlePerson } = await readPolicy(tx);
  if (mode !== 'careful' || singlePerson) return;
  const known = await limitsOver(tx, sysCode, fixCode);
  if (known.some((row) => row.fixCode === fixCode)) return;
  const actor = 'policy:careful';
  await saveLimits(tx, { sysCode, fixCode, settings: CAREFUL, version: 1, changedAt: at, changedBy: actor });
  const reason = 'a new solution begins with careful limits';
  const detail = { fixCode, before: UNLIMITED, after: CAREFUL };
  const target = `limits:${sysCode} ${fixCode}`;
  await writeAudit(tx, { at, actor, act: 'set-limits', sysCode, target, reason, detail });
}

/**
 * Makes a new version where a field differs. Call with the solution and its system locked.
 * @returns the clicks that ended with it; null where it was not disabled.
 */
export async function storeChange(
  tx: Tx,
  row: store.SolutionRow,
  after: rules.SolutionFields,
  { actor, at }: Author,
): Promise<{ fields: readonly string[]; dropped: DroppedClicks | null }> {
  const before = rules.versionView(row);
  const fields = rules.changedFields(before, after);
  if (fields.length > 0) {
    // A schedule that has come to its end must not keep anybody from changing the rest, or from disabling it.
    if (rules.changesSchedule(fields)) rules.refuseBadFields(after, at);
    const version = row.version + 1;
    await store.insertVersion(tx, {
      ...versionValues(after),
      id: row.id,
      version,
      changed_at: at,
      changed_by: actor,
    });
    await store.setVersion(tx, row.id, version, rules.changesTicks(fields) ? at : null);
    const wasBefore = Object.fromEntries(fields.map((name) => [name, before[name]]));
    const isAfter = Object.fromEntries(fields.map((name) => [name, after[name]]));
    const detail = { fixCode: row.fix_code, version };
    const target = `solution:${row.id}`;
    await writeAudit(tx, {
      at,
      actor,
      act: 'change-solution',
      sysCode: row.sys_code,
      target,
      before: wasBefore,
      after: isAfter,
      detail,
    });
  }
  const disabled = after.status === 'disabled' && before.status !== 'disabled';
  const drop = dropBySolution('solution-disabled', actor, at);
  return { fields, dropped: disabled ? await dropRunRequests(tx, identityOf(row), drop) : null };
}

export const identityOf = (row: store.SolutionRow) => ({ sysCode: row.sys_code, fixCode: row.fix_code });

function versionValues(fields: rules.SolutionFields) {
  return {
    max_retries: fields.maxRetries,
    retry_cron: fields.retryCron,
    time_zone: fields.timeZone,
    execution_mode: fields.executionMode,
    status: fields.status,
    level: fields.level,
    description: fields.description,
  };
}
