/** An act of a person and a client's answer to the same problem at the same moment. PostgreSQL only: it needs two sessions. */
import { PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { problemsOf, storeAnswers } from '../../src/executions/answers.ts';
import { answerLease, lockLease } from '../../src/store/leases.ts';
import { transaction } from '../../src/store/pool.ts';
import { MINUTE_MS, tellStory } from '../executions/story.ts';
import { order } from '../executions/world.ts';
import { person } from '../../../../test/support/callers.ts';

describe('an act beside an answer', () => {
  const story = tellStory('postgres');

  /** Resolves once another session waits for the table of leases. */
  async function somebodyWaits(): Promise<void> {
    for (;;) {
      const { rows } = await sql`
        SELECT FROM pg_locks WHERE NOT granted AND relation = 'piculus.leases'::regclass`.execute(
        story.world.context.db,
      );
      if (rows.length > 0) return;
    }
  }

  it('closes nothing that was answered while it looked', async () => {
    const { world } = story;
    const solution = await world.solution({ maxRetries: 3 });
    await world.report([order(world, 'R1')]);
    world.clock.pass(MINUTE_MS);
    await world.tick(solution);
    const { command } = await story.claimed();
    const [item] = command.items;
    if (item === undefined) throw new Error('an empty command');
    let closing: Promise<unknown> = Promise.resolve();
    await transaction(world.context.db, async (tx) => {
      const lease = await lockLease(tx, command.leaseId);
      if (lease === null) throw new Error('no lease');
      await sql`LOCK TABLE piculus.leases IN ACCESS EXCLUSIVE MODE`.execute(tx);
      closing = world.problems
        .close(item.problemId, person('operator'), 'a test order')
        .catch((error: unknown) => error);
      await somebodyWaits();
      const answer = {
        problemId: item.problemId,
        outcome: 'fixed' as const,
        reason: 'done',
        effects: [],
        replayed: false,
        verified: true,
        facts: null,
        startedAt: null,
      };
      const at = world.clock.now();
      const problems = await problemsOf(tx, [answer]);
      await storeAnswers(tx, { lease, problems, answers: [answer], notYetMaxMs: MINUTE_MS, at });
      await answerLease(
        tx,
        { id: lease.id, epoch: 1, connection: null },
        { answeredIds: [item.problemId], closedAt: at },
      );
    });
    const refused = await closing;
    expect(refused instanceof PiculusError && refused.code).toBe('wrong-state');
    // That the counts are still right is looked at after each test.
    expect(await story.only()).toMatchObject({ state: 'fixed', attempts: 1 });
  });
});
