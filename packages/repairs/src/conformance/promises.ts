/**
 * Checks of one promise of the ports each. Several guards stand one behind the other in a whole repair, so that a run
 * does not show which of them is missing; here nothing stands before them.
 */
import assert from 'node:assert/strict';
import type { Booked, LedgerPort, PaymentSystem } from '../ports.ts';
import type { LedgerFacts, OrderFacts, OrderStatus } from '../facts.ts';
import type { Case } from './cases.ts';
import type { Check, CheckInput } from './checks.ts';
import type { ConformanceWorld } from './world.ts';

const COMMAND = 'cmd/promise';
const WINDOW_MS = 7 * 24 * 3_600_000;
const ROWS_MAX = 10_000;

type Book = <Tx>(ledger: LedgerPort<Tx>, tx: Tx, order: OrderFacts, postingId: string) => Promise<Booked>;

interface Booking {
  /** Change of the account by the order once it is booked, as a multiple of the amount. */
  readonly leaves: -1n | 0n | 1n;
  readonly book: Book;
  /** What the same key excludes. */
  readonly never?: Book;
}

const settle: Book = (ledger, tx, order, holdId) => ledger.settle(tx, order, holdId);
const release: Book = (ledger, tx, order, holdId) => ledger.release(tx, order, holdId);
const CREDIT: Booking = { leaves: 1n, book: (ledger, tx, order) => ledger.credit(tx, order) };
const RESERVE: Booking = { leaves: -1n, book: (ledger, tx, order) => ledger.reserve(tx, order) };
const REVERSE: Booking = { leaves: 0n, book: (ledger, tx, order, id) => ledger.reverse(tx, order, id) };
const SETTLE: Booking = { leaves: -1n, book: settle, never: release };
const RELEASE: Booking = { leaves: 0n, book: release, never: settle };

function bookingsFor({ setup }: Case): readonly Booking[] {
  if (setup.ledger === 'none') return [setup.type === 'recharge' ? CREDIT : RESERVE];
  if (setup.ledger === 'debited') return [REVERSE];
  return setup.ledger === 'held' ? [SETTLE, RELEASE] : [];
}

export const hasBooking = (given: Case): boolean => bookingsFor(given).length > 0;

async function readOrder<Tx>({ orders }: PaymentSystem<Tx>, orderNo: string): Promise<OrderFacts> {
  const order = await orders.read(orderNo);
  assert.ok(order !== null, `${orderNo} cannot be read`);
  return order;
}

/** Asked for three times at once and once more later, an effect is there once, and what it excludes never comes. */
export const booksOnce: Check = async ({ world, given }) => {
  const { system } = world;
  for (const { book, never, leaves } of bookingsFor(given)) {
    const { orderNo, amountMinor } = await world.arrange(given.setup);
    const order = await readOrder(system, orderNo);
    const { postingId } = await system.ledger.read(order);
    const by = (what: Book): Promise<Booked> =>
      system.transaction((tx) => what(system.ledger, tx, order, postingId ?? ''));
    const atOnce = await Promise.allSettled([by(book), by(book), by(book)]);
    const said = atOnce.map((one) => (one.status === 'fulfilled' ? one.value : 'rejected'));
    const story = `${given.name}: three bookings of one effect at once were answered ${said.join(', ')}`;
    assert.equal(said.filter((word) => word === 'booked').length, 1, story);
    assert.equal(await by(book), 'exists', `${given.name}: a booking that is there was not found`);
    if (never !== undefined)
      assert.notEqual(await by(never), 'booked', `${given.name}: a hold was resolved in two ways`);
    const seen = await world.observe(orderNo);
    assert.equal(seen.bookedMinor, leaves * amountMinor, `${given.name}: the account has another amount`);
    assert.equal(await world.ledgerSumMinor(), 0n);
  }
};

/** Enough reads for a booking that nothing holds up to come between them. */
const READS = 20;

const booksOf = ({ state, postingId }: LedgerFacts): string => `${state} by ${postingId ?? 'nothing'}`;

/** A transaction reads the books as it left them itself, and nobody else books for its order until it ends. */
export async function booksAreReadInside<Tx>({ world, given }: CheckInput<Tx>): Promise<void> {
  const { system } = world;
  for (const { book } of bookingsFor(given)) {
    const { orderNo } = await world.arrange(given.setup);
    const order = await readOrder(system, orderNo);
    const before = await system.ledger.read(order);
    const bookIn = (tx: Tx): Promise<Booked> => book(system.ledger, tx, order, before.postingId ?? '');
    const to: OrderStatus = order.status === 'FAILED' ? 'PROCESSING' : 'FAILED';
    assert.equal(await system.orders.fence(orderNo, COMMAND), 'held');
    let other: Promise<Booked> | null = null;
    await system.transaction(async (tx) => {
      assert.equal(await system.orders.setStatus(tx, order, to, COMMAND), true);
      other = system.transaction(bookIn);
      for (let read = 0; read < READS; read += 1) {
        const now = booksOf(await system.ledger.readIn(tx, order));
        assert.equal(
          now,
          booksOf(before),
          `${given.name}: the books changed under a transaction that has the order`,
        );
      }
      assert.equal(await bookIn(tx), 'booked');
      const after = await system.ledger.readIn(tx, order);
      assert.notEqual(after.state, before.state, `${given.name}: a transaction does not see its own booking`);
    });
    assert.equal(
      await other,
      'exists',
      `${given.name}: an effect was booked beside the transaction that has the order`,
    );
    await system.orders.unfence(orderNo, COMMAND);
  }
}

