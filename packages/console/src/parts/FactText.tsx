/** Names and values of facts in words. What a client calls in a way of its own is shown as it is. */
import { useTranslation } from 'react-i18next';
import type { SideName } from '@piculus/protocol';
import type zh from '../locales/zh-CN/index.ts';
import { Amount } from './Amount.tsx';
import type { FactValue } from './facts.ts';
import { Time } from './Time.tsx';

type Problem = (typeof zh)['problem'];
type Field = keyof Problem['field'];
type Source = keyof Problem['source'];
type Known = Problem['known'];

/** In the order in which they are shown, so that what can be compared stands beside each other. */
const FIELDS = [
  'amountMinor',
  'currency',
  'orderNo',
  'accountNo',
  'accountOpen',
  'type',
  'booking',
  'counterparty',
  'currentCounterparty',
  'requestNo',
  'requestAttempt',
  'version',
  'createdAt',
  'postingId',
  'handBookedCandidate',
  'answer',
  'receivedAt',
  'extraMovements',
  'status',
  'state',
  'fact',
  'note',
] as const satisfies readonly Field[];
const NAMES: readonly string[] = FIELDS;
const VALUES = [
  'recharge',
  'withdraw',
  'one-shot',
  'staged',
] as const satisfies readonly (keyof Problem['value'])[];
const SOURCES = [
  'orders',
  'postings',
  'statement',
  'query',
  'close',
  'outbox',
] as const satisfies readonly Source[];
const ORDER = [
  'PROCESSING',
  'SUCCESS',
  'FAILED',
  'REFUNDED',
  'RETURNED',
] as const satisfies readonly (keyof Known['order'])[];
const LEDGER = [
  'none',
  'credited',
  'credited-twice',
  'debited',
  'debited-twice',
  'held',
  'settled',
  'released',
  'reversed',
  'contradictory',
] as const satisfies readonly (keyof Known['ledger'])[];
const BANK = [
  'paid',
  'unpaid-final',
  'never-sent',
  'returned',
  'refunded',
  'non-final',
] as const satisfies readonly (keyof Known['bank'])[];

/** Marked rows first, then those with known names, then the others as they came. */
export function rowsInOrder<T>(rows: readonly [string, T][], marked: ReadonlySet<string>): [string, T][] {
  const place = (name: string): number => {
    const known = NAMES.indexOf(name);
    return (marked.has(name) ? 0 : 1_000) + (known < 0 ? FIELDS.length : known);
  };
  return [...rows].sort(([a], [b]) => place(a) - place(b));
}

export function useFieldName(): (name: string) => string {
  const { t } = useTranslation('problem');
  return (name) => {
    const known = FIELDS.find((field) => field === name);
    return known === undefined ? name : t(`field.${known}`);
  };
}

export function useSourceName(): (name: string) => string {
  const { t } = useTranslation('problem');
  return (name) => {
    const known = SOURCES.find((source) => source === name);
    return known === undefined ? name : t(`source.${known}`);
  };
}

/** @returns the state in words, with the side's own word where that says more. */
export function useStateName(): (side: SideName, state: string) => string {
  const { t } = useTranslation('problem');
  return (side, state) => {
    if (side === 'order') {
      const known = ORDER.find((each) => each === state);
      const word = known === undefined ? state : t(`known.order.${known}`);
      return word.toLowerCase() === state.toLowerCase() ? state : `${state} · ${word}`;
    }
    if (side === 'ledger') {
      const known = LEDGER.find((each) => each === state);
      return known === undefined ? state : t(`known.ledger.${known}`);
    }
    const known = BANK.find((each) => each === state);
    return known === undefined ? state : t(`known.bank.${known}`);
  };
}

/** One value: amounts, times and truths as such, everything else as the text that it is. */
export function FactText({ name, value, currency }: { name: string; value: FactValue; currency: string }) {
  const { t } = useTranslation('problem');
  const { t: common } = useTranslation();
  if (value === null || value === '') return <span className="side-absent">{t('sides.absent')}</span>;
  if (typeof value === 'boolean') return common(value ? 'yes' : 'no');
  const text = String(value);
  const word = VALUES.find((each) => each === text);
  if (word !== undefined && (name === 'type' || name === 'booking')) return t(`value.${word}`);
  if (name.endsWith('Minor') && /^-?[0-9]{1,18}$/.test(text) && /^[A-Z]{3}$/.test(currency))
    return <Amount minor={text} currency={currency} />;
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)))
    return <Time at={text} />;
  return <bdi className="side-text">{text}</bdi>;
}
