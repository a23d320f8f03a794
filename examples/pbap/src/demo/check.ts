/** Checks the money by SQL on the two databases, by nothing that a repair wrote about itself. */
import type { Executor } from '../shared/database.ts';
import { type Ending, expectedBalances, expectedState, totalOf } from './expect.ts';
import type { Plan } from './plan.ts';

/** One hash per order over all its rows: order, postings, outbox, the bank's requests and movements. */
export type Fingerprints = ReadonlyMap<string, string>;

const SYSTEM_PRINTS = `
  select o.order_no,
    md5(o::text) || ' ' || coalesce(p.print, '-') || ' ' || coalesce(b.print, '-') as print
  from pbap.orders o
  left join (select order_no, md5(string_agg(x::text, '|' order by posting_id)) as print
             from pbap.postings x group by order_no) p on p.order_no = o.order_no
  left join (select order_no, md5(string_agg(x::text, '|' order by request_no)) as print
             from pbap.outbox x group by order_no) b on b.order_no = o.order_no`;
const BANK_PRINTS = `
  select coalesce(r.order_no, m.order_no) as order_no, coalesce(r.print, '-') || ' ' || coalesce(m.print, '-') as print
  from (select order_no, md5(string_agg(x::text, '|' order by request_no)) as print
        from bank.requests x where order_no is not null group by order_no) r
  full join (select order_no, md5(string_agg(x::text, '|' order by line_no)) as print
             from bank.movements x group by order_no) m on m.order_no = r.order_no`;

/** The times of a row are printed in the session's zone, so that both readings must use the same one. */
export async function fingerprint(system: Executor, bank: Executor): Promise<Fingerprints> {
  const prints = new Map<string, string>();
  for (const row of (await system.query<{ order_no: string; print: string }>(SYSTEM_PRINTS)).rows) {
    prints.set(row.order_no, row.print);
  }
  for (const row of (await bank.query<{ order_no: string; print: string }>(BANK_PRINTS)).rows) {
    prints.set(row.order_no, `${prints.get(row.order_no) ?? 'unknown'} ${row.print}`);
  }
  return prints;
}

export interface MoneyReport {
  readonly expectedMinor: bigint;
  readonly actualMinor: bigint;
  readonly accountsOff: number;
  readonly paidTwice: number;
  readonly collectedTwice: number;
  readonly paidAndReturned: number;
  /** Everything that is not as it must be, in words, at most a few examples each. Empty when all is right. */
  readonly faults: readonly string[];
}

/** Compares the databases with what the plan says that they must hold. */
export async function checkMoney(
  system: Executor,
  bank: Executor,
  plan: Plan,
  ending: Ending,
  before: Fingerprints,
): Promise<MoneyReport> {
  const faults: string[] = [];
  const note = (what: string, examples: readonly string[]): void => {
    if (examples.length === 0) return;
    faults.push(
      `${examples.length} ${what}: ${examples.slice(0, 5).join(', ')}${examples.length > 5 ? ', …' : ''}`,
    );
  };
  const balances = await readBalances(system);
  const expected = expectedBalances(plan, ending);
  const off = accountsOff(balances, expected);
  note('accounts are off', off);
  note('orders have another end than documented', await ordersOff(system, bank, plan, ending));
  const after = await fingerprint(system, bank);
  const healthy = plan.orders.filter((order) => order.scenario === null).map((order) => order.orderNo);
  note(
    'healthy orders were changed',
    healthy.filter((orderNo) => before.get(orderNo) !== after.get(orderNo)),
  );
  note(
    'orders appeared from nowhere',
    [...after.keys()].filter((orderNo) => !before.has(orderNo)),
  );
  note('currencies do not sum to zero over the books', await unbalancedCurrencies(system));
  const paidTwice = await movedTwice(bank, 'payout');
  const collectedTwice = await movedTwice(bank, 'collect');
  const paidAndReturned = await paidAndGivenBack(system, bank);
  note('orders were paid twice by the bank', paidTwice);
  note('orders were collected twice by the bank', collectedTwice);
  note('orders were paid by the bank and given back to the account', paidAndReturned);
  return {
    expectedMinor: totalOf(expected),
    actualMinor: totalOf(new Map([...balances].map(([accountNo, { stored }]) => [accountNo, stored]))),
    accountsOff: off.length,
    paidTwice: paidTwice.length,
    collectedTwice: collectedTwice.length,
    paidAndReturned: paidAndReturned.length,
    faults,
  };
}

