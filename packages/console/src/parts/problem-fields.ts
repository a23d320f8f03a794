/** The filters of problems, described once for every list of them; and what the address says, as the API takes it. */
import {
  HANDLINGS,
  OUT_OF_POCKET,
  OUTCOME_NAMES,
  PROBLEM_STATES,
  SCENARIO_CODES,
  SCENARIOS,
  WAIT_REASONS,
} from '@piculus/protocol';
import { type ProblemFilter, problemFilterSchema } from '@piculus/protocol/http';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../api/queries.ts';
import type { Choice, FilterField, FilterValues } from './filters.ts';
import { inLanguage } from './words.ts';

export interface ProblemWords {
  readonly t: TFunction<'problems'>;
  readonly common: TFunction<'common'>;
  readonly words: TFunction<'words'>;
}
/** What there is to choose from, as the server knows it now. */
export interface Known {
  readonly systems: readonly string[];
  readonly fixCodes: readonly string[];
  readonly currencies: readonly string[];
}

const asChoices = <T extends string>(values: readonly T[], label: (value: T) => string): Choice[] =>
  values.map((value) => ({ value, label: label(value) }));

const itself = (value: string): string => value;

/** One field for each that `problemFilterSchema` has. */
export function problemFields(words: ProblemWords, known: Known): readonly FilterField[] {
  return [...mainFields(words, known), ...moneyAndTimes(words, known), ...whatWasDone(words)];
}

function mainFields({ t, common, words }: ProblemWords, known: Known): readonly FilterField[] {
  return [
    {
      name: 'businessKey',
      label: common('businessKey'),
      kind: 'text',
      pinned: true,
      placeholder: t('wholeNumber'),
    },
    {
      name: 'sysCode',
      label: common('system'),
      kind: 'choices',
      pinned: true,
      choices: asChoices(known.systems, itself),
    },
    {
      name: 'state',
      label: common('state'),
      kind: 'choices',
      pinned: true,
      choices: asChoices(PROBLEM_STATES, (value) => words(`state.${value}`)),
    },
    {
      name: 'scenario',
      label: common('scenario'),
      kind: 'choices',
      pinned: true,
      choices: asChoices(SCENARIO_CODES, (code) => `${code} ${inLanguage(SCENARIOS[code].sentence)}`),
    },
    {
      name: 'waitReason',
      label: t('waitReason'),
      kind: 'choices',
      pinned: true,
      choices: asChoices(WAIT_REASONS, (value) => words(`wait.${value}`)),
    },
  ];
}

function moneyAndTimes({ t, common, words }: ProblemWords, known: Known): readonly FilterField[] {
  return [
    {
      name: 'fixCode',
      label: common('fixCode'),
      kind: 'choices',
      choices: asChoices(known.fixCodes, itself),
    },
    { name: 'waitsForPerson', label: t('waitsForPerson'), kind: 'truth' },
    {
      name: 'outOfPocket',
      label: words('pocketLabel'),
      kind: 'choices',
      choices: asChoices(OUT_OF_POCKET, (value) => words(`pocket.${value}`)),
    },
    { name: 'amountMinor', label: common('amount'), kind: 'amounts' },
    {
      name: 'currency',
      label: t('currency'),
      kind: 'choices',
      choices: asChoices(known.currencies, itself),
    },
    { name: 'firstSeen', label: t('firstSeen'), kind: 'times' },
    { name: 'lastSeen', label: t('lastSeen'), kind: 'times' },
    { name: 'occurred', label: t('occurred'), kind: 'times' },
  ];
}

function whatWasDone({ t, words }: ProblemWords): readonly FilterField[] {
  return [
    {
      name: 'lastOutcome',
      label: t('lastOutcome'),
      kind: 'choices',
      choices: asChoices(OUTCOME_NAMES, (value) => words(`outcome.${value}`)),
    },
    { name: 'retriesUsedFrom', label: t('retriesUsedFrom'), kind: 'number' },
    { name: 'seenCountFrom', label: t('seenCountFrom'), kind: 'number' },
    { name: 'reopened', label: t('reopened'), kind: 'truth' },
    { name: 'seenSinceClosed', label: t('seenSinceClosed'), kind: 'truth' },
    { name: 'confirmed', label: t('confirmed'), kind: 'truth' },
    {
      name: 'handling',
      label: t('handledBy'),
      kind: 'choices',
      choices: asChoices(HANDLINGS, (value) => words(`handling.${value}`)),
    },
  ];
}

/** @param except fields that the page decides by itself. */
export function useProblemFields(except: readonly string[] = []): readonly FilterField[] {
  const { t } = useTranslation('problems');
  const { t: common } = useTranslation();
  const { t: words } = useTranslation('words');
  const systems = useRead('listSystems').data?.items;
  const counts = useRead('getStats').data?.counts;
  const left = except.join(',');
  return useMemo(() => {
    const all = counts ?? [];
    const known = {
      systems: distinct([
        ...(systems ?? []).map(({ sysCode }) => sysCode),
        ...all.map(({ sysCode }) => sysCode),
      ]),
      fixCodes: distinct(all.map(({ fixCode }) => fixCode)),
      currencies: distinct(all.map(({ currency }) => currency)),
    };
    const without = left.split(',');
    return problemFields({ t, common, words }, known).filter(({ name }) => !without.includes(name));
  }, [t, common, words, systems, counts, left]);
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();

export interface ReadFilter {
  readonly filter: ProblemFilter;
  /** Names in the address whose value is none; they are left out of the filter. */
  readonly wrong: readonly string[];
}

/** What the address says, checked as the server checks it. */
export function problemFilterOf(values: FilterValues): ReadFilter {
  const whole = problemFilterSchema.safeParse(values);
  if (whole.success) return { filter: present(whole.data), wrong: [] };
  const wrong = [...new Set(whole.error.issues.map(({ path }) => String(path[0])))];
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !wrong.includes(name)));
  const again = problemFilterSchema.safeParse(rest);
  return { filter: again.success ? present(again.data) : {}, wrong };
}

/** Without the fields that say nothing, so that two equal filters look equal. */
function present(filter: ProblemFilter): ProblemFilter {
  const said = Object.entries(filter).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said);
}

export function isEmptyFilter(filter: ProblemFilter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}

/** @returns the filter as the query of a page's address or of the export, without the question mark. */
export function filterQuery(filter: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined || value === null) continue;
    query.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  return query.toString();
}
