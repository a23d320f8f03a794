/** The server's rooms beside a running server, on its database, to make what its own clients and people would. */
import { pino } from 'pino';
import { systemClock } from '../../packages/server/src/base/clock.ts';
import { contextOf } from '../../packages/server/src/base/context.ts';
import type { Context } from '../../packages/server/src/base/services.ts';
import { createWake } from '../../packages/server/src/base/wake.ts';
import type { Rooms } from '../../packages/server/src/rooms.ts';
import { type Database, openDatabase } from '../../packages/server/src/store/database.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { roomsOf } from './seed.ts';

export interface Beside {
  readonly db: Database;
  readonly context: Context;
  readonly rooms: Rooms;
}

export function roomsBeside(databaseUrl: string | null): Beside {
  if (databaseUrl === null)
    throw new Error('the server has a database of its own, which nobody else can open');
  const db = openDatabase(openPool({ url: databaseUrl, connectionsMax: 4 }));
  const context: Context = contextOf({
    db,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodeId: 'test',
    events: { publish: () => {} },
    wake: createWake(systemClock),
  });
  return { db, context, rooms: roomsOf(context) };
}
