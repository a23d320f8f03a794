import type { FixItem } from '@piculus/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FIX, hello, problem, RawClient, startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
let key: string;

beforeAll(async () => {
  test = await startTestServer();
  key = (await test.api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } })).key;
});
afterAll(() => test.stop());

const heartbeat = (change: object = {}) => ({
  freePlaces: 4,
  leases: [],
  collectCommands: [],
  eventLoopLagMs: 0,
  ...change,
});
/** A second, which is what would be waited for otherwise, is too short on a busy machine. */
const PATIENCE = { timeout: 60_000 };
const greeted = (clientId: string, change: object = {}) =>
  RawClient.greeted(test.address, key, clientId, change);
const done = (collect: { commandId: string; epoch: number }) => ({
  commandId: collect.commandId,
  epoch: collect.epoch,
  complete: true,
  rowsScanned: 10,
  problemsFound: 1,
  durationMs: 5,
  feeds: [],
});
const result = (item: Pick<FixItem, 'problemId' | 'commandKey' | 'evidenceHash'>, change: object = {}) => ({
  problemId: item.problemId,
  commandKey: item.commandKey,
  evidenceHash: item.evidenceHash,
  outcome: 'fixed',
  scenario: 'C1',
  reason: 'credited',
  effects: [{ key: 'e1', kind: 'credit', amountMinor: '700', currency: 'CNY' }],
  replayed: false,
  verified: true,
  facts: null,
  startedAt: '2026-11-22T00:00:00.000Z',
  finishedAt: '2026-11-22T00:00:01.000Z',
  ...change,
});

/** Collects one problem through this client. @returns its id. */
async function report(client: RawClient, businessKey: string): Promise<string> {
  await test.api.startCollection({ body: { sysCodes: ['PBAP'] } });
  const collect = await client.get('collect');
  client.say('ack', { re: collect.id });
  await client.acknowledged(
    client.say('problems', {
      commandId: collect.body.commandId,
      epoch: collect.body.epoch,
      sequence: 1,
      problems: [problem(businessKey)],
    }),
  );
  // Acknowledged after the commit: it is there at once.
  const { items } = await test.api.listProblems({ query: { businessKey } });
  await client.acknowledged(client.say('collect-done', done(collect.body)));
  return items[0]?.id ?? '';
}

describe('hello', () => {
  it('is answered by welcome, and the client is in the list', async () => {
    const client = await RawClient.connect(test.address, key);
    client.say('hello', hello('first'));
    const welcome = await client.get('welcome');
    expect(welcome.body).toMatchObject({
      protocolVersion: 1,
      sysCode: 'PBAP',
      heartbeatMs: 5_000,
      lostLeases: [],
    });
    const { items } = await test.api.listClients({ query: { sysCode: 'PBAP' } });
    expect(items.find(({ clientId }) => clientId === 'first')).toMatchObject({
      connected: true,
      places: 4,
      fixes: [FIX],
    });
    await client.close();
    await vi.waitFor(async () => {
      const after = await test.api.listClients();
      expect(after.items.find(({ clientId }) => clientId === 'first')).toMatchObject({ connected: false });
    }, PATIENCE);
  });

  it('asks for several heartbeats within a lease, however short that is', async () => {
    const short = await startTestServer({ leaseMs: 1_500 });
    try {
      const { key: shortKey } = await short.api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } });
      const client = await RawClient.connect(short.address, shortKey);
      client.say('hello', hello('short'));
      expect((await client.get('welcome')).body.heartbeatMs).toBe(500);
      await client.close();
    } finally {
      await short.stop();
    }
  });

  it('said twice ends the connection', async () => {
    const client = await greeted('twice');
    client.say('hello', hello('twice'));
    expect(await client.refused()).toBe('out-of-order');
    await client.closed;
  });

  it('of the same client on a new connection ends the older one', async () => {
    const older = await greeted('same');
    const newer = await greeted('same');
    expect(await older.closed).toEqual({ code: 4002, reason: 'replaced' });
    await newer.acknowledged(newer.say('heartbeat', heartbeat()));
    const { items } = await test.api.listClients();
    expect(items.filter(({ clientId }) => clientId === 'same')).toMatchObject([{ connected: true }]);
    await newer.close();
  });

  it('tells which leases were lost', async () => {
    const client = await RawClient.connect(test.address, key);
    client.say('hello', hello('returning', { leases: ['gone'] }));
    expect((await client.get('welcome')).body.lostLeases).toEqual(['gone']);
    await client.close();
  });
});

