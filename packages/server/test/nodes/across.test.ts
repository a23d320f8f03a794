/** What people do at one node reaches clients and readers at another. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIX, problem, RawClient } from '../server/support.ts';
import { acquainted, listenAt, startNodes, type TestNodes, until } from './support.ts';

let test: TestNodes;
let key: string;
beforeAll(async () => {
  test = await startNodes({ count: 3 });
  await acquainted(test, 3);
  key = (await test.nodes[0].api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } })).key;
});
afterAll(() => test.stop());

/** Has a client at the second node report one problem. @returns its id. */
async function report(client: RawClient, businessKey: string): Promise<string> {
  await test.nodes[0].api.startCollection({ body: { sysCodes: ['PBAP'] } });
  const collect = await client.get('collect');
  client.say('ack', { re: collect.id });
  const { commandId, epoch } = collect.body;
  await client.acknowledged(
    client.say('problems', { commandId, epoch, sequence: 1, problems: [problem(businessKey)] }),
  );
  await client.acknowledged(
    client.say('collect-done', {
      commandId,
      epoch,
      complete: true,
      rowsScanned: 1,
      problemsFound: 1,
      durationMs: 1,
      feeds: [],
    }),
  );
  const { items } = await test.nodes[0].api.listProblems({ query: { businessKey } });
  return items[0]?.id ?? '';
}

