/** The list of problems as a file, from a real server by real connections. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { API_PREFIX, PROBLEMS_CSV_PATH } from '@piculus/protocol/http';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatabaseProxy, startProxy } from '../server/proxy.ts';
import { startTestServer, type TestServer } from '../server/support.ts';
import { parseCsv } from './parse-csv.ts';

const ROWS = 20_000;
const HOSTILE = '=HYPERLINK("http://evil.example","订单"),\r\n@x';

let test: TestServer;
let proxy: DatabaseProxy;
let database: pg.Pool;
beforeAll(async () => {
  let url = '';
  test = await startTestServer({}, async (direct) => {
    url = direct;
    proxy = await startProxy(direct);
    return proxy.url;
  });
  database = new pg.Pool({ connectionString: url, max: 2 });
  // Long reasons, so that the file is far larger than what sockets hold.
  await database.query(
    `INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
       out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, first_seen_at, last_seen_at,
       last_reason)
     SELECT 'MANY', 'fix', 'R' || n, 'C1', 'fix', n, 'CNY', 'customer', now(), '{}', '{}', 'pending', now(), now(), now(),
       now(), repeat('x', 1500)
     FROM generate_series(1, $1::integer) AS n`,
    [ROWS],
  );
  await database.query(
    `INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
       out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, first_seen_at, last_seen_at,
       last_reason)
     VALUES ('FEW', 'fix', $1, 'C1', 'fix', 1234567, 'CNY', 'customer', now(), '{}', '{}', 'pending', now(), now(), now(),
         now(), '-2+3'),
       ('FEW', 'fix', 'R2', 'C1', 'fix', 500, 'JPY', 'customer', now(), '{}', '{}', 'pending', now(), now(), now(),
         now(), NULL)`,
    [HOSTILE],
  );
});
afterAll(async () => {
  await database.end();
  await test.stop();
  proxy.close();
});

const urlOf = (query: string): string => `${test.address}${API_PREFIX}${PROBLEMS_CSV_PATH}?${query}`;
const fetched = (query: string, token = test.token): Promise<Response> =>
  fetch(urlOf(query), { headers: { authorization: `Bearer ${token}` } });

async function opened(query: string): Promise<IncomingMessage> {
  const request = get(urlOf(query), { headers: { authorization: `Bearer ${test.token}` } });
  const [response]: IncomingMessage[] = await once(request, 'response');
  if (response === undefined) throw new Error('no answer');
  return response;
}

interface ExportAct {
  readonly actor: string;
  readonly detail: { readonly rows: number; readonly complete: boolean };
}
/** The act of the one export whose filter has this field, once it is there. */
async function act(field: string): Promise<ExportAct> {
  for (;;) {
    const found = await database.query<ExportAct>(
      `SELECT actor, detail FROM piculus.audit WHERE act = 'export' AND detail -> 'filter' ? $1`,
      [field],
    );
    const [row] = found.rows;
    if (row !== undefined) return row;
    await setImmediate();
  }
}
const rowsOf = (text: string): string[][] => parseCsv(text.replace('\uFEFF', '')).slice(1);

describe('the export', () => {
  it('is for people who are signed in, and refuses what the list refuses', async () => {
    expect((await fetched('sysCode=FEW', 'nobody')).status).toBe(401);
    const refused = await fetched('sysCode=FEW&colour=red');
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ code: 'invalid-field', fields: [{ field: 'colour' }] });
    expect(refused.headers.get('content-disposition')).toBeNull();
  });

  it('has the order number first, money in both forms, and no cell that a spreadsheet runs', async () => {
    const response = await fetched('sysCode=FEW&seenCountFrom=1');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="problems-\d{8}T\d{6}Z\.csv"$/,
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const [names = [], ...rows] = parseCsv(bytes.subarray(3).toString());
    expect(names[0]).toBe('businessKey');
    const read = rows.map((row) => Object.fromEntries(row.map((cell, index) => [names[index], cell])));
    expect(read).toMatchObject([
      { businessKey: 'R2', amountMinor: '500', amount: '500', currency: 'JPY', lastReason: '' },
      {
        businessKey: `'${HOSTILE}`,
        amountMinor: '1234567',
        amount: '12345.67',
        waitReason: 'no-solution',
        lastReason: "'-2+3",
        reopened: 'false',
      },
    ]);
    expect(await act('seenCountFrom')).toMatchObject({ actor: 'admin', detail: { rows: 2, complete: true } });
  });

  it('gives the names alone where nothing matches', async () => {
    const text = await (await fetched('sysCode=NONE')).text();
    expect(text).toMatch(/^businessKey,/);
    expect(rowsOf(text)).toEqual([]);
  });

  it('goes as fast as its reader, whole or to where the reader goes away', async () => {
    const leaving = await opened('sysCode=MANY&amountMinorFrom=0');
    const slow = await opened('sysCode=MANY&currency=CNY');
    // Neither reads while another one reads everything: time enough to read all for them too, were it done.
    const fast = await (await fetched('sysCode=MANY&retriesUsedFrom=0')).text();
    const keys = rowsOf(fast).map(([key]) => key);
    expect([keys.length, new Set(keys).size, keys[0], keys.at(-1)]).toEqual([ROWS, ROWS, `R${ROWS}`, 'R1']);
    expect(await act('retriesUsedFrom')).toMatchObject({ detail: { rows: ROWS, complete: true } });
    leaving.destroy();
    const left = await act('amountMinorFrom');
    expect(left.detail.complete).toBe(false);
    expect(left.detail.rows).toBeGreaterThan(0);
    expect(left.detail.rows).toBeLessThan(ROWS / 2);
    let text = '';
    slow.setEncoding('utf8');
    for await (const chunk of slow) {
      text += chunk;
      await setImmediate();
    }
    expect(text === `\uFEFF${fast}`).toBe(true);
    expect(await act('currency')).toMatchObject({ detail: { rows: ROWS, complete: true } });
  });

  it('cuts the connection where it fails in the middle, so that half a file looks like half a file', async () => {
    const response = await opened('sysCode=MANY');
    await once(response, 'readable');
    proxy.cut();
    try {
      const outcome = await new Promise<string>((resolve) => {
        response.on('end', () => resolve('whole'));
        response.on('error', () => resolve('cut'));
        response.resume();
      });
      expect([outcome, response.complete]).toEqual(['cut', false]);
      const refused = await fetched('sysCode=MANY');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('content-type')).toContain('problem+json');
      expect(refused.headers.get('content-disposition')).toBeNull();
    } finally {
      proxy.mend();
    }
    expect(rowsOf(await (await fetched('sysCode=FEW')).text())).toHaveLength(2);
  });
});
