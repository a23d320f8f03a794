/** The same calls at random on all databases: equal answers, equal rows. */
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEmbedded, openPostgres } from './engines.ts';
import { runSequences } from './sequences.ts';

describe('the store', () => {
  let postgres: Engine;
  let embedded: Engine;
  beforeAll(async () => {
    [postgres, embedded] = await Promise.all([openPostgres(), openEmbedded()]);
  });
  afterAll(async () => {
    await Promise.all([postgres.close(), embedded.close()]);
  });

  it('answers alike on all databases', async () => {
    const seed = randomInt(2 ** 31);
    const ran = await runSequences({ engines: [postgres, embedded], seed, sequences: 1_000, forMs: 5_000 });
    expect(ran.different).toBeNull();
    expect(ran.calls).toBeGreaterThan(0);
  });

  it('is found to lack something, by few calls', async () => {
    const damaged = await openPostgres([
      'ALTER TABLE piculus.executions DROP CONSTRAINT executions_problem_id_lease_id_key',
    ]);
    const run = { engines: [postgres, damaged], seed: 7, sequences: 300, forMs: 60_000 };
    const { different } = await runSequences(run).finally(() => damaged.close());
    expect(different).toMatch(/Different answer after step \d, executions.insertExecutions:/);
    expect(different).toContain('PostgreSQL: {"refused":"23505"}');
  }, 300_000);
});
