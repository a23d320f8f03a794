import { once } from 'node:events';
import { createServer } from 'node:http';
import type { CollectCommand } from '@piculus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase } from '../../../../test/support/database.ts';
import { contextOf } from '../../src/base/context.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { Context, Session } from '../../src/base/services.ts';
import { createWake } from '../../src/base/wake.ts';
import { createLiveEvents } from '../../src/events/live-events.ts';
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts';
import { Inbox } from '../../src/gateway/inbox.ts';
import { UNPROCESSED_MAX } from '../../src/gateway/session.ts';
import { createWebSocketTransport } from '../../src/gateway/websocket.ts';
import { createRooms, type Rooms } from '../../src/rooms.ts';
import { testSigner } from '../keys/support.ts';
import { problem, RawClient } from '../server/support.ts';
import { person } from '../../../../test/support/callers.ts';

type Opened = Awaited<ReturnType<typeof openTestDatabase>>;

const PER_MESSAGE = 500;
/** Five times as many messages as a session takes into work. */
const PROBLEMS = 5 * UNPROCESSED_MAX * PER_MESSAGE;

let database: Opened;
let rooms: Rooms;
let gateway: Gateway;
let address: string;
let key: string;
/** The most messages that any session had in work. */
let inWorkMax = 0;
const http = createServer();

