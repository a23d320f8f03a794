/**
 * Tells of every commit that changes one of the watched tables, as it happens: the signal on which kills are
 * timed and on which the test looks again at what it waits for. It is told by triggers in the test's own
 * databases, so it sees a process's work from outside and goes on when that process is dead.
 */
import pg from 'pg';

const CHANNEL = 'chaos';

export interface Changes {
  /** Resolves after so many further changes. @throws when they do not come in time. */
  after(count: number, withinMs: number): Promise<string>;
  /** Looks now and after every change until it is true. @throws when it does not become true in time. */
  until(what: string, withinMs: number, isTrue: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

export interface Watched {
  readonly url: string;
  readonly tables: readonly string[];
}

export async function watchChanges(databases: readonly Watched[]): Promise<Changes> {
  let seen = 0;
  let last = 'nothing';
  const waiting = new Set<() => void>();
  const clients: pg.Client[] = [];
  for (const { url, tables } of databases) {
    const client = new pg.Client({ connectionString: url });
    clients.push(client);
    await client.connect();
    await client.query('create schema if not exists chaos');
    await client.query(`create function chaos.tell() returns trigger language plpgsql as
      $$ begin perform pg_notify('${CHANNEL}', tg_table_schema || '.' || tg_table_name); return null; end $$`);
    for (const table of tables) {
      await client.query(`create trigger chaos_tells after insert or update or delete on ${table}
        for each statement execute function chaos.tell()`);
    }
    client.on('notification', ({ payload = '' }) => {
      seen += 1;
      last = payload;
      for (const look of waiting) look();
    });
    await client.query(`listen ${CHANNEL}`);
  }

  /** Resolves once so many changes were seen in all, or at the deadline. */
  const seenOf = (wanted: number, deadline: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (seen < wanted && !deadline.aborted) return;
        waiting.delete(look);
        deadline.removeEventListener('abort', look);
        resolve();
      };
      waiting.add(look);
      deadline.addEventListener('abort', look);
      look();
    });

  return {
    async after(count, withinMs) {
      const wanted = seen + count;
      const deadline = AbortSignal.timeout(withinMs);
      await seenOf(wanted, deadline);
      if (seen < wanted)
        throw new Error(`${wanted - seen} of ${count} changes did not come in ${withinMs} ms`);
      return last;
    },
    async until(what, withinMs, isTrue) {
      const deadline = AbortSignal.timeout(withinMs);
      for (;;) {
        const before = seen;
        if (await isTrue()) return;
        if (deadline.aborted) throw new Error(`${what}: not in ${withinMs} ms`);
        await seenOf(before + 1, deadline);
      }
    },
    async stop() {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}