describe('work', () => {
  it('goes from a collect over a click to a recorded execution, every message logged', async () => {
    const client = await greeted('worker');
    const id = await report(client, 'ORDER-1');
    await test.api.createSolution({ body: { sysCode: 'PBAP', fixCode: FIX, executionMode: 'manual' } });
    await test.api.runProblem({ params: { id }, body: {} });
    const fix = await client.get('fix');
    client.say('ack', { re: fix.id });
    expect(fix.body.items).toMatchObject([
      { problemId: id, businessKey: 'ORDER-1', trigger: 'click', attempt: 1 },
    ]);
    const [item] = fix.body.items;
    if (item === undefined) throw new Error('no item');
    const results = { leaseId: fix.body.leaseId, epoch: fix.body.epoch, results: [result(item)] };
    await client.acknowledged(client.say('fix-results', results));
    expect(await test.api.getProblem({ params: { id } })).toMatchObject({
      state: 'fixed',
      executions: [{ outcome: 'fixed', movedMinor: '700' }],
    });
    // A repeat is acknowledged and changes nothing.
    await client.acknowledged(client.say('fix-results', results));
    expect((await test.api.getProblem({ params: { id } })).executions).toHaveLength(1);
    await vi.waitFor(
      async () => {
        const { items } = await test.api.listProblemMessages({ params: { id } });
        expect(items.map(({ direction, type, state }) => `${direction} ${type} ${state}`)).toEqual(
          expect.arrayContaining([
            'out fix acknowledged',
            'in fix-results accepted',
            'out collect acknowledged',
            'in problems accepted',
            'in collect-done accepted',
          ]),
        );
      },
      { timeout: 60_000 },
    );
    await client.close();
  });

  it('is given to a client only as far as it has free places', async () => {
    const client = await greeted('small', { places: 1, collectors: [] });
    const other = await greeted('collector', { fixes: [] });
    const ids = [await report(other, 'ORDER-2'), await report(other, 'ORDER-3')];
    await test.api.runProblems({ body: { ids } });
    const first = await client.get('fix');
    client.say('ack', { re: first.id });
    expect(first.body.items).toHaveLength(1);
    let second = false;
    const next = client.get('fix').then((message) => {
      second = true;
      return message;
    });
    await client.acknowledged(
      client.say('heartbeat', heartbeat({ freePlaces: 0, leases: [first.body.leaseId] })),
    );
    expect(second).toBe(false);
    await client.acknowledged(
      client.say('fix-results', {
        leaseId: first.body.leaseId,
        epoch: first.body.epoch,
        results: first.body.items.map((item) => result(item)),
      }),
    );
    client.say('ack', { re: (await next).id });
    await client.close();
    await other.close();
  });

  it('that a leaving client has not acknowledged goes to another at once and costs no try; the rest it ends', async () => {
    const collector = await greeted('collects', { fixes: [] });
    const ids = [await report(collector, 'LEFT-1'), await report(collector, 'LEFT-2')];
    const leaver = await greeted('leaver', { places: 2, collectors: [] });
    await test.api.runProblems({ body: { ids: ids.slice(0, 1) } });
    const taken = await leaver.get('fix');
    leaver.say('ack', { re: taken.id });
    await test.api.runProblems({ body: { ids: ids.slice(1) } });
    const left = await leaver.get('fix');
    await leaver.acknowledged(leaver.say('leaving', {}));
    await leaver.acknowledged(leaver.say('leaving', {}));
    const heir = await greeted('heir', { collectors: [] });
    const inherited = await heir.get('fix');
    expect(inherited.body.items).toMatchObject([{ problemId: left.body.items[0]?.problemId, attempt: 1 }]);
    // An acknowledgement that comes after it was given away counts for nothing.
    leaver.say('ack', { re: left.id });
    heir.say('ack', { re: inherited.id });
    for (const [client, { body }] of [
      [leaver, taken],
      [heir, inherited],
    ] as const) {
      const { leaseId, epoch, items } = body;
      const results = items.map((item) => result(item));
      await client.acknowledged(client.say('fix-results', { leaseId, epoch, results }));
    }
    for (const id of ids)
      expect(await test.api.getProblem({ params: { id } })).toMatchObject({
        state: 'fixed',
        attempts: 1,
      });
    for (const client of [collector, leaver, heir]) await client.close();
  });

  it('is given to no client that leaves, and nothing is asked of it', async () => {
    const leaver = await greeted('leaves-idle', { places: 8 });
    const id = await report(leaver, 'LATE-1');
    await leaver.acknowledged(leaver.say('leaving', {}));
    await test.api.runProblems({ body: { ids: [id] } });
    const other = await greeted('stays', { places: 1 });
    const { id: re, body } = await other.get('fix');
    other.say('ack', { re });
    expect(body.items).toMatchObject([{ problemId: id, attempt: 1 }]);
    // It has fewer free places than the one that leaves.
    const asked = test.api.previewProblem({ params: { id } }).catch((error: unknown) => error);
    const question = await other.get('preview');
    other.say('error', { re: question.id, code: 'busy', detail: 'not now', retryable: true });
    expect(await asked).toMatchObject({ code: 'busy' });
    await test.api.startCollection({ body: { sysCodes: ['PBAP'] } });
    const collect = await other.get('collect');
    await other.acknowledged(other.say('collect-done', done(collect.body)));
    const { leaseId, epoch, items } = body;
    const results = items.map((item) => result(item));
    await other.acknowledged(other.say('fix-results', { leaseId, epoch, results }));
    for (const client of [leaver, other]) await client.close();
  });

  it('that reports what cannot be stored is refused for good, and goes on', async () => {
    const client = await greeted('odd-times', { fixes: [] });
    await test.api.startCollection({ body: { sysCodes: ['PBAP'] } });
    const collect = await client.get('collect');
    client.say('ack', { re: collect.id });
    const { commandId, epoch } = collect.body;
    const say = (sequence: number, change: object) =>
      client.say('problems', { commandId, epoch, sequence, problems: [problem('ODD', change)] });
    for (const occurredAt of ['0000-01-01T00:00:00Z', '2026-11-22T00:00:00+23:00']) {
      const id = say(1, { occurredAt });
      const { body } = await client.get('error');
      expect(body).toMatchObject({ re: id, code: 'invalid-field', retryable: false });
    }
    say(9_007_199_254_740_991, {});
    expect(await client.refused()).toBe('invalid-field');
    await client.acknowledged(say(1, {}));
    await client.acknowledged(client.say('collect-done', done(collect.body)));
    await client.close();
  });

  it('refused by the client goes back and comes again', async () => {
    const client = await greeted('busy', { fixes: [] });
    await test.api.startCollection({ body: { sysCodes: ['PBAP'] } });
    const first = await client.get('collect');
    client.say('error', { re: first.id, code: 'busy', detail: 'not now', retryable: true });
    const taker = await greeted('taker', { fixes: [] });
    const again = await taker.get('collect');
    expect(again.body.commandId).toBe(first.body.commandId);
    expect(again.body.epoch).toBeGreaterThan(first.body.epoch);
    await taker.acknowledged(taker.say('collect-done', done(again.body)));
    await taker.close();
    await client.close();
  });

  it('cancelled by a person is told to the client', async () => {
    const client = await greeted('cancelled', { fixes: [] });
    const { id } = await test.api.startCollection({ body: { sysCodes: ['PBAP'] } });
    const collect = await client.get('collect');
    client.say('ack', { re: collect.id });
    await vi.waitFor(async () => {
      expect((await test.api.getCollection({ params: { id } })).state).toBe('running');
    }, PATIENCE);
    await test.api.cancelCollection({ params: { id } });
    expect((await client.get('cancel-collect')).body).toEqual({ commandId: collect.body.commandId });
    await client.close();
  });
});

