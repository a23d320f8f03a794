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
  'approval-void': {
    en: 'its approval no longer holds: the problem, the solution or the policy changed, or it expired',
    zh: '审批已失效：问题、修复方案或审批策略已变更，或审批已过期',
  },
  'run-cancelled': { en: 'the bulk run was cancelled', zh: '批量执行已取消' },
} as const satisfies Record<string, Reason>;
export type DropCause = keyof typeof DROP_CAUSES;

export interface Told {
  readonly result: BulkRunItem['result'];
  /** Of a refusal (an error) or a drop (a cause, also of one that its client still works on); null where one answered. */
  readonly code: string | null;
  /** What the client or the person said. */
  readonly note: string | null;
}

export function reasonOf({ result, code, note }: Told): Reason | null {
  const said = note === null || note === '' ? null : note;
  if (code === null) return said === null ? null : { en: said, zh: said };
  const words = result === 'dropped' || result === 'waiting' ? causeOf(code) : errorOf(code);
  return said === null ? words : { en: `${words.en}: ${said}`, zh: `${words.zh}：${said}` };
}

/** A code that this build does not know any more is still told, as it is. */
function errorOf(code: string): Reason {
  const known = ERROR_CODES.find((error) => error === code);
  return known === undefined ? { en: code, zh: code } : ERRORS[known].meaning;
}

function causeOf(code: string): Reason {
  return Object.entries(DROP_CAUSES).find(([cause]) => cause === code)?.[1] ?? { en: code, zh: code };
}
