/**
 * Random lives of a few problems, against a model that is much simpler than the store: one map. The states, the
 * retries and the kept counts always agree. One tick and one client; what runs side by side is tested elsewhere.
 */
import type { FixCommand, ReportedOutcome } from '@piculus/protocol';
import { REPORTED_OUTCOME_NAMES } from '@piculus/protocol';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answers, countsKeptAndReal, openWorld, order, type World } from './world.ts';

const MAX_RETRIES = 2;
const SCENARIOS = ['C1', 'C4'] as const;

interface Modelled {
  state: 'pending' | 'fixed' | 'cleared' | 'exhausted' | 'needs-human' | 'closed';
  reopened: boolean;
  failures: number;
  executing: boolean;
}
const NEXT: Readonly<Record<ReportedOutcome, Modelled['state'] | 'retry'>> = {
  fixed: 'fixed',
  'already-right': 'cleared',
  'not-this-problem': 'cleared',
  'not-yet': 'pending',
  failed: 'retry',
  refused: 'needs-human',
};

const step = fc.oneof(
  fc.record({
    do: fc.constant('report' as const),
    keys: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1 }),
    scenario: fc.constantFrom(...SCENARIOS),
    amount: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ do: fc.constant('tick' as const), max: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constant('answer' as const), outcome: fc.constantFrom(...REPORTED_OUTCOME_NAMES) }),
  fc.constant({ do: 'rescue' as const }),
  fc.constant({ do: 'give-back' as const }),
  fc.record({
    do: fc.constantFrom('run' as const, 'close' as const, 'reopen' as const),
    key: fc.integer({ min: 0, max: 5 }),
  }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let world: World;
beforeAll(async () => {
  world = await openWorld('postgres');
});
afterAll(() => world.close());

const isOpen = ({ state }: Modelled): boolean => ['pending', 'exhausted', 'needs-human'].includes(state);

class Life {
  readonly model = new Map<string, Modelled>();
  readonly ids = new Map<string, string>();
  readonly session = world.session();
  solution = '';
  leases: FixCommand[] = [];

  async begin(): Promise<void> {
    await sql`TRUNCATE piculus.problems, piculus.problem_counts, piculus.leases, piculus.executions, piculus.reports,
      piculus.run_requests, piculus.audit, piculus.solutions, piculus.solution_versions RESTART IDENTITY CASCADE`.execute(
      world.database.db,
    );
    this.solution = await world.solution({ maxRetries: MAX_RETRIES });
  }

  async take(event: Step): Promise<void> {
    world.clock.pass(1_000);
    if (event.do === 'report') return this.#report(event.keys, event.scenario, event.amount);
    if (event.do === 'tick') return this.#tick(event.max);
    if (event.do === 'answer') return this.#answer(event.outcome);
    if (event.do === 'rescue') return this.#rescue();
    if (event.do === 'give-back') return this.#giveBack();
    return this.#act(event.do, `K${event.key}`);
  }

  async #report(keys: number[], scenario: (typeof SCENARIOS)[number], amount: number): Promise<void> {
    await world.report(keys.map((key) => order(world, `K${key}`, { scenario, amountMinor: String(amount) })));
    for (const key of keys) {
      const known = this.model.get(`K${key}`);
      if (known === undefined)
        this.model.set(`K${key}`, { state: 'pending', reopened: false, failures: 0, executing: false });
      else if (known.state === 'fixed')
        Object.assign(known, { state: 'pending', reopened: true, failures: 0 });
      else if (known.state === 'cleared') Object.assign(known, { state: 'pending', failures: 0 });
    }
    for (const { id, businessKey } of (await world.problems.list({ limit: 50 })).items)
      this.ids.set(businessKey, id);
  }

  async #tick(max: number): Promise<void> {
    await world.tick(this.solution);
    const command = await world.executions.claim(this.session, max);
    const due = [...this.model].filter(
      ([, one]) => one.state === 'pending' && !one.reopened && !one.executing,
    );
    if (command === null) return expect(due).toEqual([]);
    this.leases.push(command);
    for (const { businessKey, trigger } of command.items) {
      const one = this.model.get(businessKey);
      expect(one?.executing).toBe(false);
      if (trigger === 'tick') expect(due.map(([key]) => key)).toContain(businessKey);
      if (one) one.executing = true;
    }
  }

  async #answer(outcome: ReportedOutcome): Promise<void> {
    const command = this.leases.shift();
    if (command === undefined) return;
    await world.executions.record(this.session, answers(world, command, outcome));
    this.#moved(command, NEXT[outcome]);
  }

  async #rescue(): Promise<void> {
    world.clock.pass(15_000);
    expect(await world.executions.rescueExpired()).toBe(this.leases.length);
    for (const command of this.leases.splice(0)) this.#moved(command, 'retry');
  }

  async #giveBack(): Promise<void> {
    const command = this.leases.shift();
    if (command === undefined) return;
    await world.executions.giveBack(command.leaseId);
    for (const { businessKey } of command.items)
      Object.assign(this.model.get(businessKey) ?? {}, { executing: false });
  }

  #moved(command: FixCommand, to: Modelled['state'] | 'retry'): void {
    for (const { businessKey } of command.items) {
      const one = this.model.get(businessKey);
      if (one === undefined) continue;
      if (to === 'retry') one.failures += 1;
      one.state = to !== 'retry' ? to : one.failures > MAX_RETRIES ? 'exhausted' : 'pending';
      Object.assign(one, { executing: false, reopened: false });
    }
  }

  async #act(what: 'run' | 'close' | 'reopen', key: string): Promise<void> {
    const id = this.ids.get(key);
    const one = this.model.get(key);
    if (id === undefined || one === undefined) return;
    if (what === 'run') {
      const { accepted } = await world.problems.run([id], 'operator', 'go', 'click');
      expect(accepted).toBe(isOpen(one) && !one.executing ? 1 : 0);
      return;
    }
    const allowed =
      what === 'close' ? isOpen(one) && !one.executing : one.state === 'closed' || one.state === 'fixed';
    const done = await world.problems[what](id, 'operator', 'so').then(
      () => true,
      () => false,
    );
    expect(done).toBe(allowed);
    if (!done) return;
    Object.assign(
      one,
      what === 'close'
        ? { state: 'closed', reopened: false }
        : { state: 'pending', reopened: true, failures: 0 },
    );
  }

  async check(): Promise<void> {
    const { items } = await world.problems.list({ limit: 50 });
    const real = Object.fromEntries(
      items.map(({ businessKey, state, reopened }) => [businessKey, [state, reopened]]),
    );
    const expected = [...this.model].map(([key, { state, reopened, executing }]) => [
      key,
      [executing ? 'executing' : state, reopened],
    ]);
    expect(real).toEqual(Object.fromEntries(expected));
    const [kept, counted] = await countsKeptAndReal(world);
    expect(kept).toEqual(counted);
  }
}

it('agrees with the model after every step', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const life = new Life();
      await life.begin();
      for (const event of steps) {
        await life.take(event);
        await life.check();
      }
    }),
    { numRuns: 25 },
  );
}, 180_000);