describe('a preview', () => {
  it('asks a client and brings its answer', async () => {
    const client = await greeted('previewer');
    const id = await report(client, 'ORDER-4');
    const asked = test.api.previewProblem({ params: { id } });
    const preview = await client.get('preview');
    expect(preview.body).toMatchObject({
      fixCode: FIX,
      businessKey: 'ORDER-4',
      scenario: 'C1',
      commandKey: `cmd/PBAP/${FIX}/ORDER-4/0`,
      amountMinor: '700',
      currency: 'CNY',
    });
    client.say('preview-result', {
      previewId: preview.body.previewId,
      fixCode: FIX,
      businessKey: 'ORDER-4',
      verdict: 'not-yet',
      scenario: 'C1',
      reason: 'the bank is not final',
      steps: [],
      facts: null,
    });
    expect(await asked).toEqual({
      verdict: 'not-yet',
      scenario: 'C1',
      reason: 'the bank is not final',
      steps: [],
      facts: null,
    });

    const refused = test.api.previewProblem({ params: { id } });
    client.say('error', {
      re: (await client.get('preview')).id,
      code: 'unknown-fix',
      detail: 'no',
      retryable: false,
    });
    await expect(refused).rejects.toMatchObject({ code: 'unknown-fix' });

    const abandoned = test.api.previewProblem({ params: { id } });
    await client.get('preview');
    await client.close();
    await expect(abandoned).rejects.toMatchObject({ code: 'no-client' });
    await expect(test.api.previewProblem({ params: { id } })).rejects.toMatchObject({ code: 'no-client' });
  });
});

describe('a key', () => {
  it('that is revoked ends its connections and lets nobody in', async () => {
    const second = await test.api.createSystemKey({ params: { sysCode: 'PBAP' } });
    const client = await RawClient.greeted(test.address, second.key, 'revoked');
    const other = await greeted('not-revoked');
    await test.api.revokeSystemKey({ params: { sysCode: 'PBAP', id: second.info.id } });
    expect(await client.closed).toEqual({ code: 4001, reason: 'key-revoked' });
    await expect(RawClient.connect(test.address, second.key)).rejects.toThrow('401');
    await other.acknowledged(other.say('heartbeat', heartbeat()));
    await other.close();
  });

  it('of a disabled system ends its connections', async () => {
    const system = await test.api.createSystem({ body: { sysCode: 'OFF', name: 'Off' } });
    const client = await RawClient.greeted(test.address, system.key, 'off');
    await test.api.changeSystem({ params: { sysCode: 'OFF' }, body: { enabled: false } });
    expect((await client.closed).reason).toBe('key-revoked');
    await expect(RawClient.connect(test.address, system.key)).rejects.toThrow('401');
  });
});
