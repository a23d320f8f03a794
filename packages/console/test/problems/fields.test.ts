/** Filters of problems: every field that the API has can be asked for, and nothing wrong is asked. */
import { problemFilterSchema } from '@piculus/protocol/http';
import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import en from '../../src/locales/en/index.ts';
import zh from '../../src/locales/zh-CN/index.ts';
import { namesOf } from '../../src/parts/filters.ts';
import {
  filterQuery,
  isEmptyFilter,
  problemFields,
  problemFilterOf,
} from '../../src/parts/problem-fields.ts';

const KNOWN = { systems: ['PBAP'], fixCodes: ['aFix'], currencies: ['CNY'] };

describe('the filters of problems', () => {
  beforeAll(async () => {
    await i18next.init({ resources: { en, 'zh-CN': zh }, fallbackLng: false, defaultNS: 'common' });
  });
  const fieldsIn = (language: string) =>
    problemFields(
      {
        t: i18next.getFixedT(language, 'problems'),
        common: i18next.getFixedT(language, 'common'),
        words: i18next.getFixedT(language, 'words'),
      },
      KNOWN,
    );

  it.each(['en', 'zh-CN'])('have a field for every one that the API knows, named in %s', (language) => {
    const fields = fieldsIn(language);
    const names = fields.flatMap(namesOf);
    expect([...names].sort()).toEqual(Object.keys(problemFilterSchema.shape).sort());
    for (const field of fields) {
      expect(field.label).not.toBe('');
      expect(field.label).not.toMatch(/^[a-z]+[A-Z.]/);
    }
    expect(new Set(fields.map(({ label }) => label)).size).toBe(fields.length);
  });

  it('offer only choices that the API takes', () => {
    for (const field of fieldsIn('en')) {
      if (field.kind !== 'choices') continue;
      const every = field.choices.map(({ value }) => value).join(',');
      expect(problemFilterOf({ [field.name]: every }).wrong).toEqual([]);
    }
  });

  it('read the address as the API does', () => {
    const read = problemFilterOf({ state: 'pending,fixed', reopened: 'true', retriesUsedFrom: '2' });
    expect(read).toEqual({
      filter: { state: ['pending', 'fixed'], reopened: true, retriesUsedFrom: 2 },
      wrong: [],
    });
  });

  it('name what is wrong, and leave it out instead of guessing', () => {
    const read = problemFilterOf({ state: 'pending,nowhere', occurredFrom: 'yesterday', sysCode: 'PBAP' });
    expect(read.filter).toEqual({ sysCode: ['PBAP'] });
    expect([...read.wrong].sort()).toEqual(['occurredFrom', 'state']);
  });

  it('know that nothing is asked, so that nothing is run by omission', () => {
    expect(isEmptyFilter(problemFilterOf({}).filter)).toBe(true);
    expect(isEmptyFilter(problemFilterOf({ state: 'nowhere' }).filter)).toBe(true);
    expect(isEmptyFilter(problemFilterOf({ reopened: 'false' }).filter)).toBe(false);
  });

  it('come back from the address as they went in', () => {
    const { filter } = problemFilterOf({ state: 'pending,fixed', reopened: 'false', businessKey: 'R 1&2' });
    const values = Object.fromEntries(new URLSearchParams(filterQuery(filter)));
    expect(problemFilterOf(values).filter).toEqual(filter);
  });
});
