import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCron, cronInWords, nextTicks, previousTick } from '../../src/solutions/quartz.ts';
import { REFUSED } from './quartz-refused.ts';
import { FROM } from './quartz-row.ts';
import { TICKS } from './quartz-table.ts';

const isoSeconds = (date: Date): string => date.toISOString();
const instants = (texts: readonly string[]): string[] => texts.map((text) => new Date(text).toISOString());

describe('ticks worked out by hand', () => {
  it('has at least sixty expressions', () => {
    expect(new Set(TICKS.map((row) => row.cron)).size).toBeGreaterThanOrEqual(60);
  });

  it.each(TICKS)('$cron $zone $from', ({ cron, zone = 'UTC', from = FROM, ticks }) => {
    expect(checkCron(cron, zone)).toEqual([]);
    expect(nextTicks(cron, zone, new Date(from), 5).map(isoSeconds)).toEqual(instants(ticks));
  });

  it.each(TICKS)('$cron $zone $from, looked at from behind', ({ cron, zone = 'UTC', from = FROM, ticks }) => {
    const last = new Date(instants(ticks).at(-1) ?? '');
    expect(previousTick(cron, zone, last, new Date(from))).toEqual(last);
    const justBefore = new Date(last.getTime() - 1);
    const expected = instants(ticks).at(-2);
    expect(previousTick(cron, zone, justBefore, new Date(from))?.toISOString()).toBe(expected);
  });
});

describe('expressions that are refused', () => {
  it.each(REFUSED)('%j names the %s', (cron, en, zh) => {
    const errors = checkCron(cron, 'UTC');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.field).toBe('retryCron');
    expect(errors[0]?.reason.en).toContain(en);
    expect(errors[0]?.reason.zh).toContain(zh);
  });

  it('says that an expression whose years are over never fires again', () => {
    expect(checkCron('0 0 0 1 1 ? 2020', 'UTC')).toEqual([]);
    const [error] = checkCron('0 0 0 1 1 ? 2020', 'UTC', { from: new Date(FROM), field: 'collectCron' });
    expect(error?.field).toBe('collectCron');
    expect(error?.reason.en).toContain('never fire');
  });

  it.each(['', 'Mars/Olympus', '+08:00', 'Europe/ Berlin'])(
    'refuses the time zone %j beside the cron',
    (zone) => {
      const errors = checkCron('99 * * * * ?', zone);
      expect(errors.map((error) => error.field).sort()).toEqual(['retryCron', 'timeZone']);
    },
  );

  it('answers any text with an error or with ticks, and never throws', () => {
    const piece = fc.constantFrom(
      '*',
      '?',
      'L',
      'LW',
      'W',
      '#',
      '/',
      '-',
      ',',
      '0',
      '1',
      '7',
      '31',
      '60',
      'MON',
      'JAN',
      '15W',
      '6#3',
    );
    const field = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(field, { minLength: 5, maxLength: 8 }).map((f) => f.join(' ')),
        ),
        (cron) => {
          if (checkCron(cron, 'UTC').length === 0)
            expect(nextTicks(cron, 'UTC', new Date(0), 1)).toHaveLength(1);
        },
      ),
    );
  });
});

describe('the previous tick', () => {
  const now = new Date('2026-11-22T12:00:00.500Z');

  it('is found at once, however many ticks lie between', () => {
    const after = new Date('2001-01-01T00:00:00Z');
    expect(previousTick('* * * * * *', 'UTC', now, after)?.toISOString()).toBe('2026-11-22T12:00:00.000Z');
  });

  it('is not one at or before the moment that was dealt with', () => {
    const tick = new Date('2026-11-22T12:00:00Z');
    expect(previousTick('0 0 12 * * ?', 'UTC', now, tick)).toBeNull();
    expect(previousTick('0 0 12 * * ?', 'UTC', now, new Date(tick.getTime() - 1))).toEqual(tick);
    expect(previousTick('0 0 12 * * ?', 'UTC', tick, new Date(tick.getTime() - 1))).toEqual(tick);
    expect(previousTick('0 0 13 * * ?', 'UTC', now, tick)).toBeNull();
    expect(previousTick('* * * * * ?', 'UTC', tick, now)).toBeNull();
  });

  it('is the tick after which the next one is still to come', () => {
    const moment = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });
    const zone = fc.constantFrom(
      'UTC',
      'America/New_York',
      'Europe/Berlin',
      'Asia/Shanghai',
      'Australia/Lord_Howe',
    );
    fc.assert(
      fc.property(fc.constantFrom(...TICKS), zone, moment, moment, ({ cron }, timeZone, one, other) => {
        const after = new Date(Math.min(one, other));
        const until = new Date(Math.max(one, other));
        const tick = previousTick(cron, timeZone, until, after);
        const [next] = nextTicks(cron, timeZone, tick ?? after, 1);
        if (tick) expect(tick.getTime() > after.getTime() && tick.getTime() <= until.getTime()).toBe(true);
        if (next) expect(next.getTime()).toBeGreaterThan(until.getTime());
      }),
      { numRuns: 300 },
    );
  });
});

describe('words', () => {
  it('are in both languages', () => {
    expect(cronInWords('0 0/10 * * * ?')).toEqual({ en: 'Every 10 minutes', zh: '每隔 10 分钟' });
    expect(cronInWords('0 15 10 ? * 6#3').en).toContain('third Friday');
  });
});
