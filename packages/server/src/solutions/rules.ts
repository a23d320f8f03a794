/** Solutions: what is refused, what is warned of, how a change is made. Pure. */
import { EXECUTION_MODES, type FieldError, LEVELS, PiculusError, SOLUTION_STATUSES } from '@piculus/protocol';
import type { Solution, SolutionChange, SolutionInput } from '@piculus/protocol/http';
import type { SolutionRow } from '../store/solutions.ts';
import { oneOf } from '../store/words.ts';
import { checkCron, cronInWords, nextTicks } from './quartz.ts';

const TICKS_SHOWN = 5;

export type Warning = Solution['warnings'][number];
/** The fields that a person sets, without the identity. */
export type SolutionFields = Omit<SolutionInput, 'sysCode' | 'fixCode'>;
export type SolutionVersion = Omit<Solution, 'nextTicks' | 'warnings'>;

/** @throws PiculusError `invalid-field` that names each field, in both languages. */
export function refuseBadFields(fields: SolutionFields, now: Date): void {
  const errors = badFields(fields, now);
  if (errors.length > 0) throw new PiculusError('invalid-field', undefined, errors);
}

export function badFields(fields: SolutionFields, now: Date): FieldError[] {
  return checkCron(fields.retryCron, fields.timeZone, { from: now });
}

export const noSuchSystem = (sysCode: string): FieldError['reason'] => ({
  en: `there is no system ${sysCode}; register it first`,
  zh: `系统 ${sysCode} 不存在，请先登记`,
});

/** An unknown fix code is no error, because its client may come later, but nobody should overlook it. */
export function warningsFor(fixCode: string, announced: ReadonlySet<string>): Warning[] {
  if (announced.has(fixCode)) return [];
  const message =
    announced.size === 0
      ? {
          en: `no client of this system has connected yet, so nobody has announced ${fixCode}`,
          zh: `该系统尚无客户端连接，没有客户端声明过 ${fixCode}`,
        }
      : {
          en: `no client of this system has announced ${fixCode}; it cannot be executed until one does`,
          zh: `该系统没有客户端声明过 ${fixCode}，在有客户端声明之前无法执行`,
        };
  return [{ field: 'fixCode', message }];
}

export function previewTicks(cron: string, timeZone: string, now: Date): string[] {
  return nextTicks(cron, timeZone, now, TICKS_SHOWN).map((tick) => tick.toISOString());
}

/** The solution as it is with the change; `expectedVersion` is a guard and no field. */
export function applyChange(before: SolutionFields, change: SolutionChange): SolutionFields {
  return {
    maxRetries: change.maxRetries ?? before.maxRetries,
    retryCron: change.retryCron ?? before.retryCron,
    timeZone: change.timeZone ?? before.timeZone,
    executionMode: change.executionMode ?? before.executionMode,
    status: change.status ?? before.status,
    level: change.level ?? before.level,
    description: change.description ?? before.description,
  };
}

export const FIELD_NAMES = [
  'maxRetries',
  'retryCron',
  'timeZone',
  'executionMode',
  'status',
  'level',
  'description',
] as const satisfies readonly (keyof SolutionFields)[];

/** Names of the fields that differ, for the audit and to tell a change from none. */
export function changedFields(before: SolutionFields, after: SolutionFields): (keyof SolutionFields)[] {
  return FIELD_NAMES.filter((name) => before[name] !== after[name]);
}

const TICK_FIELDS: ReadonlySet<keyof SolutionFields> = new Set([
  'retryCron',
  'timeZone',
  'executionMode',
  'status',
]);

/** Whether the fields that say when it runs differ. */
export function changesSchedule(changed: readonly (keyof SolutionFields)[]): boolean {
  return changed.includes('retryCron') || changed.includes('timeZone');
}

/** Whether ticks of before the change say nothing about the solution after it. */
export function changesTicks(changed: readonly (keyof SolutionFields)[]): boolean {
  return changed.some((name) => TICK_FIELDS.has(name));
}

export function versionView(row: SolutionRow): SolutionVersion {
  return {
    id: row.id,
    sysCode: row.sys_code,
    fixCode: row.fix_code,
    version: row.version,
    maxRetries: row.max_retries,
    retryCron: row.retry_cron,
    timeZone: row.time_zone,
    executionMode: oneOf(EXECUTION_MODES, row.execution_mode),
    status: oneOf(SOLUTION_STATUSES, row.status),
    level: oneOf(LEVELS, row.level),
    description: row.description,
    changedAt: row.changed_at.toISOString(),
    changedBy: row.changed_by,
  };
}

/**
 * The solution with its warnings and next ticks. A solution that is disabled or manual has no next ticks,
 * whatever its cron says: showing some would promise executions that never come.
 */
export function solutionView(row: SolutionRow, announced: ReadonlySet<string>, now: Date): Solution {
  const version = versionView(row);
  const runsByItself = version.status === 'enabled' && version.executionMode === 'automatic';
  return {
    ...version,
    nextTicks: runsByItself ? previewTicks(version.retryCron, version.timeZone, now) : [],
    warnings: warningsFor(version.fixCode, announced),
    words: cronInWords(version.retryCron),
  };
}
