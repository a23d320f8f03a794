/** What a change of a solution would do to open problems, on both databases. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SolutionInput } from '@piculus/protocol/http';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createClients } from '../../src/clients/index.ts';
import { createSolutions } from '../../src/solutions/index.ts';
import { helloOf } from '../collections/world.ts';
import { answers, FIX, openWorld, order, orders, SYSTEM, type World } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('the impact of a solution on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.close());

  const input = (change: Partial<SolutionInput> = {}): SolutionInput => ({
    sysCode: SYSTEM,
    fixCode: FIX,
    maxRetries: 5,
    retryCron: '0 0/10 * * * ?',
    timeZone: 'UTC',
    executionMode: 'automatic',
    status: 'enabled',
    level: 'very-important',
    description: '',
    ...change,
  });
  const impact = async (change: Partial<SolutionInput> = {}) =>
    (await createSolutions(world.context).validate(input(change), ANYONE)).impact;

  it('counts what is open by what the solution can do about it', async () => {
    const nothing = { pending: 0, amounts: [], reopened: 0, withPerson: 0 };
    expect(await impact()).toMatchObject({
      ...nothing,
      waitReasonNow: 'no-solution',
      waitReasonThen: 'no-client',
    });
    await world.report([
      ...orders(world, 3),
      order(world, 'USD', { currency: 'USD', amountMinor: '5' }),
      order(world, 'PERSON', { handling: 'person' }),
      order(world, 'ELSEWHERE', { fixCode: 'otherFix' }),
    ]);
    await world.problems.close('1', person('operator'), 'by mistake');
    await world.problems.reopen('1', person('operator'), 'it was real');
    await world.problems.close('2', person('operator'), 'done');
    expect(await impact()).toMatchObject({
      pending: 2,
      amounts: [
        { currency: 'CNY', amountMinor: '70000' },
        { currency: 'USD', amountMinor: '5' },
      ],
      reopened: 1,
      withPerson: 1,
    });
    // A click on the reopened one runs it and decides about the reopening.
    await world.solution({ executionMode: 'manual', maxRetries: 0 });
    await world.problems.run(['1'], person('operator'), 'now');
    const session = world.session();
    const command = await world.executions.claim(session, 1);
    if (command === null) throw new Error('nothing to claim');
    await world.executions.record(session, answers(world, command, 'not-yet'));
    expect(await impact()).toMatchObject({ pending: 3, reopened: 0, withPerson: 1 });
  });

  it('says why they wait now and why they would wait then, and when they would run', async () => {
    expect(await impact()).toMatchObject({
      waitReasonNow: 'manual',
      waitReasonThen: 'no-client',
      nextTickAt: '2026-11-20T08:10:00.000Z',
    });
    await createClients(world.context).connected(SYSTEM, helloOf('c1', [FIX]));
    expect(await impact()).toMatchObject({ waitReasonNow: 'manual', waitReasonThen: 'scheduled' });
    expect(await impact({ status: 'disabled' })).toMatchObject({
      waitReasonThen: 'disabled',
      nextTickAt: null,
    });
    expect(await impact({ executionMode: 'manual' })).toMatchObject({
      waitReasonThen: 'manual',
      nextTickAt: null,
    });
    expect(await impact({ fixCode: 'otherFix' })).toMatchObject({
      pending: 1,
      waitReasonNow: 'no-solution',
      waitReasonThen: 'no-client',
    });
    world.clock.pass(60_000);
    expect(await impact()).toMatchObject({ waitReasonThen: 'no-client' });
  });
});
