/**
 * Every figure of the table is moved by the work that it tells of, on a living server; the dashboard and the alerts
 * ask for nothing that its answer does not have.
 */
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { natsTransport } from '@piculus/client/nats';
import { API_PREFIX } from '@piculus/protocol/http';
import { natsDownStream, natsSubjects } from '@piculus/protocol/link';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { choosePolicy } from '../support/approval-policy.ts';
import { FIX, problem, RawClient } from '../../packages/server/test/server/support.ts';
import { openDatabase } from '../../packages/server/src/store/database.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { METRIC_NAMES } from '../../packages/server/src/telemetry/table.ts';
import { alertExpressions, alertNames, dashboardExpressions } from '../deploy/dashboard.ts';
import { missingIn, namesOf, samplesOf } from '../deploy/promql.ts';
import { RawClient as LinkClient } from '../transports/raw-client.ts';
import { highest, openSite, type Site } from './site.ts';

const PATIENCE = { timeout: 60_000, interval: 50 };
/** Nothing of it may ever be in an answer. */
const CANARY = 'CANARY-6222021234567890';

let site: Site;
let key: string;
/** The highest value that each metric ever had. */
const seen = new Map<string, number>();
let whole = '';

async function look(): Promise<ReadonlyMap<string, number>> {
  const text = await site.scrape();
  expect(text).not.toContain('CANARY');
  whole += text;
  const values = highest(text);
  for (const [name, value] of values) seen.set(name, Math.max(seen.get(name) ?? 0, value));
  return values;
}
/** Scrapes until each of these has had a value above 0. */
const moved = (...names: string[]): Promise<void> =>
  vi.waitFor(async () => {
    await look();
    expect(names.filter((name) => !((seen.get(name) ?? 0) > 0))).toEqual([]);
  }, PATIENCE);

