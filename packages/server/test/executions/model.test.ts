/**
 * Random lives of a few problems, against a model that is much simpler than the store: one map. The states, the
 * retries and all kept books always agree. One tick and one client; what runs side by side is tested elsewhere.
 */
import type { FixCommand, ReportedOutcome } from '@piculus/protocol';
import { REPORTED_OUTCOME_NAMES } from '@piculus/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import type { Session } from '../../src/base/services.ts';
import { answers, booksKeptAndReal, emptyProblems, openWorld, order, type World } from './world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const MINUTE_MS = 60_000;
const MAX_RETRIES = 2;
const SCENARIOS = ['C1', 'C4'] as const;

interface Modelled {
  handling: 'fix' | 'person';
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

const report = fc.record({
  do: fc.constant('report' as const),
  keys: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1 }),
  scenario: fc.constantFrom(...SCENARIOS),
  amount: fc.integer({ min: 1, max: 9 }),
  currency: fc.constantFrom('CNY', 'USD'),
  handling: fc.constantFrom('fix' as const, 'fix' as const, 'person' as const),
});
const answer = fc.record({
  do: fc.constant('answer' as const),
  outcome: fc.constantFrom('fixed' as const, ...REPORTED_OUTCOME_NAMES),
});
// What a life goes through again and again comes often, so that most runs get round more than once.
const step = fc.oneof(
  { weight: 4, arbitrary: report },
  { weight: 4, arbitrary: answer },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('tick' as const), max: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('run' as const, 'close' as const, 'reopen' as const),
      key: fc.integer({ min: 0, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(4 * MINUTE_MS, 61 * MINUTE_MS),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'rescue' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'give-back' as const }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const openFor = (handling: Modelled['handling']): Modelled['state'] =>
  handling === 'fix' ? 'pending' : 'needs-human';
const isOpen = ({ state }: Modelled): boolean => ['pending', 'exhausted', 'needs-human'].includes(state);

class Life {
  readonly world: World;
  readonly model = new Map<string, Modelled>();
  readonly ids = new Map<string, string>();
  readonly session: Session;
  solution = '';
  leases: FixCommand[] = [];

  constructor(world: World) {
    this.world = world;
    this.session = world.session();
  }

  async begin(): Promise<void> {
    await emptyProblems(this.world);
    this.solution = await this.world.solution({ maxRetries: MAX_RETRIES });
  }

  async take(event: Step): Promise<void> {
    this.world.clock.pass(1_000);
    if (event.do === 'pass') return this.world.clock.pass(event.ms);
    if (event.do === 'report') return this.#report(event);
    if (event.do === 'tick') return this.#tick(event.max);
    if (event.do === 'answer') return this.#answer(event.outcome);
    if (event.do === 'rescue') return this.#rescue();
    if (event.do === 'give-back') return this.#giveBack();
    return this.#act(event.do, `K${event.key}`);
  }

  async #report({ keys, amount, ...more }: Extract<Step, { do: 'report' }>): Promise<void> {
    const { scenario, currency, handling } = more;
    await this.world.report(
      keys.map((key) =>
        order(this.world, `K${key}`, { scenario, currency, handling, amountMinor: String(amount) }),
      ),
    );
    for (const key of keys) {
      const known = this.model.get(`K${key}`);
      const opened = { handling, state: openFor(handling), failures: 0 };
      if (known === undefined) this.model.set(`K${key}`, { ...opened, reopened: false, executing: false });
      else if (known.executing) continue;
      else if (known.state === 'fixed') Object.assign(known, { ...opened, reopened: true });
      else if (known.state === 'cleared') Object.assign(known, opened);
      else if (isOpen(known)) {
        known.handling = handling;
        if (known.state === 'pending') known.state = openFor(handling);
      }
    }
    for (const { id, businessKey } of (await this.world.problems.list({ limit: 50 }, ANYONE)).items)
      this.ids.set(businessKey, id);
  }

  async #tick(max: number): Promise<void> {
    await this.world.tick(this.solution);
    const command = await this.world.executions.claim(this.session, max);
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
    await this.world.executions.record(this.session, answers(this.world, command, outcome));
    this.#moved(command, NEXT[outcome]);
  }

  async #rescue(): Promise<void> {
    this.world.clock.pass(15_000);
    expect(await this.world.executions.rescueExpired()).toBe(this.leases.length);
    for (const command of this.leases.splice(0)) this.#moved(command, 'retry');
  }

  async #giveBack(): Promise<void> {
    const command = this.leases.shift();
    if (command === undefined) return;
    await this.world.executions.giveBack(command.leaseId);
    for (const { businessKey } of command.items)
      Object.assign(this.model.get(businessKey) ?? {}, { executing: false });
  }

  #moved(command: FixCommand, to: Modelled['state'] | 'retry'): void {
    for (const { businessKey } of command.items) {
      const one = this.model.get(businessKey);
      if (one === undefined) continue;
      if (to === 'retry') one.failures += 1;
      one.state = to !== 'retry' ? to : one.failures > MAX_RETRIES ? 'exhausted' : 'pending';
      if (one.state === 'pending') one.state = openFor(one.handling);
      Object.assign(one, { executing: false, reopened: false });
    }
  }

  async #act(what: 'run' | 'close' | 'reopen', key: string): Promise<void> {
    const id = this.ids.get(key);
    const one = this.model.get(key);
    if (id === undefined || one === undefined) return;
    if (what === 'run') {
      const { accepted } = await this.world.problems.run([id], person('operator'), 'go');
      expect(accepted).toBe(isOpen(one) && !one.executing ? 1 : 0);
      return;
    }
    const allowed =
      what === 'close' ? isOpen(one) && !one.executing : one.state === 'closed' || one.state === 'fixed';
    const done = await this.world.problems[what](id, person('operator'), 'so').then(
      () => true,
      () => false,
    );
    expect(done).toBe(allowed);
    if (!done) return;
    Object.assign(
      one,
      what === 'close'
        ? { state: 'closed', reopened: false }
        : { state: openFor(one.handling), reopened: true, failures: 0 },
    );
  }

  async check(): Promise<void> {
    const { items } = await this.world.problems.list({ limit: 50 }, ANYONE);
    const real = Object.fromEntries(
      items.map(({ businessKey, state, reopened }) => [businessKey, [state, reopened]]),
    );
    const expected = [...this.model].map(([key, { state, reopened, executing }]) => [
      key,
      [executing ? 'executing' : state, reopened],
    ]);
    expect(real).toEqual(Object.fromEntries(expected));
    const [kept, counted] = await booksKeptAndReal(this.world);
    expect(kept).toEqual(counted);
  }
}

describe.each(TEST_ENGINES)('lives on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.close());

  it('agree with the model after every step', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 35, size: 'max' }), async (steps) => {
        const life = new Life(world);
        await life.begin();
        for (const event of steps) {
          await life.take(event);
          await life.check();
        }
      }),
      { numRuns: 25 },
    );
  }, 180_000);
});
