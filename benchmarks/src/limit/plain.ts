/**
 * The limit: the same rows as Piculus writes, by one Node process that knows nothing of a network, of clients, of rules or
 * of people. It says nothing of what else the server does for a batch: messages, limits, breakers, live events.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { problemOf } from '../work/tasks.ts';
import { LEASE, REPORT, RESULTS } from './statements.ts';

const BATCH = 1_000;
/** As long as the hash that Piculus binds a command with. */
const HASH = 'f'.repeat(64);

let pool: pg.Pool | null = null;

const ORDERS: Readonly<Record<string, (options: Readonly<Record<string, string>>) => Promise<unknown>>> = {
  async open({ url = '', inFlight }) {
    pool = new pg.Pool({ connectionString: url, max: Number(inFlight) });
    pool.on('error', () => {});
    await Promise.all(Array.from({ length: Number(inFlight) }, () => pool?.query('select 1')));
  },
  /** @returns ms until the last commit. */
  async ingest({ tasks, inFlight }) {
    const batches = Array.from({ length: Math.ceil(Number(tasks) / BATCH) }, (_, batch) => batch);
    const at = new Date().toISOString();
    const started = performance.now();
    await inLanes(Number(inFlight), async () => {
      const batch = batches.shift();
      if (batch === undefined) return false;
      const size = Math.min(BATCH, Number(tasks) - batch * BATCH);
      const problems = Array.from({ length: size }, (_, n) => problemOf(`P:${batch * BATCH + n}`, at));
      await query(REPORT, [JSON.stringify(problems), batch + 1]);
      return true;
    });
    return performance.now() - started;
  },
  /** Passes over what waits until nothing does. @returns ms from the first lease to the last commit. */
  async drain({ inFlight }) {
    const started = performance.now();
    while (await pass(Number(inFlight)));
    return performance.now() - started;
  },
  close: async () => pool?.end(),
};

/** @returns whether there was anything to do. */
async function pass(lanes: number): Promise<boolean> {
  let cursor = '0';
  let done = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const lease = async () => {
    const id = randomUUID();
    const { rows } = await query(LEASE, [cursor, BATCH, id, HASH]);
    cursor = String(rows.at(-1)?.id ?? cursor);
    return { id, rows };
  };
  await inLanes(lanes, async () => {
    // One after another, because each begins where the last one ended.
    const mine = turn.then(lease);
    turn = mine;
    const { id, rows } = await mine;
    if (rows.length === 0) return false;
    await query(RESULTS, [JSON.stringify(rows.map(resultOf)), id]);
    done += rows.length;
    return true;
  });
  return done > 0;
}

function resultOf({ id, businessKey, attempts }: Leased) {
  const ok = Number(businessKey.slice(2)) % 10 !== 0 || attempts > 0;
  return {
    id,
    key: businessKey,
    attempt: attempts + 1,
    ok,
    facts: ok ? problemOf('', new Date().toISOString()).facts : null,
    reason: ok ? 'nothing to do' : 'fails once',
  };
}

interface Leased {
  readonly id: string;
  readonly businessKey: string;
  readonly attempts: number;
}

/** A name, so that each connection prepares a statement once. */
const NAMES = new Map([REPORT, LEASE, RESULTS].map((text, at) => [text, `statement${at}`]));

async function query(text: string, values: unknown[]): Promise<pg.QueryResult<Leased>> {
  if (pool === null) throw new Error('not open');
  return pool.query<Leased>({ name: NAMES.get(text) ?? '', text, values });
}

async function inLanes(lanes: number, step: () => Promise<boolean>): Promise<void> {
  const lane = async (): Promise<void> => {
    while (await step());
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

process.on('message', (message: { id: number; order: string; options: Record<string, string> }) => {
  const { id, order, options } = message;
  const done = ORDERS[order]?.(options) ?? Promise.reject(new Error(`no order ${order}`));
  done.then(
    (answer) => process.send?.({ id, answer: answer ?? null }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(1));
process.send?.({ id: 0, answer: process.versions.node });
