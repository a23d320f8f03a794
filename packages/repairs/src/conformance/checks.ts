/** The checks of the kit. Each takes one case to many orders of a world and throws where a promise is broken. */
import assert from 'node:assert/strict';
import { SEED_FIX_CODES, type SeedFixCode } from '@piculus/protocol';
import type { BankAnswer, PaymentSystem, RepairPolicy } from '../ports.ts';
import { paymentRepairs } from '../repairs.ts';
import type { Case } from './cases.ts';
import { commandFor, drive, type Ending, fixFor } from './drive.ts';
import { Crash, intercept, type Moment, type OnMoment, unclear, withBank } from './intercept.ts';
import { assertEnd, assertNoLoss, tell } from './outcome.ts';
import type { Arranged, ConformanceWorld } from './world.ts';

export interface CheckInput<Tx> {
  readonly world: ConformanceWorld<Tx>;
  readonly given: Case;
  readonly policy: RepairPolicy;
}
export type Check = <Tx>(input: CheckInput<Tx>) => Promise<void>;

const TICKS_MAX = 12;

/** Ticks until the command has an end: the bank works in between, as it would. */
async function tick<Tx>(
  input: CheckInput<Tx>,
  order: Arranged,
  system?: PaymentSystem<Tx>,
  fixCode?: SeedFixCode,
): Promise<Ending> {
  const { world, given, policy } = input;
  const through = { system: system ?? world.system, journal: world.journal };
  for (let ticks = 1; ; ticks += 1) {
    const ending = await drive(through, fixCode ?? given.fixCode, order, policy);
    const again = ending.outcome === 'not-yet' || ending.outcome === 'failed';
    if (!again || ticks === TICKS_MAX) return ending;
    await world.bankWorks();
  }
}

/** Runs whichever fix the order is filed under now, as the next collects would make happen. */
async function followUp<Tx>(input: CheckInput<Tx>, order: Arranged, ending: Ending): Promise<Ending> {
  if (ending.outcome !== 'not-this-problem') return ending;
  for (const fixCode of Object.keys(SEED_FIX_CODES) as SeedFixCode[]) {
    const next = await tick(input, order, undefined, fixCode);
    if (next.outcome !== 'not-this-problem')
      return { ...next, effects: [...ending.effects, ...next.effects] };
  }
  return ending;
}

export const twiceIsOnce: Check = async (input) => {
  const { world, given } = input;
  const order = await world.arrange(given.setup);
  const first = await tick(input, order);
  await assertEnd(world, given, order, first);
  const second = await tick(input, order);
  await assertEnd(world, given, order, second);
  assert.deepEqual(second.effects, first.effects, `${given.name}: the second run had effects of its own`);
};

export const previewWritesNothing: Check = async ({ world, given, policy }) => {
  const order = await world.arrange(given.setup);
  const before = await world.fingerprint();
  const fix = fixFor(world, given.fixCode, policy);
  const command = commandFor(given.fixCode, order);
  const evidence = await fix.examine(command, new AbortController().signal);
  const plan = fix.plan(command, evidence);
  fix.facts(evidence);
  assert.equal(plan.verdict, 'act', `${given.name}: ${plan.reason}`);
  assert.equal(plan.scenario, given.scenario);
  assert.equal(await world.fingerprint(), before, `${given.name}: the preview wrote something`);
};

type WhichMoments = (moment: Moment, name: string) => boolean;

/** A process that dies while it asks leaves what one that dies before it does. */
const WHERE_A_CRASH_MATTERS: WhichMoments = (_moment, name) => name !== 'query';
/** Between two calls only reading happens; so the moment after one is the moment before the next, save for commits. */
const WHERE_OTHERS_MAY_COME: WhichMoments = (moment, name) =>
  moment === 'before' || (moment === 'after' && name === 'transaction');

/** Acts at the n-th moment of a run; `reached` says whether there was one. */
function atMoment(
  n: number,
  counts: WhichMoments,
  happens: (moment: Moment, name: string) => Promise<void>,
): { readonly onMoment: OnMoment; reached(): boolean } {
  let seen = 0;
  return {
    reached: () => seen > n,
    onMoment: async (moment, name) => {
      if (!counts(moment, name)) return;
      seen += 1;
      if (seen === n + 1) await happens(moment, name);
    },
  };
}