beforeAll(async () => {
  database = await openTestDatabase();
  const log = createLogger('silent');
  const clock = systemClock;
  const context: Context = contextOf({
    db: database.db,
    clock,
    log,
    nodeId: 'node',
    events: createLiveEvents(clock),
    wake: createWake(clock),
  });
  rooms = createRooms(context, { leaseMs: 15_000 });
  rooms.messages.start();
  key = (
    await rooms.systems.create(
      { sysCode: 'PBAP', name: 'x', collectCron: null, collectTimeZone: 'UTC', collectWindowMs: 259_200_000 },
      person('test'),
    )
  ).key;
  gateway = createGateway(context, rooms, { leaseMs: 15_000, signer: testSigner() });
  gateway.start();
  createWebSocketTransport({ server: http, log, requestId: () => clock.uuid() }).start({
    authenticate: async (given) =>
      (await rooms.systems.authenticate(given)) ?? Promise.reject(new Error('unknown')),
    authenticateProof: () => Promise.reject(new Error('nobody proves a key here')),
    accept: (connection, peer) => {
      const session = gateway.accept(connection, peer);
      return {
        frame: (text) => {
          session.frame(text);
          inWorkMax = Math.max(inWorkMax, session.unprocessed);
        },
        unreadable: (code, sizeBytes) => session.unreadable(code, sizeBytes),
        forged: (sizeBytes) => session.forged(sizeBytes),
        closed: () => session.closed(),
      };
    },
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const at = http.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  address = `http://127.0.0.1:${at.port}`;
});
afterAll(async () => {
  await gateway.stop();
  await rooms.messages.stop();
  http.close();
  await database.drop();
});

async function claimed(session: Session): Promise<CollectCommand> {
  await rooms.collections.start({ sysCodes: ['PBAP'] }, person('test'), 'click');
  const command = await rooms.collections.claim(session);
  if (command === null) throw new Error('no command');
  return command;
}

describe('a client that sends everything at once', () => {
  it('is stored batch by batch: problems by the ten thousand, duplicates only seen again, never more than a few in work', async () => {
    const client = await RawClient.greeted(address, key, 'flood');
    const [session] = gateway.all();
    if (session === undefined) throw new Error('no session');
    const batch = (command: { commandId: string; epoch: number }, sequence: number, from: number) => ({
      commandId: command.commandId,
      epoch: command.epoch,
      sequence,
      problems: Array.from({ length: PER_MESSAGE }, (_, i) => problem(`ORDER-${from + i}`)),
    });
    const first = await claimed(session);
    const batches = PROBLEMS / PER_MESSAGE;
    // All at once, as no client of ours would: the bound is the server's, not the client's good will.
    const ids = Array.from({ length: batches }, (_, i) =>
      client.say('problems', batch(first, i + 1, i * PER_MESSAGE)),
    );
    // The last message again, as after a lost acknowledgement.
    ids.push(client.say('problems', batch(first, batches, PROBLEMS - PER_MESSAGE)));
    await Promise.all(ids.map((id) => client.acknowledged(id)));
    await client.acknowledged(
      client.say('collect-done', {
        commandId: first.commandId,
        epoch: first.epoch,
        complete: true,
        rowsScanned: PROBLEMS,
        problemsFound: PROBLEMS,
        durationMs: 1,
        feeds: [],
      }),
    );
    const second = await claimed(session);
    await client.acknowledged(client.say('problems', batch(second, 1, 0)));

    expect(inWorkMax).toBe(UNPROCESSED_MAX);
    const { rows } = await database.pool.query<{ problems: number; twice: number; seen: string }>(
      'SELECT count(*)::int AS problems, count(*) FILTER (WHERE seen_count = 2)::int AS twice, sum(seen_count) AS seen FROM piculus.problems',
    );
    expect(rows).toEqual([
      {
        problems: PROBLEMS,
        twice: PER_MESSAGE,
        seen: String(PROBLEMS + PER_MESSAGE),
      },
    ]);
    await client.close();
  }, 600_000);

  it('does not slow another one', async () => {
    const slow = await RawClient.greeted(address, key, 'greedy', { collectors: [] });
    const other = await RawClient.greeted(address, key, 'modest', { collectors: [] });
    const beat = { freePlaces: 4, leases: [], collectCommands: [], eventLoopLagMs: 0 };
    const many = Array.from({ length: 500 }, () => slow.say('heartbeat', beat));
    const ended = slow.acknowledged(many.at(-1) ?? '').then(() => 'greedy');
    const fastest = await Promise.race([
      other.acknowledged(other.say('heartbeat', beat)).then(() => 'modest'),
      ended,
    ]);
    expect(fastest).toBe('modest');
    await ended;
    await slow.close();
    await other.close();
  });
});

describe('the inbox', () => {
  /** Work that ends when the test says so. */
  function workbench(unprocessedMax: number) {
    const events: string[] = [];
    const running = new Map<string, () => void>();
    const inbox = new Inbox({
      unprocessedMax,
      pause: () => events.push('pause'),
      resume: () => events.push('resume'),
      open: (frame) => ({
        lane: frame.startsWith('c') ? 'collect' : 'fix',
        work: () =>
          new Promise((resolve) => {
            events.push(`start ${frame}`);
            running.set(frame, resolve);
          }),
      }),
    });
    const end = async (frame: string): Promise<void> => {
      running.get(frame)?.();
      // The bookkeeping after a piece of work takes some turns of the microtask queue.
      await new Promise(setImmediate);
    };
    return { inbox, events, end };
  }

  it('keeps the order of a lane, lets lanes pass each other, and reads on when there is room', async () => {
    const { inbox, events, end } = workbench(3);
    for (const frame of ['c1', 'c2', 'f1', 'c3', 'f2']) inbox.push(frame);
    await new Promise(setImmediate);
    expect(events).toEqual(['pause', 'start c1', 'start f1']);
    expect(inbox.unprocessed).toBe(3);
    await end('f1');
    expect(events).toEqual(['pause', 'start c1', 'start f1']);
    await end('c1');
    expect(events).toEqual(['pause', 'start c1', 'start f1', 'start f2', 'start c2']);
    await end('c2');
    await end('f2');
    expect(events.slice(5)).toEqual(['resume', 'start c3']);
    const idle = inbox.idle();
    await end('c3');
    await idle;
    expect(inbox.unprocessed).toBe(0);
  });

  it('drops what waits when it is closed', async () => {
    const { inbox, events, end } = workbench(1);
    inbox.push('c1');
    inbox.push('c2');
    await new Promise(setImmediate);
    inbox.close();
    await end('c1');
    await inbox.idle();
    expect(events).toEqual(['pause', 'start c1']);
  });
});