describe('live events', () => {
  it('of one node are told to readers of all', async () => {
    const readers = await Promise.all(test.nodes.map(({ address }) => listenAt(address, test.token)));
    const begun = Date.now();
    await test.nodes[1].api.createSystem({ body: { sysCode: 'NEWS', name: 'News' } });
    await Promise.all(readers.map((reader) => reader.has(({ data }) => data.includes('"NEWS"'))));
    console.info(`live events at three nodes after ${Date.now() - begun} ms`);
    for (const reader of readers) {
      expect(
        reader.events.filter(({ data }) => data.includes('"systems"') && data.includes('"NEWS"')),
      ).toHaveLength(1);
      reader.close();
    }
  });

  it('come by polling while the hints of all are cut', async () => {
    const reader = await listenAt(test.nodes[0].address, test.token);
    await test.rows(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'piculus hints' AND datname = current_database()`);
    const begun = Date.now();
    await test.nodes[1].api.createSystem({ body: { sysCode: 'CUT', name: 'Cut' } });
    await reader.has(({ data }) => data.includes('"CUT"'));
    console.info(`without hints after ${Date.now() - begun} ms`);
    reader.close();
  });

  it('begin anew where some were missed', async () => {
    const reader = await listenAt(test.nodes[0].address, test.token);
    await test.nodes[1].api.createSystem({ body: { sysCode: 'GAP1', name: 'Gap' } });
    await reader.has(({ data }) => data.includes('"GAP1"'));
    // What the second node tells next is lost on its way: its number is missing.
    await test.rows(`
      CREATE FUNCTION piculus.lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER lose BEFORE INSERT ON piculus.node_messages FOR EACH ROW EXECUTE FUNCTION piculus.lose();`);
    const second = await listenAt(test.nodes[1].address, test.token);
    await test.nodes[1].api.createSystem({ body: { sysCode: 'GAP2', name: 'Gap' } });
    await second.has(({ data }) => data.includes('"GAP2"'));
    // Its batch goes out a tenth of a second later.
    await new Promise((resolve) => setTimeout(resolve, 600));
    await test.rows('DROP TRIGGER lose ON piculus.node_messages');
    await test.nodes[1].api.createSystem({ body: { sysCode: 'GAP3', name: 'Gap' } });
    await reader.has(({ event }) => event === 'reset');
    await reader.has(({ data }) => data.includes('"GAP3"'));
    expect(reader.events.some(({ data }) => data.includes('"GAP2"'))).toBe(false);
    reader.close();
    second.close();
  });
});

describe('a client at another node', () => {
  it('is in the list, and is asked for previews and unmasked values', async () => {
    const client = await RawClient.greeted(test.nodes[1].address, key, 'asked');
    const id = await report(client, 'ASKED-1');
    const { items } = await test.nodes[0].api.listClients({ query: { sysCode: 'PBAP', connected: true } });
    expect(items.map(({ clientId }) => clientId)).toContain('asked');

    const preview = test.nodes[0].api.previewProblem({ params: { id } });
    const question = await client.get('preview');
    client.say('ack', { re: question.id });
    client.say('preview-result', {
      previewId: question.body.previewId,
      fixCode: FIX,
      businessKey: 'ASKED-1',
      verdict: 'act',
      scenario: 'C1',
      reason: 'credit it',
      steps: [],
      facts: null,
    });
    expect(await preview).toMatchObject({ verdict: 'act', reason: 'credit it' });

    const secret = 'value-that-is-stored-nowhere';
    const revealed = test.nodes[2]?.api.revealProblem({
      params: { id },
      body: { fields: ['order.payee'], reason: 'a customer asks' },
    });
    const asked = await client.get('reveal');
    client.say('ack', { re: asked.id });
    client.say('revealed', {
      revealId: asked.body.revealId,
      values: [{ field: 'order.payee', value: secret }],
    });
    expect(await revealed).toEqual({ values: [{ field: 'order.payee', value: secret }] });
    expect(await tablesWith(secret)).toEqual([]);
    await client.close();
  });

  it('whose refusal comes back by its code', async () => {
    const client = await RawClient.greeted(test.nodes[1].address, key, 'refuses');
    const id = await report(client, 'REFUSED-1');
    const revealed = test.nodes[0].api.revealProblem({
      params: { id },
      body: { fields: ['order.payee'], reason: 'a customer asks' },
    });
    const outcome = expect(revealed).rejects.toMatchObject({ code: 'cannot-reveal' });
    const asked = await client.get('reveal');
    client.say('error', { re: asked.id, code: 'cannot-reveal', detail: 'not shown', retryable: false });
    await outcome;
    await client.close();
    await until(async () => {
      const { items } = await test.nodes[0].api.listClients({ query: { sysCode: 'PBAP', connected: true } });
      return items.length === 0;
    });
    await expect(test.nodes[0].api.previewProblem({ params: { id } })).rejects.toMatchObject({
      code: 'no-client',
    });
  });

  it('is told to stop a collect that was cancelled', async () => {
    const client = await RawClient.greeted(test.nodes[1].address, key, 'collects');
    const { id } = await test.nodes[0].api.startCollection({ body: { sysCodes: ['PBAP'] } });
    const collect = await client.get('collect');
    client.say('ack', { re: collect.id });
    await test.nodes[0].api.cancelCollection({ params: { id } });
    const told = await client.get('cancel-collect');
    expect(told.body.commandId).toBe(collect.body.commandId);
    await client.close();
  });
});

describe('a key that was revoked at another node', () => {
  it('ends its connections everywhere within two seconds', async () => {
    const made = await test.nodes[0].api.createSystemKey({ params: { sysCode: 'PBAP' } });
    const clients = await Promise.all(
      test.nodes.map(({ address }, number) => RawClient.greeted(address, made.key, `revoked-${number}`)),
    );
    const begun = Date.now();
    await test.nodes[0].api.revokeSystemKey({ params: { sysCode: 'PBAP', id: made.info.id } });
    const closed = await Promise.all(clients.map((client) => client.closed));
    console.info(`a revoked key closed at three nodes after ${Date.now() - begun} ms`);
    expect(closed.map(({ code }) => code)).toEqual([4001, 4001, 4001]);
  });

  it('also where nothing is told', async () => {
    const made = await test.nodes[0].api.createSystemKey({ params: { sysCode: 'PBAP' } });
    const client = await RawClient.greeted(test.nodes[2]?.address ?? '', made.key, 'untold');
    await test.rows('UPDATE piculus.system_keys SET revoked_at = now() WHERE id = $1', [made.info.id]);
    expect((await client.closed).code).toBe(4001);
  });

  it('and so does a system that was disabled', async () => {
    const made = await test.nodes[0].api.createSystem({ body: { sysCode: 'OFF', name: 'Off' } });
    const client = await RawClient.greeted(test.nodes[1].address, made.key, 'disabled');
    await test.nodes[0].api.changeSystem({ params: { sysCode: 'OFF' }, body: { enabled: false } });
    expect((await client.closed).code).toBe(4001);
  });
});

/** Names of the tables of which any row holds the text. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await test.rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'piculus'`);
  const found: string[] = [];
  for (const { tablename } of tables) {
    const rows = await test.rows(`SELECT FROM piculus.${String(tablename)} t WHERE t::text LIKE $1 LIMIT 1`, [
      `%${text}%`,
    ]);
    if (rows.length > 0) found.push(String(tablename));
  }
  return found;
}