export const crashAtEachStep: Check = async (input) => {
  const { world, given, policy } = input;
  for (let n = 0; ; n += 1) {
    const order = await world.arrange(given.setup);
    const crash = atMoment(n, WHERE_A_CRASH_MATTERS, async (moment, name) => {
      throw new Crash(`${moment} ${name}`);
    });
    const dying = { system: intercept(world.system, crash.onMoment), journal: world.journal };
    const cause = await drive(dying, given.fixCode, order, policy).then(
      () => null,
      (error: unknown) => error,
    );
    if (cause !== null && !(cause instanceof Crash)) throw cause;
    await assertEnd(world, given, order, await tick(input, order));
    if (!crash.reached()) return;
  }
};

export const lostAnswer: Check = async (input) => {
  const { world, given } = input;
  for (const executed of [true, false]) {
    const order = await world.arrange(given.setup);
    const lost = new Set<string>();
    // The first of each call is lost: after the bank did it, or before it ever heard of it.
    const lose = async (name: string, call: () => Promise<BankAnswer>): Promise<BankAnswer> => {
      if (lost.has(name)) return call();
      lost.add(name);
      if (executed) await call();
      return unclear(world.system.now());
    };
    const system = withBank(world.system, (bank) => ({
      query: (requestNo, signal) => lose('query', () => bank.query(requestNo, signal)),
      close: (requestNo, of, signal) => lose('close', () => bank.close(requestNo, of, signal)),
      submitPayout: (request, signal) => lose('submit', () => bank.submitPayout(request, signal)),
    }));
    await assertEnd(world, given, order, await tick(input, order, system));
  }
};

export const blindBankDoesNothing: Check = async ({ world, given, policy }) => {
  const order = await world.arrange(given.setup);
  const before = await world.observe(order.orderNo);
  let acts = 0;
  const nothing = async (): Promise<BankAnswer> => ({
    ...unclear(world.system.now()),
    code: 'NOT_FOUND',
    detail: '',
  });
  const act = (): Promise<BankAnswer> => {
    acts += 1;
    return nothing();
  };
  const system = withBank(world.system, () => ({
    query: nothing,
    close: act,
    submitPayout: act,
    positiveControl: async () => ({ ok: false, detail: 'a number known to be settled was not found' }),
  }));
  const ending = await drive({ system, journal: world.journal }, given.fixCode, order, policy);
  const after = await world.observe(order.orderNo);
  const story = tell(given, ending, after);
  assert.equal(ending.outcome, 'not-yet', story);
  assert.equal(acts, 0, `the blind bank was acted on: ${story}`);
  assert.deepEqual(after, before, story);
  assert.deepEqual(ending.effects, [], story);
  assert.equal(await world.system.decisions.read(order.orderNo), null, story);
};

export const hasLateOriginal = ({ setup }: Case): boolean =>
  setup.bank === 'never-received' && setup.outbox === 'sent';

/** The request of the normal path arrives at the bank before, during or after the repair. */
export const lateOriginal: Check = async (input) => {
  const { world, given, policy } = input;
  const once = async (n: number): Promise<boolean> => {
    const order = await world.arrange(given.setup);
    const late = atMoment(n, WHERE_OTHERS_MAY_COME, () => world.originalArrives(order.orderNo));
    const system = intercept(world.system, late.onMoment);
    await drive({ system, journal: world.journal }, given.fixCode, order, policy);
    const happened = late.reached();
    const ended = await followUp(input, order, await tick(input, order));
    if (!happened) {
      await world.originalArrives(order.orderNo);
      await world.bankWorks();
      await assertEnd(world, given, order, ended);
      return false;
    }
    await world.bankWorks();
    await assertNoLoss(world, given, order, await followUp(input, order, await tick(input, order)));
    return true;
  };
  for (let n = 0; await once(n); n += 1);
};