const sample = (text: string, name: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
const ready = async (transport: string): Promise<number> =>
  sample(await site.scrape(), `piculus_transport_ready{transport="${transport}"}`);

const greeted = (clientId: string, change: object = {}): Promise<RawClient> =>
  RawClient.greeted(site.address, key, clientId, change);

async function collect(client: RawClient) {
  await site.api.startCollection({ body: { sysCodes: ['PBAP'] } });
  const command = await client.get('collect');
  client.say('ack', { re: command.id });
  return command.body;
}
const report = (
  { commandId, epoch }: { commandId: string; epoch: number },
  sequence: number,
  keys: string[],
) => ({
  commandId,
  epoch,
  sequence,
  problems: keys.map((businessKey) => problem(businessKey)),
});

beforeAll(async () => {
  site = await openSite();
  key = (await site.api.createSystem({ body: { sysCode: 'PBAP', name: CANARY } })).key;
  await site.api.createSolution({ body: { sysCode: 'PBAP', fixCode: FIX, executionMode: 'manual' } });
});
afterAll(() => site.stop());

describe('the figures', () => {
  it('tell of collects and reports', async () => {
    await site.api.startCollection({ body: { sysCodes: ['PBAP'] } });
    await moved('piculus_collect_commands', 'piculus_oldest_collect_seconds', 'piculus_state_up');
    const client = await greeted(`${CANARY}-collector`);
    const { body } = await client.get('collect');
    const keys = Array.from({ length: 12 }, (_, index) => `${CANARY}-${index}`);
    await client.acknowledged(client.say('problems', report(body, 1, keys)));
    await client.acknowledged(client.say('problems', report(body, 2, keys.slice(0, 2))));
    await moved(
      'piculus_problems_reported_total',
      'piculus_messages_received_total',
      'piculus_message_seconds',
      'piculus_messages_sent_total',
      'piculus_problems',
      'piculus_problems_waiting',
      'piculus_sessions',
      'piculus_clients',
      'piculus_places_free',
      'piculus_audit_checkpoint_age_seconds',
      'piculus_password_seconds',
    );
    await client.close();
    await moved('piculus_sessions_ended_total');
    // As another node would, though with nothing that this one can open.
    await site.sql.query(`INSERT INTO piculus.node_messages (from_node, kind, body, at)
      VALUES ('elsewhere', 'tell', '', clock_timestamp() - interval '1 second')`);
    await moved('piculus_node_mail_seconds');
  });

  it('tell of clicks, batches and their results', async () => {
    const { items } = await site.api.listProblems({ query: { limit: 12 } });
    const [first = '', second = '', third = '', ...others] = items.map(({ id }) => id);
    await site.api.runProblems({ body: { ids: others, reason: CANARY } });
    await moved('piculus_clicks_waiting', 'piculus_oldest_click_seconds', 'piculus_bulk_runs_open');
    const client = await greeted('worker', { places: 100 });
    const bulk = await client.get('fix');
    await moved(
      'piculus_leases_open',
      'piculus_problems_executing',
      'piculus_oldest_lease_seconds',
      'piculus_messages_unacknowledged',
      'piculus_claim_seconds',
      'piculus_claimed_total',
    );
    client.say('error', { re: bulk.id, code: 'busy', detail: CANARY, retryable: true });
    await moved('piculus_given_back_total');
    const again = await client.get('fix');
    client.say('ack', { re: again.id });
    await moved('piculus_acknowledgement_seconds');
    const [item] = again.body.items;
    if (item === undefined) throw new Error('an empty batch');
    await client.acknowledged(
      client.say('fix-results', {
        leaseId: again.body.leaseId,
        epoch: again.body.epoch,
        results: [
          {
            problemId: item.problemId,
            commandKey: item.commandKey,
            evidenceHash: item.evidenceHash,
            outcome: 'failed',
            scenario: 'C1',
            reason: CANARY,
            alarm: 'payload-changed',
            effects: [],
            replayed: false,
            verified: false,
            facts: null,
            startedAt: '2026-11-22T00:00:00.000Z',
            finishedAt: '2026-11-22T00:00:01.000Z',
          },
        ],
      }),
    );
    await moved('piculus_executions_total', 'piculus_alarms_total', 'piculus_lease_seconds');
    // The rest of the batch runs out; the rescuer passes by what somebody else has locked.
    await site.sql.query('BEGIN');
    await site.sql.query('SELECT id FROM piculus.leases WHERE closed_at IS NULL FOR UPDATE');
    await moved('piculus_lease_overdue_seconds');
    await site.sql.query('COMMIT');
    await moved('piculus_leases_expired_total');
    // A batch that is under way as the connection ends.
    await site.api.runProblems({ body: { ids: [first, second, third], reason: 'again' } });
    await client.get('fix');
    await client.close();
    await moved('piculus_messages_lost_total');
  });

  it('tell of ticks, of what stands still and of who waits for whom', async () => {
    const halt = await site.api.stop({ body: { sysCode: 'PBAP', reason: CANARY } });
    await moved('piculus_halts_open');
    await site.api.resume({ params: { id: halt.id }, body: { reason: 'on' } });
    const [solution] = (await site.api.listSolutions({ query: {} })).items;
    if (solution === undefined) throw new Error('no solution');
    await site.api.changeSolution({
      params: { id: solution.id },
      body: { expectedVersion: solution.version, executionMode: 'automatic', retryCron: '* * * * * ?' },
    });
    await moved('piculus_ticks_open', 'piculus_oldest_tick_seconds');
    const db = openDatabase(openPool({ url: site.config.databaseUrl ?? '', connectionsMax: 1 }));
    await choosePolicy(db, { mode: 'careful' });
    await db.destroy();
    const changed = await site.api.getSolution({ params: { id: solution.id } });
    const change = { expectedVersion: changed.version, maxRetries: 7 };
    await site.api.createApproval({
      body: { command: { kind: 'change-solution', id: solution.id, change }, reason: CANARY },
    });
    await moved('piculus_approvals_open', 'piculus_oldest_approval_seconds', 'piculus_audit_rows_unchained');
  });

  it('tell of what is read, refused and held back', async () => {
    const live = new AbortController();
    const events = await fetch(`${site.address}${API_PREFIX}/events`, {
      headers: { authorization: `Bearer ${site.token}` },
      signal: live.signal,
    });
    expect(events.status).toBe(200);
    await moved('piculus_live_readers', 'piculus_http_request_seconds', 'piculus_http_responses_total');
    live.abort();
    await fetch(`${site.address}/${CANARY}`);

    const client = await greeted('flood');
    client.say(CANARY, {});
    await client.refused();
    await moved('piculus_messages_refused_total');
    const command = await collect(client);
    // Its reports wait for their system, and those behind them for the reports.
    await site.sql.query('BEGIN');
    await site.sql.query('SELECT sys_code FROM piculus.systems FOR UPDATE');
    const sent = Array.from({ length: 20 }, (_, index) =>
      client.say('problems', report(command, index + 1, ['X-1'])),
    );
    await moved('piculus_messages_unprocessed', 'piculus_sessions_paused');
    await site.sql.query('COMMIT');
    await Promise.all(sent.map((id) => client.acknowledged(id)));

    // More readers than connections: those of the table that is locked hold all of them.
    await site.sql.query('BEGIN');
    await site.sql.query('LOCK TABLE piculus.saved_views IN ACCESS EXCLUSIVE MODE');
    const views = Promise.allSettled(Array.from({ length: 12 }, () => site.api.listViews({ query: {} })));
    await moved('piculus_database_waiting');
    await site.sql.query('COMMIT');
    await views;
    await client.close();
  });

  it('tell of NATS', async () => {
    const overNats = new LinkClient();
    await overNats.greeted(
      natsTransport({ servers: site.nats.url, systemKey: key, login: site.nats.login('PBAP') }),
    );
    await moved('piculus_nats_connects_total', 'piculus_nats_links', 'piculus_nats_stream_bytes_max');
    // Somebody who takes one of two packets and does not acknowledge it.
    const broker = await connect({ servers: site.nats.url, ...site.nats.broker });
    const manager = await jetstreamManager(broker);
    const [stream, subject] = [natsDownStream('PBAP'), natsSubjects.down('PBAP', 'nobody')];
    await manager.consumers.add(stream, {
      durable_name: 'nobody',
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
    });
    await jetstream(broker).publish(subject, 'one');
    await jetstream(broker).publish(subject, 'two');
    await (await jetstream(broker).consumers.get(stream, 'nobody')).next();
    await moved(
      'piculus_nats_pending',
      'piculus_nats_ack_pending',
      'piculus_nats_stream_messages',
      'piculus_nats_stream_bytes',
    );
    // What the server says next has no way to go.
    await manager.streams.delete(stream);
    overNats.heartbeat();
    await moved('piculus_nats_publish_failures_total');
    await broker.close();
    await site.nats.kill();
    await vi.waitFor(async () => expect(await ready('nats')).toBe(0), PATIENCE);
    await site.nats.start();
    await vi.waitFor(async () => expect(await ready('nats')).toBe(1), PATIENCE);
    expect(sample(await site.scrape(), 'piculus_nats_connects_total{result="ok"}')).toBe(2);
    overNats.close();
  });

  it('tell of a database that is away, and leave out what cannot be known then', async () => {
    const client = await greeted('steady');
    site.proxy.cut();
    for (let index = 0; index < 20_200; index += 1)
      client.say('error', { code: 'internal', detail: 'x', retryable: false });
    await moved(
      'piculus_database_away_total',
      'piculus_loop_failures_total',
      'piculus_message_log_rows',
      'piculus_message_log_dropped',
    );
    const values = await look();
    expect(values.get('piculus_state_up')).toBe(0);
    expect([...values.keys()].filter((name) => /problems$|leases_open|halts/.test(name))).toEqual([]);
    site.proxy.mend();
    await vi.waitFor(async () => expect((await look()).get('piculus_state_up')).toBe(1), PATIENCE);
    await client.close();
  });

  it('were all seen moving: none of the table stands still, and none is beside it', () => {
    const still = METRIC_NAMES.filter((name) => !((seen.get(name) ?? 0) > 0));
    expect(still).toEqual([]);
    expect([...seen.keys()].filter((name) => !METRIC_NAMES.some((known) => known === name))).toEqual([]);
  });
});

describe('the dashboard and the alerts', () => {
  it('ask for nothing that a living server does not answer', () => {
    const samples = samplesOf(whole);
    const asked = [...dashboardExpressions(), ...alertExpressions()];
    expect(asked.length).toBeGreaterThan(60);
    const wrong = asked.flatMap(({ where, expression }) =>
      missingIn(expression, samples).map((missing) => `${where}: ${missing} in ${expression}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    ['sum(piculus_problem)', 'metric piculus_problem'],
    ['sum by (sistem) (piculus_problems)', 'label sistem'],
    ['piculus_problems{stat="pending"}', 'label stat of piculus_problems'],
    ['rates(piculus_executions_total[5m])', 'function rates'],
    ['piculus_http_request_seconds', 'metric piculus_http_request_seconds'],
    ['sum(piculus_problems', 'Error: a ")" is missing'],
    ['piculus_problems ~ 1', 'Error: cannot be read from "~ 1"'],
  ])('%s would be found', (expression, missing) => {
    expect(missingIn(expression, samplesOf(whole))).toContain(missing);
  });

  it('show every metric of the table between them', () => {
    const asked = [...dashboardExpressions(), ...alertExpressions()];
    const names = new Set(
      asked.flatMap(({ expression }) => namesOf(expression).metrics.map(({ name }) => name)),
    );
    const shown = (name: string): boolean =>
      ['', '_bucket', '_count'].some((end) => names.has(`${name}${end}`));
    expect(METRIC_NAMES.filter((name) => !shown(name))).toEqual([]);
  });

  it('say for every alert what it means, what to do and how urgent it is', () => {
    const alerts = alertNames();
    expect(alerts.length).toBeGreaterThan(10);
    expect(alerts.filter(({ complete }) => !complete)).toEqual([]);
  });
});
