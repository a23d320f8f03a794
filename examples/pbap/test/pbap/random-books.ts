/** Books of orders that are right, and of orders that are wrong in every way the tables can hold, for property tests. */
import fc from 'fast-check';
import type pg from 'pg';

const OTHER_POSTINGS = ['credit', 'debit', 'hold', 'manual', 'settle', 'release', 'reversal'] as const;

export interface OrderPlan {
  readonly type: 'recharge' | 'withdraw';
  readonly booking: 'one-shot' | 'staged';
  /** What the normal path would have left: paid, failed before anything was booked, or failed and given back. */
  readonly path: 'paid' | 'failed' | 'given-back';
  readonly status: string | null;
  readonly posting:
    | 'as it should'
    | 'first is missing'
    | 'last is missing'
    | 'none'
    | 'first is doubled'
    | 'last is doubled'
    | 'first has another amount'
    | 'last has another amount'
    | 'first has another account'
    | 'all in another currency'
    | 'last answers another order'
    | 'one more';
  readonly more: (typeof OTHER_POSTINGS)[number];
  readonly line:
    | 'as it should'
    | 'missing'
    | 'doubled'
    | 'of a failed one'
    | 'another amount'
    | 'another currency'
    | 'another kind'
    | 'went back'
    | 'names another order'
    | 'has the number of another order'
    | 'second number';
  readonly outbox: 'one' | 'none' | 'two' | 'odd number';
  readonly orderCurrency: 'CZK' | 'EUR';
  readonly handBooked: boolean;
  readonly accountClosed: boolean;
  /** Minutes before the end of the window: of creation, and from it to the last change. */
  readonly age: number;
  readonly changedAfter: number;
  readonly decision: string | null;
}

const RIGHT = {
  status: null,
  posting: 'as it should',
  more: 'credit',
  line: 'as it should',
  outbox: 'one',
  orderCurrency: 'CZK',
  handBooked: false,
  accountClosed: false,
  decision: null,
} as const satisfies Partial<OrderPlan>;

const ODD_POSTINGS: readonly OrderPlan['posting'][] = [
  'first is missing',
  'last is missing',
  'none',
  'first is doubled',
  'last is doubled',
  'first has another amount',
  'last has another amount',
  'first has another account',
  'all in another currency',
  'last answers another order',
];
const ODD_LINES: readonly OrderPlan['line'][] = [
  'missing',
  'doubled',
  'of a failed one',
  'another amount',
  'another currency',
  'another kind',
  'went back',
  'names another order',
  'has the number of another order',
  'second number',
];
const ODDITIES: readonly Partial<OrderPlan>[] = [
  ...['SUCCESS', 'FAILED', 'PROCESSING', 'REFUNDED', 'RETURNED', 'ODD', ''].map((status) => ({ status })),
  ...ODD_POSTINGS.map((posting) => ({ posting })),
  ...OTHER_POSTINGS.map((more) => ({ posting: 'one more' as const, more })),
  ...ODD_LINES.map((line) => ({ line })),
  ...(['none', 'two', 'odd number'] as const).map((outbox) => ({ outbox })),
  ...['interWithdrawFixServiceImpl', 'withdrawTimeoutFixServiceImpl'].map((decision) => ({
    decision,
    status: 'PROCESSING',
  })),
  // The other end of each path, with the bank's side as that end would have it.
  { status: 'FAILED', line: 'missing' },
  { status: 'SUCCESS', line: 'of a failed one' },
  { orderCurrency: 'EUR' },
  { handBooked: true },
  { accountClosed: true },
];

/** Right but for one or two oddities, or none: more at once would hide each other. */
export const orderPlans: fc.Arbitrary<OrderPlan> = fc
  .record({
    type: fc.constantFrom('recharge' as const, 'withdraw' as const),
    booking: fc.constantFrom('one-shot' as const, 'staged' as const),
    path: fc.constantFrom('paid' as const, 'paid' as const, 'failed' as const, 'given-back' as const),
    // Few different ages, some of them younger than the age gates, so that orders share a time and the number decides.
    age: fc.constantFrom(1, 12, 40, 41, 90),
    changedAfter: fc.constantFrom(0, 1, 39),
    oddities: fc.array(fc.constantFrom(...ODDITIES), { maxLength: 2 }),
  })
  .map(({ oddities, ...plan }) => Object.assign({ ...RIGHT, ...plan }, ...oddities));

interface Posting {
  readonly kind: string;
  readonly gives: string;
  readonly gets: string;
  readonly amount: number;
  readonly currency: string;
  /** Place of the posting that this one answers, counted from the first of all. */
  readonly answers: number | null;
  readonly orderNo: string | null;
}

const bank = (currency: string): string => `SYS:BANK:${currency}`;
const holds = (currency: string): string => `SYS:HOLDS:${currency}`;

