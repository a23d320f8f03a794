import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openBank, payout } from './support.ts';

type OpenBank = Awaited<ReturnType<typeof openBank>>;
let world: OpenBank;
beforeEach(async () => {
  world = await openBank({ settleDelayMs: 1_000 });
});
afterEach(() => world.close());

describe('a number at the bank', () => {
  it('moves money once, however often it is submitted', async () => {
    const { bank, clock } = world;
    const answers = await Promise.all(Array.from({ length: 20 }, () => bank.submit(payout('W1-1'))));
    expect(answers.map((answer) => (answer === 'content-differs' ? answer : answer.state))).toEqual(
      Array.from({ length: 20 }, () => 'PROCESSING'),
    );
    clock.advance(1_000);
    expect(await bank.settleDue()).toBe(1);
    expect(await bank.submit(payout('W1-1'))).toMatchObject({ state: 'PAID', amountMinor: '70000' });
    expect(await bank.settleDue()).toBe(0);
    expect(await world.movements()).toEqual([{ request_no: 'W1-1', kind: 'payout', amount_minor: '70000' }]);
  });

  it.each([
    ['amount', { amountMinor: '70001' }],
    ['currency', { currency: 'EUR' }],
    ['payee', { counterparty: 'CARD-2' }],
    ['order', { orderNo: 'W2' }],
    ['kind', { kind: 'collect' as const }],
  ])('is refused with another %s', async (_name, changes) => {
    const { bank } = world;
    await bank.submit(payout('W1-1'));
    expect(await bank.submit(payout('W1-1', changes))).toBe('content-differs');
  });

  it('fails for good where the payee is closed, and says so again and again', async () => {
    const { bank, clock } = world;
    const submit = payout('W1-1', { counterparty: 'CLOSED-7' });
    await bank.submit(submit);
    clock.advance(1_000);
    await bank.settleDue();
    expect(await bank.query('W1-1')).toMatchObject({ state: 'FAILED' });
    expect(await bank.submit(submit)).toMatchObject({ state: 'FAILED' });
    expect(await bank.close('W1-1', 'W1')).toMatchObject({ state: 'FAILED' });
    expect(await world.movements()).toEqual([]);
  });

  it('that was given back is a further movement', async () => {
    const { bank, clock } = world;
    await bank.submit(payout('W1-1'));
    expect(await bank.giveBack('W1-1')).toBe(false);
    clock.advance(1_000);
    await bank.settleDue();
    expect(await bank.giveBack('W1-1')).toBe(true);
    expect(await bank.giveBack('W1-1')).toBe(false);
    expect(await bank.query('W1-1')).toMatchObject({ state: 'RETURNED' });
    expect((await world.movements()).map((line) => line.kind)).toEqual(['payout', 'return']);
  });
});

describe('a close', () => {
  it('of a number never seen refuses it ever after', async () => {
    const { bank, clock } = world;
    expect(await bank.close('W1-1', 'W1')).toMatchObject({ state: 'CLOSED' });
    expect(await bank.submit(payout('W1-1'))).toMatchObject({ state: 'CLOSED' });
    clock.advance(60_000);
    expect(await bank.settleDue()).toBe(0);
    expect(await bank.query('W1-1')).toMatchObject({ state: 'CLOSED' });
    expect(await world.movements()).toEqual([]);
  });

  it('before settlement is due closes, after it is due finds it paid', async () => {
    const { bank, clock } = world;
    await bank.submit(payout('W1-1'));
    await bank.submit(payout('W2-1'));
    expect(await bank.close('W1-1', 'W1')).toMatchObject({ state: 'CLOSED' });
    clock.advance(1_000);
    expect(await bank.close('W2-1', 'W2')).toMatchObject({ state: 'PAID' });
    await bank.settleDue();
    expect((await world.movements()).map((line) => line.request_no)).toEqual(['W2-1']);
  });

  it('and a settlement at the same instant never both win', async () => {
    const { bank, clock } = world;
    const numbers = Array.from({ length: 60 }, (_value, index) => `W${index}-1`);
    for (const number of numbers) await bank.submit(payout(number));
    const half = numbers.slice(0, 30);
    const closes = numbers.map((number) => bank.close(number, null));
    clock.advance(1_000);
    const [answers] = await Promise.all([
      Promise.all(closes),
      Promise.all(half.map(() => bank.settleDue())),
      Promise.all(half.map((number) => bank.submit(payout(number)))),
    ]);
    await bank.settleDue();
    const moved = (await world.movements()).map((line) => line.request_no);
    const paid = answers.filter((answer) => answer.state === 'PAID').map((answer) => answer.requestNo);
    expect(moved.toSorted()).toEqual(paid.toSorted());
    expect(answers.every((answer) => answer.state === 'PAID' || answer.state === 'CLOSED')).toBe(true);
  });
});