/** A status changes only from the status and version that were seen, and only for the command that has the fence. */
export const statusIsGuarded: Check = async ({ world, given }) => {
  const { system } = world;
  const { orderNo } = await world.arrange(given.setup);
  const seen = await readOrder(system, orderNo);
  const to: OrderStatus = seen.status === 'FAILED' ? 'PROCESSING' : 'FAILED';
  const change = (order: OrderFacts, commandKey = COMMAND): Promise<boolean> =>
    system.transaction((tx) => system.orders.setStatus(tx, order, to, commandKey));
  const wrong = (what: string): string => `${given.name}: a status was changed ${what}`;
  assert.equal(await change(seen), false, wrong('without a fence'));
  assert.equal(await system.orders.fence(orderNo, COMMAND), 'held');
  assert.equal(await change(seen, 'cmd/another'), false, wrong('under the fence of another command'));
  assert.equal(await change({ ...seen, version: seen.version + 1 }), false, wrong('from another version'));
  assert.equal(await change({ ...seen, status: to }), false, wrong('from another status'));
  const at = system.now();
  const twice = await Promise.all([change(seen), change(seen)]);
  assert.deepEqual(twice.toSorted(), [false, true], wrong('twice from one version'));
  assert.equal((await readOrder(system, orderNo)).status, to);
  await system.orders.unfence(orderNo, COMMAND);
  await assertChangeIsTold({ world, given }, { orderNo, to, at });
};

/** A scan that says when a status was changed last tells of every change: an older statement cannot show its cause. */
async function assertChangeIsTold<Tx>(
  { world, given }: Pick<CheckInput<Tx>, 'world' | 'given'>,
  change: { readonly orderNo: string; readonly to: OrderStatus; readonly at: Date },
): Promise<void> {
  const { system } = world;
  const to = new Date(system.now().getTime() + 1);
  const window = { from: new Date(to.getTime() - WINDOW_MS), to };
  const filter = { type: given.setup.type, statuses: [change.to] };
  const rows = await system.scan.scan(window, filter, null, ROWS_MAX);
  const row = rows.find(({ order }) => order.orderNo === change.orderNo);
  assert.ok(row !== undefined, `${given.name}: an order is not found under its new status`);
  // A system may leave it out; then no statement is ever too old for its orders.
  if (row.changedAt === undefined || row.changedAt === null) return;
  const late = row.changedAt.getTime() >= change.at.getTime();
  assert.ok(late, `${given.name}: the scan says that the status was changed before it was`);
}

/** The statement is up to date once it was asked to be: it shows what moved, and nothing else. */
export const statementIsFresh: Check = async ({ world, given }) => {
  const { system } = world;
  const order = await world.arrange(given.setup);
  const reach = await system.scan.refreshStatement(new AbortController().signal);
  const { bankMovements } = await world.observe(order.orderNo);
  const shown = await system.scan.statement(order.orderNo);
  const story = `${given.name}: the statement, which reaches to ${reach.reachesTo}, shows ${shown?.answer} where the bank moved ${bankMovements}`;
  assert.equal(shown?.fact, bankMovements === 0 ? 'non-final' : 'paid', story);
  if (bankMovements > 0) assert.equal(shown?.amountMinor, order.amountMinor, story);
};

/** For orders that the bank's callback finishes. */
export const hasCallback = ({ setup }: Case): boolean =>
  setup.status === 'PROCESSING' && (setup.bank === 'settled' || setup.bank === 'failed');

/**
 * A fence that is asked for while a callback is at work waits for it: what is read under the fence is not changed any
 * more. The fence comes one read later each time, until it comes after the callback.
 */
export const callbackIsWaitedFor: Check = async ({ world, given }) => {
  for (let reads = 0; await fenceDuringCallback({ world, given }, reads); reads += 1);
};

async function fenceDuringCallback<Tx>(
  { world, given }: { readonly world: ConformanceWorld<Tx>; readonly given: Case },
  reads: number,
): Promise<boolean> {
  const { orders } = world.system;
  const { orderNo } = await world.arrange(given.setup);
  let over = false;
  const coming = world.callback(orderNo).finally(() => {
    over = true;
  });
  for (let read = 0; read < reads && !over; read += 1) await orders.read(orderNo);
  const during = !over;
  assert.equal(await orders.fence(orderNo, COMMAND), 'held');
  const held = await world.observe(orderNo);
  const said = await coming;
  const story = `${given.name}: a callback that was answered ${said} changed an order under the fence`;
  assert.deepEqual(await world.observe(orderNo), held, story);
  await orders.unfence(orderNo, COMMAND);
  return during;
}
