/** Reads a list of numbers, words, ranges and steps: what all fields have in common. */
import { inPart } from './complaint.ts';
import type { PartRule } from './fields.ts';

const NUMBER = /^[0-9]{1,4}$/;

/**
 * Reads `*`, `5`, `MON`, `1-5`, `22-2`, `0/10`, `/5`, `1-30/3`, a star with a step, and lists of these.
 * @returns the values, sorted, each once; null where every value is meant.
 * @throws CronComplaint
 */
export function readValues(text: string, part: PartRule): number[] | null {
  if (text === '*') return null;
  const values = new Set<number>();
  for (const item of text.split(',')) {
    if (item === '') throw inPart(part, 'a list has an empty place', '列表中有空项');
    if (item === '*') throw inPart(part, '"*" cannot stand in a list', '“*”不能出现在列表中');
    for (const value of readItem(item, part)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function readItem(item: string, part: PartRule): number[] {
  const [base = '', stepText, ...rest] = item.split('/');
  if (rest.length > 0) throw inPart(part, `"${item}" has more than one "/"`, `“${item}”含有多个“/”`);
  const step = stepText === undefined ? 1 : readStep(stepText, part);
  if (base.includes('-')) return range(base, step, part);
  if (base === '*' || (base === '' && stepText !== undefined)) return count(part.min, part.max, step);
  const start = readNumber(base, part);
  // A start with a step runs to the end of the field; a number alone is itself.
  return stepText === undefined ? [start] : count(start, part.max, step);
}

function range(text: string, step: number, part: PartRule): number[] {
  const [from, to, ...rest] = text.split('-');
  if (from === undefined || to === undefined || rest.length > 0) {
    throw inPart(part, `"${text}" is not a range`, `“${text}”不是有效的范围`);
  }
  const first = readNumber(from, part);
  const last = readNumber(to, part);
  if (first <= last) return count(first, last, step);
  if (!part.wraps) throw inPart(part, `the range ${text} runs backwards`, `范围 ${text} 是倒序的`);
  const size = part.max - part.min + 1;
  return count(first, last + size, step).map((value) => (value > part.max ? value - size : value));
}

function count(from: number, to: number, step: number): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function readStep(text: string, part: PartRule): number {
  const step = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (step >= 1 && step <= part.maxStep) return step;
  throw inPart(
    part,
    `the step "${text}" is not a whole number from 1 to ${part.maxStep}`,
    `步长“${text}”不是 1 到 ${part.maxStep} 的整数`,
  );
}

/** A number or a word of this part, within its bounds. */
export function readNumber(text: string, part: PartRule): number {
  const word = part.words.indexOf(text);
  if (word >= 0) return part.min + word;
  const { min, max } = part;
  if (!NUMBER.test(text)) {
    const words = part.words.length > 0 ? { en: ' or a name', zh: '或名称' } : { en: '', zh: '' };
    throw inPart(
      part,
      `"${text}" is not a number from ${min} to ${max}${words.en}`,
      `“${text}”不是 ${min} 到 ${max} 的数字${words.zh}`,
    );
  }
  const value = Number(text);
  if (value < min || value > max) {
    const en = `${text} is not between ${min} and ${max}`;
    const zh = `${text} 不在 ${min} 到 ${max} 之间`;
    throw part.name === 'day-of-week'
      ? inPart(part, `${en} (1 is Sunday, 7 is Saturday)`, `${zh}（1 为星期日，7 为星期六）`)
      : inPart(part, en, zh);
  }
  return value;
}
