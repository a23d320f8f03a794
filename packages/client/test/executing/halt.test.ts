/** A halt: what was not begun is never begun and is told, what is begun ends as usual. */
import { expect, test } from 'vitest';
import { createTestServer } from '../../src/testing/index.ts';
import { collectorOf, FIX_CODE } from '../support/accounts.ts';
import { clientOf, rightFix } from '../support/client.ts';
import { gate } from '../support/gate.ts';

const command = (businessKey: string) => ({ fixCode: FIX_CODE, businessKey, scenario: 'C1' as const });

test('what was not begun is given back and never begun; what is begun ends as usual', async () => {
  const [running, held] = [gate(), gate()];
  const begun: string[] = [];
  const fix = {
    ...rightFix,
    examine: async ({ businessKey }: { readonly businessKey: string }) => {
      begun.push(businessKey);
      running.open();
      await held.opened;
    },
  };
  const server = createTestServer();
  const client = clientOf(server, { places: 1, fixes: [{ collector: collectorOf(), fix }] });
  client.start();
  // R2 stays without an answer, so this never resolves.
  void server.fix([command('R1'), command('R2')], { leaseId: 'lease-1' });
  await running.opened;
  expect(await server.send('halt', { leaseIds: ['lease-1', 'lease-2'] })).toBeNull();
  const halted = await server.message(({ type }) => type === 'halted');
  expect(halted.body).toEqual({ leases: [{ leaseId: 'lease-1', problemIds: [expect.any(String)] }] });
  // A repeat finds nothing more.
  expect(await server.send('halt', { leaseIds: ['lease-1'] })).toBeNull();
  held.open();
  const results = await server.message(({ type }) => type === 'fix-results');
  expect(results.body).toMatchObject({ leaseId: 'lease-1', results: [{ outcome: 'already-right' }] });
  const item = {
    ...command('R3'),
    problemId: '3',
    commandKey: 'key/R3',
    amountMinor: '1',
    currency: 'CNY',
    attempt: 1,
    trigger: 'tick' as const,
    previousOutcome: null,
  };
  // The halt was faster than its batch.
  const late = { leaseId: 'lease-2', epoch: 1, leaseMs: 60_000, items: [item] };
  expect(await server.send('fix', late)).toBe('halted');
  expect(await server.send('fix', { ...late, leaseId: 'lease-3' })).toBeNull();
  const after = await server.message(
    ({ type, body }) => type === 'fix-results' && 'leaseId' in body && body.leaseId === 'lease-3',
  );
  expect(after.body).toMatchObject({ results: [{ problemId: '3' }] });
  expect(begun).toEqual(['R1', 'R3']);
  expect(server.received.filter(({ type }) => type === 'halted')).toHaveLength(1);
  await client.stop();
});