async function waitingForMovements(pool: OpenBank['pool']): Promise<number> {
  const result = await pool.query<{ count: number }>(
    `select count(*)::int as count from pg_locks
     where not granted and relation = 'bank.movements'::regclass
       and database = (select oid from pg_database where datname = current_database())`,
  );
  return result.rows[0]?.count ?? 0;
}

describe('the statement', () => {
  it('pages by line number and says how far it reaches on the last page only', async () => {
    const { bank, clock } = world;
    for (let index = 0; index < 5; index += 1) await bank.submit(payout(`W${index}-1`));
    clock.advance(1_000);
    await bank.settleDue();
    const first = await bank.statement('0', 3);
    expect(first.reachesTo).toBeNull();
    const rest = await bank.statement(first.lines.at(-1)?.lineNo ?? '0', 3);
    expect(rest.reachesTo).toBe(clock.now().toISOString());
    expect([...first.lines, ...rest.lines].map((line) => line.requestNo)).toEqual([
      'W0-1',
      'W1-1',
      'W2-1',
      'W3-1',
      'W4-1',
    ]);
  });

  it('makes settlements and readers wait for a settlement that is not committed yet', async () => {
    const { bank, clock, pool } = world;
    await bank.submit(payout('W2-1'));
    clock.advance(1_000);
    const open = await pool.connect();
    await open.query('begin');
    await open.query(
      `insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at)
       values ('W1-1', 'W1', 'payout', 1, 'CZK', now())`,
    );
    const waiting = async (count: number) =>
      vi.waitFor(async () => expect(await waitingForMovements(pool)).toBe(count), {
        timeout: 60_000,
        interval: 5,
      });
    let settled: Promise<number>;
    let page: ReturnType<typeof bank.statement>;
    try {
      settled = bank.settleDue();
      await waiting(1);
      page = bank.statement('0', 10);
      await waiting(2);
    } finally {
      await open.query('commit');
      open.release();
    }
    await settled;
    const lines = [
      ...(await page).lines,
      ...(await bank.statement((await page).lines.at(-1)?.lineNo ?? '0', 10)).lines,
    ];
    expect(lines.map((line) => line.requestNo)).toEqual(['W1-1', 'W2-1']);
  });

  it('never lets a reader pass a line that commits later', async () => {
    const { bank, clock, movements } = world;
    const numbers = Array.from({ length: 80 }, (_value, index) => `W${index}-1`);
    for (const number of numbers) await bank.submit(payout(number));
    clock.advance(1_000);
    // Every close is a settlement of its own, so many transactions want line numbers at the same time.
    const closes = numbers.map((number) => bank.close(number, null));
    const seen: string[] = [];
    let cursor = '0';
    let closed = false;
    const allClosed = Promise.all(closes).then(() => {
      closed = true;
    });
    for (;;) {
      const last = closed;
      const page = await bank.statement(cursor, 7);
      seen.push(...page.lines.map((line) => line.requestNo));
      cursor = page.lines.at(-1)?.lineNo ?? cursor;
      if (last && page.reachesTo !== null) break;
    }
    await allClosed;
    expect(seen).toEqual((await movements()).map((line) => line.request_no));
    expect(seen).toHaveLength(80);
  });
});