/** The bank's callback, or the normal sender, comes in at every moment of the repair. */
export const normalPathAtEachMoment: Check = async (input) => {
  const { world, given, policy } = input;
  const comings = [
    (orderNo: string): Promise<unknown> => world.callback(orderNo),
    (): Promise<unknown> => world.senderRuns(),
  ];
  for (const comes of comings) {
    for (let n = 0, reached = true; reached; n += 1) {
      const order = await world.arrange(given.setup);
      const late = atMoment(n, WHERE_OTHERS_MAY_COME, async () => {
        await comes(order.orderNo);
      });
      const system = intercept(world.system, late.onMoment);
      const first = await drive({ system, journal: world.journal }, given.fixCode, order, policy);
      reached = late.reached();
      await world.bankWorks();
      await comes(order.orderNo);
      const again = first.outcome === 'fixed' ? first : await tick(input, order);
      const ending = await followUp(input, order, again);
      await assertNoLoss(world, given, order, ending);
      const { outcome } = ending;
      const settled = outcome === 'fixed' || outcome === 'already-right' || outcome === 'refused';
      assert.ok(settled, tell(given, ending, await world.observe(order.orderNo)));
    }
  }
};

export const duplicatesAtOnce: Check = async (input) => {
  const { world, given, policy } = input;
  const order = await world.arrange(given.setup);
  const runs = Array.from({ length: 5 }, () => drive(world, given.fixCode, order, policy));
  for (const run of await Promise.allSettled(runs)) {
    if (run.status === 'rejected') throw run.reason;
  }
  await assertEnd(world, given, order, await tick(input, order));
};

export const otherCommandIsHeldOff: Check = async ({ world, given, policy }) => {
  const order = await world.arrange(given.setup);
  const before = await world.observe(order.orderNo);
  const held = await world.system.orders.fence(order.orderNo, 'cmd/another');
  assert.equal(held, 'held');
  const ending = await drive(world, given.fixCode, order, policy);
  assert.equal(ending.outcome, 'not-yet', ending.reason);
  assert.deepEqual(await world.observe(order.orderNo), before);
  await world.system.orders.unfence(order.orderNo, 'cmd/another');
};

/** While a repair has the order, neither the bank's callback nor the sender touches it. */
export const normalPathIsHeldOff: Check = async ({ world, given }) => {
  const { system } = world;
  const order = await world.arrange(given.setup);
  assert.equal(await system.orders.fence(order.orderNo, 'cmd/held'), 'held');
  const look = async () => ({
    seen: await world.observe(order.orderNo),
    outbox: await system.outbox.read(order.orderNo),
  });
  const before = await look();
  assert.notEqual(
    await world.callback(order.orderNo),
    'taken',
    `${given.name}: a callback went past the fence`,
  );
  await world.senderRuns();
  assert.deepEqual(await look(), before, `${given.name}: the normal path went past the fence`);
  await system.orders.unfence(order.orderNo, 'cmd/held');
};

/** A different decision stands, made by somebody else: nothing moves, here or at the bank. */
export const otherDecisionStands: Check = async ({ world, given, policy }) => {
  const order = await world.arrange(given.setup);
  const { system } = world;
  await system.transaction(async (tx) => {
    await system.decisions.decide(tx, order.orderNo, 'REFUND_PAYER', 'cmd/a-person');
  });
  const before = await world.observe(order.orderNo);
  const ending = await drive(world, given.fixCode, order, policy);
  assert.equal(ending.outcome, 'refused', ending.reason);
  assert.deepEqual(await world.observe(order.orderNo), before);
};

export const tooLittleMoney: Check = async ({ world, given, policy }) => {
  const order = await world.arrange({ ...given.setup, funds: 'too-little' });
  const before = await world.observe(order.orderNo);
  const ending = await drive(world, given.fixCode, order, policy);
  assert.equal(ending.outcome, 'refused', ending.reason);
  assert.deepEqual(await world.observe(order.orderNo), before);
  assert.equal(await world.system.decisions.read(order.orderNo), null);
};

/** The collector finds the record, as what it is, under its own fix code and no other. */
export const isFoundOnce: Check = async ({ world, given, policy }) => {
  const order = await world.arrange(given.setup);
  const found: string[] = [];

  for (const { collector } of paymentRepairs(world.system, policy)) {
    const now = world.system.now();
    const end = await collector.collect({
      windowFrom: new Date(now.getTime() - 7 * 24 * 3_600_000),
      windowTo: now,
      signal: new AbortController().signal,
      scanned: () => {},
      report: async (problems) => {
        for (const { businessKey, scenario, handling } of problems) {
          if (businessKey === order.orderNo) found.push(`${collector.fixCode} ${scenario} ${handling}`);
        }
      },
    });
    assert.ok(end.complete, end.reason);
  }
  assert.deepEqual(found, [`${given.fixCode} ${given.scenario} fix`], given.name);
};