/** The postings of one order; `at` is the place of its first among all postings. */
function postingsOf(plan: OrderPlan, orderNo: string, at: number): readonly Posting[] {
  const amount = 500;
  const currency = plan.posting === 'all in another currency' ? 'EUR' : 'CZK';
  const own = currency === 'EUR' ? 'E-1' : plan.posting === 'first has another account' ? 'A-2' : 'A-1';
  const first = plan.posting === 'first has another amount' ? amount + 1 : amount;
  const last = plan.posting === 'last has another amount' ? amount + 1 : amount;
  const answers = plan.posting === 'last answers another order' && at > 0 ? 0 : at;
  const make = (kind: string, gives: string, gets: string, of: number, answered: number | null): Posting => ({
    kind,
    gives,
    gets,
    amount: of,
    currency,
    answers: answered,
    orderNo,
  });
  const back = plan.path === 'given-back';
  const all: Posting[] = [];
  if (plan.path !== 'failed') {
    if (plan.type === 'recharge') {
      all.push(make('credit', bank(currency), own, first, null));
      if (back) all.push(make('reversal', own, bank(currency), last, answers));
    } else if (plan.booking === 'one-shot') {
      all.push(make('debit', own, bank(currency), first, null));
      if (back) all.push(make('reversal', bank(currency), own, last, answers));
    } else {
      all.push(make('hold', own, holds(currency), first, null));
      if (back) all.push(make('release', holds(currency), own, last, answers));
      else all.push(make('settle', holds(currency), bank(currency), last, answers));
    }
  }
  const [one] = all;
  const end = all.at(-1);
  switch (plan.posting) {
    case 'none':
      return [];
    case 'first is missing':
      // What answers it then answers the first posting of all, which is there whatever becomes of the orders.
      return all.slice(1).map((posting) => ({ ...posting, answers: 0 }));
    case 'last is missing':
      return all.slice(0, -1);
    case 'first is doubled':
      return one === undefined ? all : [...all, { ...one, answers: null }];
    case 'last is doubled':
      return end === undefined ? all : [...all, end];
    case 'one more': {
      const answering = plan.more === 'settle' || plan.more === 'release' || plan.more === 'reversal';
      const answered = answering ? (all.length === 0 ? 0 : at) : null;
      const taken = plan.more === 'debit' || plan.more === 'hold' || plan.more === 'manual';
      const [gives, gets] = taken ? [own, bank(currency)] : [bank(currency), own];
      return [...all, make(plan.more, gives, gets, amount, answered)];
    }
    default:
      return all;
  }
}

interface Line {
  readonly requestNo: string;
  readonly orderNo: string;
  readonly kind: string;
  readonly amount: number;
  readonly currency: string;
}

function linesOf(plan: OrderPlan, orderNo: string, other: string): readonly Line[] {
  const recharge = plan.type === 'recharge';
  const line: Line = {
    requestNo: `${orderNo}-1`,
    orderNo,
    kind: recharge ? 'collect' : 'payout',
    amount: 500,
    currency: 'CZK',
  };
  if (plan.line === 'of a failed one') return [line];
  if (plan.path !== 'paid' || plan.line === 'missing') return [];
  switch (plan.line) {
    case 'doubled':
      return [line, line];
    case 'another amount':
      return [{ ...line, amount: 501 }];
    case 'another currency':
      return [{ ...line, currency: 'EUR' }];
    case 'another kind':
      return [{ ...line, kind: recharge ? 'payout' : 'collect' }];
    case 'went back':
      return [line, { ...line, kind: recharge ? 'refund' : 'return' }];
    case 'names another order':
      return [{ ...line, orderNo: other }];
    case 'has the number of another order':
      return [{ ...line, requestNo: `${other}-1` }];
    case 'second number':
      return [line, { ...line, requestNo: `${orderNo}-2` }];
    default:
      return [line];
  }
}

function outboxOf(plan: OrderPlan, orderNo: string): readonly { requestNo: string; attempt: number }[] {
  const one = { requestNo: `${orderNo}-1`, attempt: 1 };
  switch (plan.outbox) {
    case 'none':
      return [];
    case 'one':
      return [one];
    case 'two':
      return [one, { requestNo: `${orderNo}-2`, attempt: 2 }];
    case 'odd number':
      return [one, { requestNo: `R/${orderNo}`, attempt: 2 }];
  }
}

/** Numbers of which one is the beginning of another, and which do not grow with time. */
const numberOf = (index: number): string =>
  index % 3 === 2 ? `${numberOf(index - 1)}-7` : `N${(index * 7) % 100}`;