interface Balance {
  readonly stored: bigint;
  readonly proven: bigint;
}

async function readBalances(system: Executor): Promise<Map<string, Balance>> {
  const result = await system.query<{ account_no: string; stored_minor: string; proven_minor: string }>(
    `select account_no, stored_minor, proven_minor from pbap.account_proof where kind = 'customer'`,
  );
  return new Map(
    result.rows.map((row) => [
      row.account_no,
      { stored: BigInt(row.stored_minor), proven: BigInt(row.proven_minor) },
    ]),
  );
}

function accountsOff(
  balances: ReadonlyMap<string, Balance>,
  expected: ReadonlyMap<string, bigint>,
): string[] {
  const names = new Set([...balances.keys(), ...expected.keys()]);
  return [...names].filter((accountNo) => {
    const balance = balances.get(accountNo);
    return (
      balance === undefined || balance.stored !== balance.proven || balance.stored !== expected.get(accountNo)
    );
  });
}

/** Status and money at the bank of every order, against its documented end. */
async function ordersOff(system: Executor, bank: Executor, plan: Plan, ending: Ending): Promise<string[]> {
  const statuses = await system.query<{ order_no: string; status: string }>(
    'select order_no, status from pbap.orders',
  );
  const status = new Map(statuses.rows.map((row) => [row.order_no, row.status]));
  const nets = await bank.query<{ order_no: string; net: string }>(
    `select order_no, sum(case when kind in ('collect', 'payout') then amount_minor else -amount_minor end)::bigint as net
     from bank.movements group by order_no`,
  );
  const moved = new Map(nets.rows.map((row) => [row.order_no, BigInt(row.net)]));
  return plan.orders.flatMap((order) => {
    const wanted = expectedState(order, ending);
    const wantedMoved = wanted.moved ? order.amountMinor : 0n;
    const is = `${status.get(order.orderNo) ?? 'missing'}, bank moved ${moved.get(order.orderNo) ?? 0n}`;
    const right =
      status.get(order.orderNo) === wanted.status && (moved.get(order.orderNo) ?? 0n) === wantedMoved;
    return right
      ? []
      : [`${order.orderNo} (${order.scenario ?? 'healthy'}) is ${is}, not ${wanted.status}, ${wantedMoved}`];
  });
}

async function unbalancedCurrencies(system: Executor): Promise<string[]> {
  const result = await system.query<{ currency: string }>(
    'select currency from pbap.books where sum_minor <> 0 or off_minor <> 0',
  );
  return result.rows.map((row) => row.currency);
}

async function movedTwice(bank: Executor, kind: 'payout' | 'collect'): Promise<string[]> {
  const result = await bank.query<{ order_no: string }>(
    'select order_no from bank.movements where kind = $1 group by order_no having count(*) > 1',
    [kind],
  );
  return result.rows.map((row) => row.order_no);
}

/** The loss case: the bank's payout stands, and the account has its money back as well. */
async function paidAndGivenBack(system: Executor, bank: Executor): Promise<string[]> {
  const given = await system.query<{ order_no: string }>(
    `select p.order_no from pbap.postings p join pbap.orders o on o.order_no = p.order_no
     where o.type = 'withdraw' and p.kind in ('release', 'reversal')`,
  );
  const result = await bank.query<{ order_no: string }>(
    `select order_no from bank.movements where order_no = any($1::text[])
     group by order_no
     having sum(case kind when 'payout' then amount_minor when 'return' then -amount_minor else 0 end) > 0`,
    [given.rows.map((row) => row.order_no)],
  );
  return result.rows.map((row) => row.order_no);
}
