/** Money, by the bank's movements and the system's postings; nothing that a repair wrote about itself. */
import { type Check, eachSystem, type SystemSource } from './sources.ts';

/** What the bank moved for each order, and for how many requests of each kind. */
const MOVED = `
  select order_no,
    count(*) filter (where kind = 'payout')::int as payouts,
    count(*) filter (where kind = 'collect')::int as collects,
    sum(case when kind in ('payout', 'collect') then amount_minor else -amount_minor end)::text as net
  from bank.movements group by order_no`;

/** What the postings of each order did to the customer, and what they left on hold. */
const BOOKED = `
  select o.order_no, o.type, o.status, o.amount_minor::text as amount,
    coalesce(sum(case when c.kind = 'customer' then p.amount_minor else 0 end)
      - sum(case when d.kind = 'customer' then p.amount_minor else 0 end), 0)::text as customer,
    coalesce(sum(case when p.credit_account like 'SYS:HOLDS:%' then p.amount_minor else 0 end)
      - sum(case when p.debit_account like 'SYS:HOLDS:%' then p.amount_minor else 0 end), 0)::text as held,
    count(*) filter (where p.kind in ('release', 'reversal'))::int as given_back
  from pbap.orders o
  left join pbap.postings p on p.order_no = o.order_no
  left join pbap.accounts d on d.account_no = p.debit_account
  left join pbap.accounts c on c.account_no = p.credit_account
  group by o.order_no`;

interface Moved {
  readonly order_no: string;
  readonly payouts: number;
  readonly collects: number;
  readonly net: string;
}
interface Booked {
  readonly order_no: string;
  readonly type: string;
  readonly status: string;
  readonly amount: string;
  readonly customer: string;
  readonly held: string;
  readonly given_back: number;
}

export interface OrderSides {
  readonly orderNo: string;
  readonly status: string;
  readonly moved: boolean;
  /** Null: all three agree. */
  readonly off: string | null;
}

/** Every order of a system as its three sides show it. */
export async function readSides({ own, bank }: SystemSource): Promise<OrderSides[]> {
  const movements = new Map(
    (await bank.query<Moved>(MOVED)).rows.map((row) => [row.order_no, BigInt(row.net)]),
  );
  const { rows } = await own.query<Booked>(BOOKED);
  return rows.map((row) => {
    const net = movements.get(row.order_no) ?? 0n;
    const amount = BigInt(row.amount);
    const customer = row.type === 'recharge' ? BigInt(row.customer) : -BigInt(row.customer);
    const told = `${row.status}, the account shows ${customer} and the bank ${net} of ${amount}, on hold ${row.held}`;
    const whole =
      (row.status === 'SUCCESS' && customer === amount && net === amount) ||
      (row.status === 'FAILED' && customer === 0n && net === 0n);
    return {
      orderNo: row.order_no,
      status: row.status,
      moved: net === amount,
      off: whole && row.held === '0' ? null : told,
    };
  });
}

const movedOnce: Check = {
  name: 'the bank moved no order twice',
  when: 'safety',
  run: (sources) =>
    eachSystem(sources, async ({ bank }) => {
      const { rows } = await bank.query<Moved>(MOVED);
      const wrong = rows
        .filter(({ payouts, collects }) => payouts > 1 || collects > 1)
        .map((row) => `${row.order_no}: ${row.payouts} payouts, ${row.collects} collects`);
      return { looked: rows.length, wrong };
    }),
};

const paidOrGivenBack: Check = {
  name: 'no withdrawal was paid and given back',
  when: 'safety',
  run: (sources) =>
    eachSystem(sources, async ({ own, bank }) => {
      const nets = new Map((await bank.query<Moved>(MOVED)).rows.map((row) => [row.order_no, row.net]));
      const withdrawals = (await own.query<Booked>(BOOKED)).rows.filter(({ type }) => type === 'withdraw');
      // Money that neither left the account nor is on hold, and is at the payee all the same, is the company's loss.
      const wrong = withdrawals
        .filter((row) => row.given_back > 0 && BigInt(nets.get(row.order_no) ?? '0') > 0n)
        .map((row) => `${row.order_no}: given back, and the bank paid ${nets.get(row.order_no)}`);
      return { looked: withdrawals.length, wrong };
    }),
};

const creditedOnce: Check = {
  name: 'no account was credited or debited twice for one order',
  when: 'safety',
  run: (sources) =>
    eachSystem(sources, async ({ own }) => {
      const { rows } = await own.query<Booked>(BOOKED);
      const wrong = rows
        .filter(({ customer, amount, type }) => {
          const shown = type === 'recharge' ? BigInt(customer) : -BigInt(customer);
          return shown < 0n || shown > BigInt(amount);
        })
        .map((row) => `${row.order_no}: ${row.customer} for an order of ${row.amount}`);
      return { looked: rows.length, wrong };
    }),
};

const conserved: Check = {
  name: 'no money appeared or vanished in the books',
  when: 'safety',
  run: (sources) =>
    eachSystem(sources, async ({ own }) => {
      const { rows } = await own.query<{ account_no: string; stored: string | null; proven: string }>(
        `select a.account_no, a.balance_minor::text as stored,
           (coalesce((select sum(amount_minor) from pbap.postings where credit_account = a.account_no), 0)
            - coalesce((select sum(amount_minor) from pbap.postings where debit_account = a.account_no), 0))::text as proven
         from pbap.accounts a`,
      );
      const sum = rows.reduce((all, { proven }) => all + BigInt(proven), 0n);
      const wrong = rows
        .filter(({ stored, proven }) => stored !== null && (stored !== proven || BigInt(stored) < 0n))
        .map((row) => `${row.account_no} shows ${row.stored}, its postings say ${row.proven}`);
      if (sum !== 0n) wrong.push(`all accounts together are ${sum}, not 0`);
      return { looked: rows.length, wrong };
    }),
};

const agreed: Check = {
  name: 'order, ledger and bank agree about every order',
  when: 'end',
  run: (sources) =>
    eachSystem(sources, async (system) => {
      const sides = await readSides(system);
      const wrong = sides.flatMap(({ orderNo, off }) => (off === null ? [] : [`${orderNo}: ${off}`]));
      return { looked: sides.length, wrong };
    }),
};

const endedAsDocumented: Check = {
  name: 'every broken order ended as the documents say',
  when: 'end',
  run: (sources) =>
    eachSystem(sources, async (system) => {
      const sides = new Map((await readSides(system)).map((side) => [side.orderNo, side]));
      const wrong = [...system.endings].flatMap(([orderNo, ending]) => {
        const side = sides.get(orderNo);
        if (side === undefined) return [`${orderNo} is gone`];
        if (side.status === ending.status && side.moved === ending.moved) return [];
        return [
          `${orderNo} is ${side.status}, bank ${side.moved ? 'moved' : 'did not move'}; not ${ending.status}`,
        ];
      });
      return { looked: system.endings.size, wrong };
    }),
};

export const MONEY_CHECKS = [movedOnce, paidOrGivenBack, creditedOnce, conserved, agreed, endedAsDocumented];
