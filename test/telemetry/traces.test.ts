/**
 * One trace from a broadcast to what was reported, and one from a claim to the call at the bank and to the record of
 * the result, as a receiver of spans gets them from the server and from a real client.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, trace } from '@opentelemetry/api';
import { createClient, defineCollector, defineFix, type Client } from '@piculus/client';
import { openTelemetryTracing } from '@piculus/client/opentelemetry';
import { memoryJournal } from '@piculus/client/testing';
import { collectionPlace, leasePlace, traceparentOf } from '@piculus/protocol/tracing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createBankClient } from '../../examples/pbap/src/pbap/bank-client.ts';
import { openTracing } from '../../examples/pbap/src/shared/tracing.ts';
import { startTestServer, type TestServer } from '../../packages/server/test/server/support.ts';

const FIX = 'interRechargeFixServiceImpl';
const CANARY = 'CANARY-ORDER';
const PATIENCE = { timeout: 40_000, interval: 100 };

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}
const spans: Span[] = [];
let received = '';

/** Every span of an OTLP request, however deep it stands. */
function spansIn(value: unknown): Span[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('traceId' in value && 'name' in value) return [value as Span];
  return Object.values(value).flatMap(spansIn);
}
const traceparents: string[] = [];
const listen = (handle: (path: string, headers: NodeJS.Dict<string | string[]>, body: string) => object) =>
  new Promise<{ server: Server; url: string }>((resolve) => {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (text) => {
        body += String(text);
      });
      request.on('end', () => {
        const answer = handle(request.url ?? '', request.headers, body);
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ server, url: `http://127.0.0.1:${port}` });
    });
  });

let otlp: { server: Server; url: string };
let bank: { server: Server; url: string };
let test: TestServer;
let client: Client;
let endTracing: () => Promise<void>;

const side = { state: 'x', source: 'test', observedAt: '2026-11-22T00:00:00.000Z', fields: {} };
const facts = { order: side, ledger: side, bank: side };

beforeAll(async () => {
  otlp = await listen((_path, _headers, body) => {
    received += body;
    spans.push(...spansIn(JSON.parse(body)));
    return {};
  });
  bank = await listen((_path, headers) => {
    traceparents.push(String(headers.traceparent));
    return { code: 'NOT_FOUND' };
  });
  endTracing = await openTracing(`${otlp.url}/v1/traces`, 'pbap');
  const telemetry = {
    metricsPort: null,
    metricsHost: '127.0.0.1',
    stateCacheMs: 0,
    otlpUrl: `${otlp.url}/v1/traces`,
  };
  test = await startTestServer({ telemetry });
  const { key } = await test.api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } });
  await test.api.createSolution({ body: { sysCode: 'PBAP', fixCode: FIX, executionMode: 'manual' } });
  const keys = (await test.api.listServerKeys()).items.map(({ publicKey }) => publicKey);
  client = startClient(key, keys);
});
afterAll(async () => {
  await client.stop();
  await test.stop();
  await endTracing();
  trace.disable();
  context.disable();
  propagation.disable();
  otlp.server.close();
  bank.server.close();
});

function startClient(systemKey: string, serverKeys: readonly string[]): Client {
  const bankClient = createBankClient({ url: bank.url, timeoutMs: 5_000, now: () => new Date() });
  const made = createClient({
    url: test.address,
    systemKey,
    serverKeys,
    application: { name: 'pbap', version: '1' },
    journal: memoryJournal(),
    tracing: openTelemetryTracing(),
    fixes: [
      {
        collector: defineCollector({
          fixCode: FIX,
          collect: async ({ windowTo, report, scanned }) => {
            scanned(1);
            await report([
              {
                businessKey: CANARY,
                scenario: 'C1',
                handling: 'fix',
                amountMinor: '700',
                currency: 'CNY',
                occurredAt: '2026-11-21T00:00:00.000Z',
                outOfPocket: 'customer',
                facts,
                contradictions: [],
              },
            ]);
            const reachesTo = windowTo.toISOString();
            return { complete: true, feeds: [{ side: 'bank', reachesTo, complete: true }] };
          },
        }),
        fix: defineFix({
          fixCode: FIX,
          examine: async (_command, signal) => bankClient.query(CANARY, signal),
          facts: () => facts,
          plan: () => ({ verdict: 'not-yet', scenario: 'C1', reason: 'the bank works on it' }),
          apply: async () => ({ result: 'continue' }),
        }),
      },
    ],
  });
  made.start();
  return made;
}

const named = (name: string, traceId: string): Span | undefined =>
  spans.find((span) => span.name === name && span.traceId === traceId);

async function leaseOf(problemId: string): Promise<string> {
  const sql = new pg.Client({ connectionString: test.config.databaseUrl ?? '' });
  await sql.connect();
  const found = await sql.query('SELECT lease_id FROM piculus.executions WHERE problem_id = $1', [problemId]);
  await sql.end();
  return String(found.rows[0]?.lease_id);
}

describe('a trace', () => {
  it('leads from the broadcast over the client to what was reported', async () => {
    await vi.waitFor(async () => {
      const { items } = await test.api.listClients();
      expect(items.some(({ connected }) => connected)).toBe(true);
    }, PATIENCE);
    const { id } = await test.api.startCollection({ body: { sysCodes: ['PBAP'] } });
    const { traceId, spanId } = collectionPlace(id);
    await vi.waitFor(() => {
      // The server's broadcast and its part for the system; under that, the client's work and what came of it.
      expect(named('piculus broadcast', traceId)).toMatchObject({ spanId });
      const part = spans.find((span) => span.traceId === traceId && span.parentSpanId === spanId);
      expect(part).toMatchObject({ name: 'piculus collect' });
      const below = spans.filter(({ parentSpanId }) => parentSpanId === part?.spanId).map(({ name }) => name);
      expect(below.sort()).toEqual(['piculus collect', 'piculus report']);
    }, PATIENCE);
  });

  it('leads from the claim over the fix to the call at the bank, and to the result', async () => {
    const problemId = await vi.waitFor(async () => {
      const [problem] = (await test.api.listProblems({ query: { businessKey: CANARY } })).items;
      expect(problem).toBeDefined();
      return problem?.id ?? '';
    }, PATIENCE);
    traceparents.length = 0;
    await test.api.runProblem({ params: { id: problemId }, body: {} });
    await vi.waitFor(async () => {
      const [first] = (await test.api.listExecutions({ query: { problemId } })).items;
      expect(first).toMatchObject({ outcome: 'not-yet' });
    }, PATIENCE);
    const place = leasePlace(await leaseOf(problemId));
    await vi.waitFor(() => {
      expect(named('piculus claim', place.traceId)).toMatchObject({ spanId: place.spanId });
      expect(named('piculus record', place.traceId)).toMatchObject({ parentSpanId: place.spanId });
      const fix = named('piculus fix', place.traceId);
      expect(fix).toMatchObject({ parentSpanId: place.spanId });
      const call = named('bank call', place.traceId);
      expect(call).toMatchObject({ parentSpanId: fix?.spanId });
      // What the bank itself was sent.
      expect(traceparents).toContain(traceparentOf({ traceId: place.traceId, spanId: call?.spanId ?? '' }));
    }, PATIENCE);
  });

  it('holds nothing of a business record', () => {
    expect(received).toContain('piculus.problem');
    expect(received).not.toContain(CANARY);
  });
});
