/**
 * Clients of one system, all in this process: one of them finds the problems that it is told to find, all of them
 * repair, and the repair does nothing. The journal is in memory, because the fix has no effects.
 */
import { createClient } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { callsOf, FIX, problemOf } from './tasks.ts';

const BATCH = 1_000;

interface Gauge {
  readonly prefix: string;
  readonly failEvery: number;
  readonly calls: Uint8Array;
  readonly callers: Set<string>;
  readonly all: Promise<void>;
  tellAll(): void;
  collectBegan: number;
  total: number;
  begun: number;
  first: number;
  last: number;
  idleMs: number;
}

/** As in the gauge of other systems: longer than this is waiting, not work, once every task was called. */
const PAUSE_MS = 200;

let gauge = gaugeOf({ prefix: 'none', tasks: 0, failEvery: 0 });

function gaugeOf(asked: { prefix: string; tasks: number; failEvery: number }): Gauge {
  let tellAll = (): void => {};
  const all = new Promise<void>((resolve) => {
    tellAll = resolve;
  });
  return {
    prefix: asked.prefix,
    failEvery: asked.failEvery,
    calls: new Uint8Array(asked.tasks),
    callers: new Set(),
    all,
    tellAll,
    collectBegan: 0,
    total: 0,
    begun: 0,
    first: 0,
    last: 0,
    idleMs: 0,
  };
}

/** @returns whether this call is to fail. */
function called(client: string, businessKey: string): boolean {
  const [prefix = '', number = ''] = businessKey.split(':');
  if (prefix !== gauge.prefix) return false;
  const now = Date.now();
  if (gauge.total === 0) gauge.first = now;
  else if (gauge.begun === gauge.calls.length && now - gauge.last > PAUSE_MS)
    gauge.idleMs += now - gauge.last;
  gauge.last = now;
  gauge.total += 1;
  gauge.callers.add(client);
  const index = Number(number);
  const count = (gauge.calls[index] ?? 0) + 1;
  gauge.calls[index] = count;
  if (count === 1) gauge.begun += 1;
  if (gauge.total === callsOf(gauge.calls.length, gauge.failEvery)) gauge.tellAll();
  return gauge.failEvery > 0 && index % gauge.failEvery === 0 && count === 1;
}

function open({ url, systemKey, serverKeys, clients, places }: Readonly<Record<string, string>>) {
  const started = Array.from({ length: Number(clients) }, (_, at) => {
    const client = createClient({
      url: url ?? '',
      systemKey: systemKey ?? '',
      serverKeys: serverKeys ?? '',
      application: { name: 'benchmark', version: '1' },
      journal: memoryJournal(),
      places: Number(places),
      fixes: [{ collector: { fixCode: FIX, collect }, fix: fixOf(String(at)) }],
    });
    return client.start();
  });
  return Promise.all(started);
}

async function collect({
  windowTo,
  report,
}: {
  windowTo: Date;
  report(problems: ReturnType<typeof problemOf>[]): Promise<void>;
}) {
  const { prefix, calls } = gauge;
  gauge.collectBegan = Date.now();
  const at = windowTo.toISOString();
  for (let from = 0; from < calls.length; from += BATCH) {
    const size = Math.min(BATCH, calls.length - from);
    await report(Array.from({ length: size }, (_, offset) => problemOf(`${prefix}:${from + offset}`, at)));
  }
  const feeds = (['order', 'ledger', 'bank'] as const).map((side) => ({
    side,
    reachesTo: at,
    complete: true,
  }));
  return { feeds, complete: true };
}

function fixOf(client: string) {
  return {
    fixCode: FIX,
    examine: async ({ businessKey }: { readonly businessKey: string }) => {
      if (called(client, businessKey)) throw new Error('fails once');
      return null;
    },
    facts: () => problemOf('', new Date().toISOString()).facts,
    plan: () => ({ verdict: 'already-right' as const, scenario: null, reason: 'nothing to do' }),
    apply: async () => ({ result: 'continue' as const }),
  };
}

function summary() {
  const { calls, failEvery, callers, total, first, last, idleMs, collectBegan } = gauge;
  const planned = (index: number): number => (failEvery > 0 && index % failEvery === 0 ? 2 : 1);
  const wrong = calls.reduce((sum, count, index) => sum + (count === planned(index) ? 0 : 1), 0);
  return { total, first, last, idleMs, collectBegan, wrong, callers: callers.size };
}

const ORDERS: Readonly<Record<string, (options: Readonly<Record<string, string>>) => Promise<unknown>>> = {
  open,
  /** What the next collect finds; from here on, calls are counted for these. */
  async find({ prefix = '', tasks, failEvery }) {
    gauge = gaugeOf({ prefix, tasks: Number(tasks), failEvery: Number(failEvery) });
  },
  /** Until each was called as often as planned. */
  work: () => gauge.all,
  summary: async () => summary(),
};

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
