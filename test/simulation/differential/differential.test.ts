/** The same calls at random on all databases: equal answers, equal rows. */
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from './catalogue/index.ts';
import { type Engine, openEmbedded, openPostgres, openSimulated } from './engines.ts';
import { runSequences } from './sequences.ts';

/** Null in an ordinary run of the tests, which has a minute for this. */
const minutes =
  process.env.DIFFERENTIAL_MINUTES === undefined ? null : Number(process.env.DIFFERENTIAL_MINUTES);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? randomInt(2 ** 31));
const sequences = Number(process.env.DIFFERENTIAL_SEQUENCES ?? (minutes === null ? 2_000 : 1_000_000_000));
const forMs = minutes === null ? 60_000 : minutes * 60_000;

describe('the store', () => {
  let postgres: Engine;
  let embedded: Engine;
  const simulated = openSimulated();
  beforeAll(async () => {
    [postgres, embedded] = await Promise.all([openPostgres(), openEmbedded()]);
  });
  afterAll(async () => {
    await Promise.all([postgres, embedded, simulated].map((engine) => engine.close()));
  });

  it(
    'answers alike on all databases',
    async () => {
      const ran = await runSequences({
        engines: [postgres, simulated],
        // It takes longer than both others together.
        alsoIn: { one: 8, engines: [embedded] },
        seed,
        sequences,
        forMs,
      });
      expect(ran.different).toBeNull();
      // However busy the machine is.
      expect(ran.sequences).toBeGreaterThanOrEqual(minutes === null ? 3 : 1);
      console.log(`${ran.sequences} sequences, ${ran.calls} calls, seed ${seed}`);
    },
    forMs + 300_000,
  );

  it.each([
    {
      what: 'a unique key',
      damage: 'ALTER TABLE piculus.executions DROP CONSTRAINT executions_problem_id_lease_id_key',
      calls: /^executions/,
      shown: 'the simulated database: {"refused":"23505"}',
    },
    {
      what: 'a check',
      damage: 'ALTER TABLE piculus.problems DROP CONSTRAINT problems_retries_used_check',
      calls: /^problems/,
      shown: 'the simulated database: {"refused":"23514"}',
    },
    {
      what: 'a reference',
      damage: 'ALTER TABLE piculus.system_keys DROP CONSTRAINT system_keys_sys_code_fkey',
      calls: /^systems/,
      shown: 'the simulated database: {"refused":"23503"}',
    },
    {
      what: 'the gate of runs',
      damage: 'DROP TRIGGER run_requests_gate ON piculus.run_requests',
      calls: /^run-requests/,
      shown: 'run-requests.insertRunRequests',
    },
  ])(
    'is found to lack $what, by few calls',
    async ({ damage, calls, shown }) => {
      const damaged = openSimulated([damage]);
      const operations = OPERATIONS.filter(({ name }) => calls.test(name));
      const run = { engines: [simulated, damaged], seed: 7, sequences: 100, forMs: 60_000, operations };
      const { different } = await runSequences(run);
      await damaged.close();
      expect(different).toContain(shown);
      expect(different?.split('\n').length).toBeLessThan(20);
    },
    300_000,
  );
});
