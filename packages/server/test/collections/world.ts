/** A server's rooms on a database of their own, with a clock that stands still until it is told to move. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type ClientMessageBody, PiculusError, type ProblemReport } from '@piculus/protocol';
import { pino } from 'pino';
import { openTestDatabase, type TestEngine } from '../../../../test/support/database.ts';
import { contextOf } from '../../src/base/context.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Context, LiveEvents, Session, Sessions, WakeReason } from '../../src/base/services.ts';
import { createClients } from '../../src/clients/index.ts';
import { createCollections } from '../../src/collections/index.ts';
import { createSolutions } from '../../src/solutions/index.ts';
import { createSystems } from '../../src/systems/index.ts';
import { person } from '../../../../test/support/callers.ts';

export const START = new Date('2026-11-22T09:05:07.000Z');
export const DAY_MS = 86_400_000;
export const LEASE_MS = 30_000;

export interface TestClock extends Clock {
  set(to: Date): void;
  advance(ms: number): void;
}

export function testClock(): TestClock {
  let now = START.getTime();
  return {
    now: () => new Date(now),
    elapsedMs: () => now,
    set: (to) => {
      now = to.getTime();
    },
    advance: (ms) => {
      now += ms;
    },
    sleep: async () => {},
    random: () => 0.5,
    uuid: () => randomUUID(),
    bytes: (count) => randomBytes(count),
  };
}

type Event = Parameters<LiveEvents['publish']>[0];

export async function openWorld(engine: TestEngine) {
  const database = await openTestDatabase(engine);
  const clock = testClock();
  const events: Event[] = [];
  const woken: WakeReason[] = [];
  const context: Context = contextOf({
    db: database.db,
    clock,
    log: pino({ level: 'silent' }),
    nodeId: 'node-1',
    events: { publish: (event) => events.push(event) },
    wake: { notify: (reason) => woken.push(reason), wait: async () => {} },
  });
  return {
    ...database,
    context,
    clock,
    events,
    woken,
    systems: createSystems(context),
    clients: createClients(context),
    solutions: createSolutions(context),
    collections: createCollections(context, { leaseMs: LEASE_MS }),
    /** A system that no other test uses. */
    async newSystem(change: { collectCron?: string; collectTimeZone?: string } = {}): Promise<string> {
      const sysCode = `T${randomBytes(6).toString('hex').toUpperCase()}`;
      await this.systems.create(
        {
          sysCode,
          name: 'Test system',
          collectCron: change.collectCron ?? null,
          collectTimeZone: change.collectTimeZone ?? 'UTC',
          collectWindowMs: 3 * DAY_MS,
        },
        person('operator'),
      );
      return sysCode;
    },
  };
}
export type World = Awaited<ReturnType<typeof openWorld>>;

export function helloOf(clientId: string, fixes: string[]): ClientMessageBody<'hello'> {
  return {
    clientId,
    protocolVersions: [1],
    sdk: { name: '@piculus/client', version: '0.1.0' },
    application: { name: 'pbap', version: '2.3.4' },
    host: 'host-1',
    pid: 4711,
    places: 10,
    collectors: fixes,
    fixes,
    leases: [],
  };
}

export interface TestSession extends Session {
  readonly sent: { type: string; body: unknown }[];
}

/** A connected client that takes every message, or fails at all of them. */
export function sessionOf(sysCode: string, fixes: string[], options: { fails?: boolean } = {}): TestSession {
  const sent: TestSession['sent'] = [];
  return {
    clientId: randomUUID(),
    sysCode,
    clientVersion: '2.3.4',
    places: 10,
    freePlaces: 10,
    collectors: new Set(fixes),
    fixes: new Set(fixes),
    sent,
    send: async (type, body) => {
      if (options.fails) throw new PiculusError('no-client');
      sent.push({ type, body });
    },
  };
}

export const sessionsOf = (...sessions: Session[]): Sessions => ({
  all: () => sessions,
  bySystem: (sysCode) => sessions.filter((session) => session.sysCode === sysCode),
});

export function problemOf(businessKey: string, change: Partial<ProblemReport> = {}): ProblemReport {
  const side = { state: 'SUCCESS', source: 'orders', observedAt: START.toISOString(), fields: {} };
  return {
    fixCode: 'interRechargeFixServiceImpl',
    businessKey,
    scenario: 'C1',
    handling: 'fix',
    amountMinor: '12345',
    currency: 'CNY',
    occurredAt: new Date(START.getTime() - DAY_MS).toISOString(),
    outOfPocket: 'customer',
    facts: { order: side, ledger: side, bank: side },
    contradictions: ['order.status', 'ledger.state'],
    ...change,
  };
}

/** The error that the promise fails with; fails where it does not. */
export async function refusal(promise: Promise<unknown>): Promise<PiculusError> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof PiculusError)) throw error;
  return error;
}