/** Puts the planned orders into empty tables of PBAP, all of them at once. */
export async function bookRandomly(pool: pg.Pool, plans: readonly OrderPlan[], now: Date): Promise<void> {
  const orderNos = plans.map((_, index) => numberOf(index));
  const minutes = (before: number): string => new Date(now.getTime() - before * 60_000).toISOString();
  // The first posting belongs to no order, so that there is always one to be answered.
  const postings: Posting[] = [
    {
      kind: 'manual',
      gives: 'A-1',
      gets: bank('CZK'),
      amount: 500,
      currency: 'CZK',
      answers: null,
      orderNo: null,
    },
  ];
  const lines: Line[] = [];
  for (const [index, plan] of plans.entries()) {
    const orderNo = orderNos[index] ?? '';
    postings.push(...postingsOf(plan, orderNo, postings.length));
    if (plan.handBooked)
      postings.push({
        kind: 'manual',
        gives: bank('CZK'),
        gets: 'A-1',
        amount: 500,
        currency: 'CZK',
        answers: null,
        orderNo: null,
      });
    lines.push(...linesOf(plan, orderNo, orderNos[(index + 1) % orderNos.length] ?? ''));
    // A line that carries a number of a form that no order of ours has.
    if (plan.outbox === 'odd number' && plan.line === 'names another order')
      lines.push({
        requestNo: `R/${orderNo}`,
        orderNo: 'nobody',
        kind: 'payout',
        amount: 500,
        currency: 'CZK',
      });
  }
  const books = {
    orders: plans.map((plan, index) => ({
      order_no: orderNos[index],
      type: plan.type,
      booking: plan.booking,
      account_no: plan.accountClosed ? 'A-3' : 'A-1',
      amount_minor: 500,
      currency: plan.orderCurrency,
      status: plan.status ?? (plan.path === 'paid' ? 'SUCCESS' : 'FAILED'),
      version: 1,
      counterparty: 'card',
      created_at: minutes(plan.age),
      updated_at: minutes(plan.age - plan.changedAfter),
    })),
    postings: postings.map((posting, index) => ({
      posting_id: index + 1,
      effect_key: `key:${index}`,
      kind: posting.kind,
      debit_account: posting.gives,
      credit_account: posting.gets,
      amount_minor: posting.amount,
      currency: posting.currency,
      order_no: posting.orderNo,
      refers_to: posting.answers === null ? null : posting.answers + 1,
      booked_at: minutes(0),
    })),
    outbox: plans.flatMap((plan, index) =>
      outboxOf(plan, orderNos[index] ?? '').map(({ requestNo, attempt }) => ({
        request_no: requestNo,
        order_no: orderNos[index],
        attempt,
        kind: plan.type === 'recharge' ? 'collect' : 'payout',
        amount_minor: 500,
        currency: 'CZK',
        counterparty: 'card',
        state: 'sent',
        queued_at: minutes(plan.age),
      })),
    ),
    statement_lines: lines.map((line, index) => ({
      line_no: index + 1,
      request_no: line.requestNo,
      order_no: line.orderNo,
      kind: line.kind,
      amount_minor: line.amount,
      currency: line.currency,
      booked_at: minutes(0),
    })),
    repair_decisions: plans.flatMap(({ decision }, index) =>
      decision === null
        ? []
        : [
            {
              order_no: orderNos[index],
              decision: 'RESUBMIT',
              command_key: `cmd/PBAP/${decision}/x/0`,
              decided_at: minutes(0),
            },
          ],
    ),
  };
  await pool.query(
    'truncate pbap.orders, pbap.postings, pbap.outbox, pbap.statement_lines, pbap.repair_decisions, pbap.bank_proofs',
  );
  for (const [table, rows] of Object.entries(books)) {
    const [row] = rows;
    if (row === undefined) continue;
    const columns = Object.keys(row).join(', ');
    await pool.query(
      `insert into pbap.${table} (${columns}) select ${columns} from jsonb_populate_recordset(null::pbap.${table}, $1::text::jsonb)`,
      [JSON.stringify(rows)],
    );
  }
}

export async function openAccounts(pool: pg.Pool): Promise<void> {
  await pool.query(`
    insert into pbap.accounts (account_no, kind, owner, currency, status, counterparty, balance_minor)
    select 'SYS:' || name || ':' || currency, 'system', 'system', currency, 'open', 'none', null::bigint
    from unnest(array['BANK', 'HOLDS']) as name, unnest(array['CZK', 'EUR']) as currency
    union all
    values ('A-1', 'customer', 'owner', 'CZK', 'open', 'card', 0), ('A-2', 'customer', 'owner', 'CZK', 'open', 'card', 0),
      ('A-3', 'customer', 'owner', 'CZK', 'closed', 'card', 0), ('E-1', 'customer', 'owner', 'EUR', 'open', 'card', 0)`);
}
