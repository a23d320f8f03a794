/** What the console asks for, through a real server: bulk runs by the wire, imports, views, figures of messages. */
import { ApiError } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIX, problem, RawClient, startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
let key: string;
beforeAll(async () => {
  test = await startTestServer();
  ({ key } = await test.api.createSystem({ body: { sysCode: 'PBAP', name: 'PBAP' } }));
});
afterAll(() => test.stop());

const solution = (change: object = {}) => ({
  sysCode: 'PBAP',
  fixCode: FIX,
  executionMode: 'manual' as const,
  ...change,
});
async function refused(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw error;
  return error;
}

describe('what many problems at once need', () => {
  it('is told from the click to the answer', async () => {
    const { api } = test;
    await api.createSolution({ body: solution() });
    const client = await RawClient.greeted(test.address, key, 'c1');
    const collection = await api.startCollection({ body: { sysCodes: ['PBAP'] } });
    const command = await client.get('collect');
    client.say('ack', { re: command.id });
    const { commandId, epoch } = command.body;
    const report = {
      commandId,
      epoch,
      sequence: 1,
      problems: ['R1', 'R2', 'R3'].map((name) => problem(name)),
    };
    await client.acknowledged(client.say('problems', report));
    const { items } = await api.listProblems({ query: { sysCode: ['PBAP'] } });
    const idOf = (businessKey: string): string =>
      items.find((item) => item.businessKey === businessKey)?.id ?? '';
    await api.closeProblem({ params: { id: idOf('R3') }, body: { reason: 'a test order' } });

    const filter = { sysCode: ['PBAP'] };
    const { bulkRunId, accepted, skipped } = await api.runMatchingProblems({
      body: { filter, expectedCount: 3, reason: 'the bank is up again' },
    });
    expect([accepted, skipped]).toEqual([2, 1]);
    expect(await api.getBulkRun({ params: { id: bulkRunId } })).toMatchObject({
      requestedBy: 'admin',
      scope: 'filter',
      filter,
      problems: 3,
      amounts: [{ currency: 'CNY', amountMinor: '2100' }],
      results: { waiting: 2, 'not-eligible': 1 },
    });
    const fix = await client.get('fix');
    client.say('ack', { re: fix.id });
    const again = await api.runProblems({ body: { ids: [idOf('R1'), '999'] } });
    expect(again.refused.map(({ code }) => code)).toEqual(['already-executing', 'not-found']);
    expect((await api.listBulkRuns({ query: { limit: 1 } })).items[0]?.id).toBe(again.bulkRunId);

    const at = new Date().toISOString();
    const results = fix.body.items.map(({ problemId, commandKey, evidenceHash }) => ({
      ...{
        problemId,
        commandKey,
        evidenceHash,
        outcome: 'fixed',
        scenario: 'C1',
        reason: 'credited',
        effects: [],
      },
      ...{ replayed: false, verified: true, facts: null, startedAt: at, finishedAt: at },
    }));
    const { leaseId, epoch: leaseEpoch } = fix.body;
    await client.acknowledged(client.say('fix-results', { leaseId, epoch: leaseEpoch, results }));
    const done = await api.getBulkRun({ params: { id: bulkRunId } });
    expect(done.results).toEqual({ fixed: 2, 'not-eligible': 1 });
    expect(done.finishedAt).not.toBeNull();
    const told = await api.listBulkRunItems({ params: { id: bulkRunId }, query: { result: ['fixed'] } });
    expect(told.items.map(({ businessKey, reason }) => [businessKey, reason?.zh])).toEqual([
      ['R2', 'credited'],
      ['R1', 'credited'],
    ]);
    const late = refused(api.cancelBulkRun({ params: { id: bulkRunId }, body: { reason: 'late' } }));
    expect((await late).code).toBe('wrong-state');
    expect(collection.commands).toHaveLength(1);
    await client.close();
  });

  it('names the row and the field of an import, from the schema and from the rules alike', async () => {
    const { api } = test;
    const sysCode = 'IMPORTED';
    await api.createSystem({ body: { sysCode, name: 'Imported' } });
    await api.createSolution({ body: solution({ sysCode }) });
    const bySchema = await refused(
      api.importSolutions({ body: { items: [solution(), solution({ fixCode: 'other', maxRetries: 100 })] } }),
    );
    expect(bySchema.fields.map(({ field }) => field)).toEqual(['items[1].maxRetries']);
    const byRules = await refused(
      api.importSolutions({ body: { items: [solution({ retryCron: 'never' })] } }),
    );
    expect(byRules.fields.map(({ field }) => field)).toEqual(['items[0].retryCron']);
    const items = [solution({ sysCode, maxRetries: 3 }), solution({ sysCode, fixCode: 'other' })];
    const trial = await api.importSolutions({ body: { items, dryRun: true } });
    expect(trial.items.map(({ action }) => action)).toEqual(['change', 'create']);
    expect((await api.listSolutions({ query: { sysCode } })).items).toHaveLength(1);
    const { impact } = await api.validateSolution({
      body: solution({ sysCode, executionMode: 'automatic' }),
    });
    expect(impact).toMatchObject({ pending: 0, waitReasonNow: 'manual', waitReasonThen: 'no-client' });
  });

  it('keeps views, and tells figures of messages', async () => {
    const { api } = test;
    const view = await api.createView({ body: { page: 'problems', name: 'mine', query: 'state=pending' } });
    expect((await api.listViews()).items).toEqual([view]);
    await api.deleteView({ params: { id: view.id } });
    expect((await refused(api.deleteView({ params: { id: view.id } }))).code).toBe('not-found');
    const from = new Date(Date.now() - 25 * 3_600_000).toISOString();
    expect((await refused(api.getMessageStats({ query: { from } }))).fields[0]?.field).toBe('from');
    const { slots, slotMs } = await api.getMessageStats({ query: { sysCode: 'PBAP' } });
    expect(slotMs).toBe(60_000);
    expect(slots.length).toBeGreaterThanOrEqual(60);
  });
});
