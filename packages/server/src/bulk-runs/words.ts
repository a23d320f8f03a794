/** Why a problem of a bulk run did not run, in the words of both languages. Pure. */
import { ERROR_CODES, ERRORS } from '@piculus/protocol';
import type { BulkRunItem } from '@piculus/protocol/http';

type Reason = NonNullable<BulkRunItem['reason']>;

/** What ends a click that waits for a client, other than an answer. */
export const DROP_CAUSES = {
  'solution-disabled': { en: 'its solution was disabled', zh: '修复方案已失效' },
  'solution-deleted': { en: 'its solution was deleted', zh: '修复方案已删除' },
  'solution-gone': { en: 'its solution was disabled or deleted', zh: '修复方案已失效或删除' },
  'problem-closed': { en: 'the problem was closed', zh: '问题已被关闭' },
  'problem-reopened': { en: 'the problem was reopened', zh: '问题已被重新打开' },
  'run-cancelled': { en: 'the bulk run was cancelled', zh: '批量执行已取消' },
} as const satisfies Record<string, Reason>;
export type DropCause = keyof typeof DROP_CAUSES;

/** @param code of a refusal or a drop; null where a client answered. @param note what somebody said to it. */
export function reasonOf(code: string | null, note: string | null): Reason | null {
  const words = code === null ? null : wordsOf(code);
  if (words === null) return note === null || note === '' ? null : { en: note, zh: note };
  return note === null || note === '' ? words : { en: `${words.en}: ${note}`, zh: `${words.zh}：${note}` };
}

/** A code that this build does not know any more is still told, as it is. */
function wordsOf(code: string): Reason {
  const error = ERROR_CODES.find((known) => known === code);
  if (error !== undefined) return ERRORS[error].meaning;
  const cause = Object.entries(DROP_CAUSES).find(([known]) => known === code)?.[1];
  return cause ?? { en: code, zh: code };
}
