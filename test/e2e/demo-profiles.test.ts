import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoDatabases, readResult, startDemo, threeDatabases } from './run-demo.ts';

const MINUTES = 60_000;
const ANOMALIES = 2;
const RUN = ['--once', '--json', '--orders', '200', '--anomalies', String(ANOMALIES), '--seed', '7'];
/** Each bank once, and each engine: what differs between the engines is the store's, which has tests of its own. */
const RUNS = [
  { engine: 'embedded', banks: ['honest'], blind: [] },
  { engine: 'postgres', banks: ['flaky', 'late'], blind: ['blind'] },
] as const;

describe.each(RUNS)('a whole run on $engine', ({ engine, banks, blind }) => {
  let databases: DemoDatabases | null = null;
  beforeAll(async () => {
    if (engine === 'postgres') databases = await threeDatabases();
  });
  afterAll(() => databases?.drop());

  // Ports of their own, because test files run side by side.
  const port = engine === 'embedded' ? '17100' : '17200';

  test.each(banks)(
    'with a %s bank repairs everything exactly once',
    async (profile) => {
      const own = engine === 'postgres' ? await threeDatabases() : null;
      const run = await startDemo([...RUN, '--profile', profile, '--port', port], own?.env).finished;
      expect(run.code, run.stderr).toBe(0);
      const result = readResult(run);
      expect(result.scenarios).toHaveLength(10);
      for (const row of result.scenarios) {
        expect(row).toMatchObject({ injected: ANOMALIES, reported: ANOMALIES, fixed: ANOMALIES, open: 0 });
      }
      expect(result).toMatchObject({
        orders: 200,
        falsePositives: 0,
        ledger: { accountsOff: 0, actualMinor: result.ledger.expectedMinor },
        bank: { paidTwice: 0, collectedTwice: 0, paidAndReturned: 0 },
      });
      expect(BigInt(result.repairs.movedMinor)).toBeGreaterThan(0n);
      await own?.drop();
    },
    4 * MINUTES,
  );

  test.each(blind)(
    'with a %s bank does nothing, says why, and is right with that',
    async (profile) => {
      const run = await startDemo([...RUN, '--profile', profile, '--port', port], databases?.env).finished;
      expect(run.code, run.stderr).toBe(0);
      const result = readResult(run);
      for (const row of result.scenarios)
        expect(row).toMatchObject({ injected: ANOMALIES, fixed: 0, open: ANOMALIES });
      expect(result).toMatchObject({
        falsePositives: 0,
        ledger: { accountsOff: 0, actualMinor: result.ledger.expectedMinor },
        repairs: { movedMinor: '0' },
      });
      expect(run.stderr).toMatch(/Nothing was done, and that is right[\s\S]*incomplete/);
    },
    4 * MINUTES,
  );
});
