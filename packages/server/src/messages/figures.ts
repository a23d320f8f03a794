/** Figures of messages for charts. Asked by many consoles at once, counted once in a few seconds. */
import { type FieldError, PiculusError } from '@piculus/protocol';
import type { MessageSlot, RouteQuery, RouteResponse } from '@piculus/protocol/http';
import type { Scope } from '../base/access.ts';
import type { Context } from '../base/services.ts';
import { type FigureSpan, messageFigures } from '../store/message-figures.ts';

type Answer = RouteResponse<'getMessageStats'>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SPAN_MS_MAX = 24 * HOUR_MS;
/** Of the span as it is asked for; beginning and end in whole slots add at most two, and 120 is the limit. */
const SLOTS_MAX = 100;
/** Widths that divide an hour or a day, so that slots begin at round times. */
const SLOT_MS = [1_000, 5_000, 10_000, 30_000, ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE_MS)];
const SLOT_MS_WIDEST = HOUR_MS;
/** How old an answer may be, at least, and in times of what it took. */
const FRESH_MS = 5_000;
const REST_FACTOR = 10;
/** Spans that are remembered at once; consoles ask for few. */
const ANSWERS_MAX = 50;

export interface Figures {
  /** @throws PiculusError `invalid-field` for a span that is empty or longer than a day. */
  read(query: RouteQuery<'getMessageStats'>, scope: Scope): Promise<Answer>;
}

export function createFigures(context: Pick<Context, 'db' | 'clock'>): Figures {
  const { clock } = context;
  const answers = new Map<string, { staleAt: number; readonly answer: Promise<Answer> }>();
  return {
    read(query, scope) {
      const now = clock.now().getTime();
      const span = { ...spanOf(query, now), scope };
      const key = `${keyOf(scope)} ${span.sysCode ?? ''} ${span.from.getTime()} ${span.to.getTime()}`;
      const known = answers.get(key);
      if (known !== undefined && now < known.staleAt) return known.answer;
      const answer = read(span);
      // Nobody asks again while the answer is still on its way, however long it takes.
      const asked = { staleAt: Number.POSITIVE_INFINITY, answer };
      answers.delete(key);
      answers.set(key, asked);
      const [oldest] = answers.keys();
      if (answers.size > ANSWERS_MAX && oldest !== undefined) answers.delete(oldest);
      answer.then(
        () => {
          const done = clock.now().getTime();
          // What took long, a whole busy day for instance, is not counted all the time.
          asked.staleAt = done + Math.max(FRESH_MS, REST_FACTOR * (done - now));
        },
        // What failed is asked again, not remembered.
        () => {
          asked.staleAt = Number.NEGATIVE_INFINITY;
        },
      );
      return answer;
    },
  };

  async function read(span: FigureSpan): Promise<Answer> {
    const { from, to, slotMs } = span;
    const rows = new Map((await messageFigures(context.db, span)).map((row) => [row.slot, row]));
    const slots: MessageSlot[] = [];
    for (let at = from.getTime(); at < to.getTime(); at += slotMs) {
      const row = rows.get(slots.length);
      slots.push({
        at: new Date(at).toISOString(),
        in: row?.in ?? 0,
        out: row?.out ?? 0,
        failed: row?.failed ?? 0,
        sizeBytes: row?.sizeBytes ?? 0,
        latencyP50Ms: row?.latencyP50Ms ?? null,
        latencyP95Ms: row?.latencyP95Ms ?? null,
      });
    }
    return { from: from.toISOString(), to: to.toISOString(), slotMs, slots };
  }
}

/** Nobody gets the answer that was counted for somebody who sees other systems. */
const keyOf = (scope: Scope): string => (scope === 'all' ? '*' : [...scope].sort().join(','));

/**
 * The span in whole slots around the one asked for, the last hour by default: so the slot of now is in it, and
 * everybody who asks within the same slot asks for the same. An hour is told by the minute.
 */
export function spanOf(query: RouteQuery<'getMessageStats'>, now: number): Omit<FigureSpan, 'scope'> {
  const to = query.to === undefined ? now : Date.parse(query.to);
  const from = query.from === undefined ? to - HOUR_MS : Date.parse(query.from);
  const errors: FieldError[] = [];
  if (from >= to) {
    const reason = { en: 'must be before the end of the span', zh: '必须早于结束时间' };
    errors.push({ field: 'from', reason });
  } else if (to - from > SPAN_MS_MAX) {
    const reason = { en: 'a span of at most 24 hours', zh: '时间跨度最多 24 小时' };
    errors.push({ field: 'from', reason });
  }
  if (errors.length > 0) throw new PiculusError('invalid-field', undefined, errors);
  const slotMs = SLOT_MS.find((width) => (to - from) / width <= SLOTS_MAX) ?? SLOT_MS_WIDEST;
  return {
    sysCode: query.sysCode,
    from: new Date(Math.floor(from / slotMs) * slotMs),
    to: new Date(Math.ceil(to / slotMs) * slotMs),
    slotMs,
  };
}
