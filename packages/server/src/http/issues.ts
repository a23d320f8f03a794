/** Turns what a schema found wrong into fields with their reasons in both languages. */
import type { FieldError } from '@piculus/protocol';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Reason = FieldError['reason'];

const TYPES_ZH: Readonly<Record<string, string>> = {
  string: '文本',
  number: '数字',
  int: '整数',
  boolean: '布尔值',
  array: '列表',
  object: '对象',
  null: '空值',
};
const UNITS: Readonly<Record<string, Reason>> = {
  string: { en: 'characters', zh: '个字符' },
  array: { en: 'items', zh: '项' },
};

/** @returns one entry per wrong field; unknown fields are named one by one. */
export function fieldErrors(issues: readonly Issue[]): FieldError[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ field: pathOf(issue.path), reason: reasonOf(issue) }];
    return issue.keys.map((key) => ({
      field: pathOf([...issue.path, key.slice(0, 64)]),
      reason: { en: 'there is no such field', zh: '没有这个字段' },
    }));
  });
}

/** A field as a person would write it: `items[3].retryCron`. */
function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'body';
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

function reasonOf(issue: Issue): Reason {
  switch (issue.code) {
    case 'invalid_type': {
      const missing = 'input' in issue && issue.input === undefined;
      const en = missing
        ? 'required'
        : `must be ${issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`}`;
      return { en, zh: missing ? '必填' : `类型必须是${TYPES_ZH[issue.expected] ?? issue.expected}` };
    }
    case 'too_small':
      return bound(issue.origin, String(issue.minimum), { en: 'at least', zh: '至少' });
    case 'too_big':
      return bound(issue.origin, String(issue.maximum), { en: 'at most', zh: '至多' });
    case 'invalid_value': {
      const values = issue.values.map(String).join(', ');
      return { en: `must be one of: ${values}`, zh: `必须是以下之一：${values}` };
    }
    case 'invalid_format':
      return { en: issue.message, zh: `格式不正确（${issue.format}）` };
    case 'not_multiple_of':
      return { en: `must be a multiple of ${issue.divisor}`, zh: `必须是 ${issue.divisor} 的倍数` };
    default:
      return { en: issue.message, zh: '无效' };
  }
}

function bound(origin: string, limit: string, word: Reason): Reason {
  const unit = UNITS[origin];
  if (unit === undefined) return { en: `must be ${word.en} ${limit}`, zh: `必须${word.zh}为 ${limit}` };
  return { en: `must have ${word.en} ${limit} ${unit.en}`, zh: `${word.zh} ${limit} ${unit.zh}` };
}
