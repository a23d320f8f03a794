/** 1,000 values of persons go through a client and a server; none stays anywhere but with who asked for it. */
import { Writable } from 'node:stream';
import { createClient, defineCollector, defineFix } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from '../../src/base/logger.ts';
import { FIX, problem, startTestServer } from '../server/support.ts';

const RECORDS = 250;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const digits = (seed: number, length: number): string =>
  Array.from({ length }, (_, index) => (seed * 7 + index * index * 3 + (seed % 11) * index) % 10).join('');
/** Four of each record: a phone, a card, an identity number, a name. */
const canariesOf = (index: number) => ({
  phone: `13${digits(index, 9)}`,
  card: `6222${digits(index + 500, 15)}`,
  identity: `11010119${digits(index + 900, 9)}X`,
  payee: `张三丰-${digits(index + 77, 6)}-canary`,
});
type Canaries = ReturnType<typeof canariesOf>;

test('1,000 values of persons are in no message, table, log, case file or export', async () => {
  const logged: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  const server = await startTestServer({}, undefined, { log: createLogger('trace', sink) });
  stops.push(() => server.stop());
  const { api } = server;
  const { key, serverKeys } = await api.createSystem({ body: { sysCode: 'SHOP', name: 'Shop' } });
  await api.createSolution({ body: { sysCode: 'SHOP', fixCode: FIX, executionMode: 'manual' } });
  const records = new Map<string, Canaries>(
    Array.from({ length: RECORDS }, (_, index) => [`R${index}`, canariesOf(index)]),
  );
  const side = (fields: Readonly<Record<string, string>>) => ({
    state: 'x',
    source: 'test',
    observedAt: '2026-11-22T00:00:00.000Z',
    fields: { ...fields },
  });
  const factsOf = (businessKey: string) => {
    const canaries = records.get(businessKey) ?? canariesOf(0);
    const remark = `paid to ${canaries.payee} by ${canaries.card}, call ${canaries.phone}`;
    return { order: side({ ...canaries, remark }), ledger: side({}), bank: side({ payee: canaries.payee }) };
  };
  const say = (value: unknown): void => void logged.push(JSON.stringify(value));
  const log = (fields: object, text: string): void => say([fields, text]);
  const client = createClient({
    url: server.address,
    systemKey: key,
    serverKeys,
    application: { name: 'shop', version: '1' },
    personal: ['payee', 'phone', 'card', 'identity'],
    journal: memoryJournal<null>(),
    logger: { debug: log, info: log, warn: log, error: log },
    fixes: [
      {
        collector: defineCollector({
          fixCode: FIX,
          async collect({ report }) {
            for (const businessKey of records.keys()) {
              const { fixCode: _, ...found } = problem(businessKey);
              const facts = factsOf(businessKey);
              await report([{ ...found, handling: 'fix', scenario: 'C1', outOfPocket: 'customer', facts }]);
            }
            return { feeds: [], complete: true };
          },
        }),
        fix: defineFix({
          fixCode: FIX,
          examine: async ({ businessKey }) => businessKey,
          facts: (businessKey: string) => factsOf(businessKey),
          plan: (_, businessKey) => {
            const { payee, card, phone, identity } = records.get(businessKey) ?? canariesOf(0);
            // As careless as a text from a database or a bank can be.
            const reason = `no account for ${payee} (${identity}), card ${card}, phone ${phone}`;
            if (businessKey.endsWith('7')) throw new Error(reason);
            return { verdict: 'refused', scenario: 'C1', reason };
          },
          apply: async () => ({ result: 'continue' }),
          reveal: async ({ businessKey, fields }) => {
            const canaries: Readonly<Record<string, string>> = records.get(businessKey) ?? {};
            return Object.fromEntries(fields.map((field) => [field, canaries[field.slice(6)] ?? null]));
          },
        }),
      },
    ],
  });
  stops.push(() => client.stop({ drainMs: 100 }));
  const done = new Promise<void>((resolve) => {
    client.on(({ type }) => type === 'collect-finished' && resolve());
  });
  const online = new Promise<void>((resolve) => {
    client.on(({ type }) => type === 'welcome' && resolve());
  });
  client.start();
  await online;
  await api.startCollection({ body: {} });
  await done;
  const { items } = await api.listProblems({ query: { limit: 500 } });
  expect(items).toHaveLength(RECORDS);
  await api.runProblems({ body: { ids: items.map(({ id }) => id) } });
  const waits = { query: { state: ['pending', 'executing'] as ['pending', 'executing'] } };
  const left = async (): Promise<number> =>
    (await api.listProblems(waits)).items.filter(({ attempts }) => attempts === 0).length;
  await expect.poll(left, { timeout: 60_000, interval: 100 }).toBe(0);

  // Somebody who may looks at one of them, and says why.
  const [chosen] = items;
  const params = { id: chosen?.id ?? '' };
  await expect(
    api.revealProblem({ params, body: { fields: ['order.remark'], reason: 'a claim' } }),
  ).rejects.toMatchObject({ code: 'cannot-reveal' });
  const fields = ['order.payee', 'order.card', 'order.phone', 'order.identity'];
  const { values } = await api.revealProblem({ params, body: { fields, reason: 'the customer called' } });
  const expected = records.get(chosen?.businessKey ?? '');
  expect(values.map(({ value }) => value)).toEqual([
    expected?.payee,
    expected?.card,
    expected?.phone,
    expected?.identity,
  ]);
  const detail = await api.getProblem({ params });
  expect(JSON.stringify(detail.history)).toContain('the customer called');
  await expect
    .poll(async () => (await api.listMessages({ query: { type: ['revealed'] } })).items[0]?.payload, {
      timeout: 60_000,
    })
    .toMatchObject({ fields });

  const csv = await fetch(`${server.address}/api/v1/problems/export.csv`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  // Of the one that somebody looked at, and of others: some of them failed, and their texts were careless.
  const told = [params.id, ...items.filter((_, index) => index % 10 === 7).map(({ id }) => id)];
  const cases: string[] = [];
  for (const id of told) {
    cases.push(JSON.stringify(await api.getCaseFile({ params: { id } })));
    const page = await fetch(`${server.address}/api/v1/problems/${id}/case-file.html`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    expect(page.status).toBe(200);
    cases.push(await page.text());
  }
  expect(cases[0]).toContain('the customer called');
  expect(cases[1]).toContain('the customer called');
  const kept = [
    await csv.text(),
    cases.join('\n'),
    logged.join('\n'),
    JSON.stringify(detail),
    await everyRow(server.config.databaseUrl),
  ];
  expect(kept[0]).toContain('R249');
  const found = [...records.values()]
    .flatMap((canaries) => Object.values(canaries))
    .filter((canary) => kept.some((text) => text.includes(canary)));
  expect(found).toEqual([]);
});

/** All that the database holds, as text. */
async function everyRow(url: string | null): Promise<string> {
  const pool = new pg.Pool({ connectionString: url ?? '', max: 1 });
  try {
    const { rows: tables } = await pool.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'piculus'`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      texts.push(...rows.map(({ row }) => row));
    }
    expect(texts.length).toBeGreaterThan(RECORDS);
    return texts.join('\n');
  } finally {
    await pool.end();
  }
}
