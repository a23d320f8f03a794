/**
 * A client of Piculus in a process of its own: it reports as many problems as it is told, and its fix does nothing. The
 * journal is in memory, because the fix has no effects and the other systems' workers have no journal either.
 */
import { createClient } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';

const FIX = 'nothing';
const BATCH = 1_000;
/** As in the other systems' gauge: longer than this is waiting, not work, once every task was called. */
const PAUSE_MS = 200;

let calls = new Uint8Array(0);
let total = 0;
let begun = 0;
let first = 0;
let last = 0;
let idleMs = 0;
let collectBegan = 0;
/** The next collect finds all but each so-many-th task; 0: all. */
let leaveOutEach = 0;
let tellAllCalled = (): void => {};
const allCalled = new Promise<void>((resolve) => {
  tellAllCalled = resolve;
});

const plannedCalls = (): number => calls.length + Math.ceil(calls.length / 10);

function called(index: number): boolean {
  const now = Date.now();
  if (total === 0) first = now;
  else if (begun === calls.length && now - last > PAUSE_MS) idleMs += now - last;
  last = now;
  total += 1;
  calls[index] = (calls[index] ?? 0) + 1;
  if (calls[index] === 1) begun += 1;
  if (total === plannedCalls()) tellAllCalled();
  return index % 10 === 0 && calls[index] === 1;
}

function problem(index: number, at: string) {
  const side = { source: 'books', observedAt: at, fields: { status: 'success' }, state: 'success' };
  return {
    businessKey: `T${index}`,
    scenario: 'C1' as const,
    handling: 'fix' as const,
    amountMinor: '1250',
    currency: 'CNY',
    outOfPocket: 'customer' as const,
    occurredAt: at,
    facts: { order: side, ledger: side, bank: side },
    contradictions: ['order.status', 'ledger.state'],
  };
}

const ORDERS: Readonly<Record<string, (options: Readonly<Record<string, string>>) => Promise<unknown>>> = {
  async open({ url = '', systemKey = '', serverKeys = '', tasks = '0' }) {
    calls = new Uint8Array(Number(tasks));
    const client = createClient({
      url,
      systemKey,
      serverKeys,
      application: { name: 'benchmark', version: '1' },
      journal: memoryJournal(),
      places: 1_000,
      fixes: [{ collector: { fixCode: FIX, collect }, fix }],
    });
    await client.start();
  },
  async leaveOut({ each }) {
    leaveOutEach = Number(each);
  },
  work: () => allCalled,
  collectBegan: async () => collectBegan,
  async summary() {
    const wrong = calls.reduce(
      (sum, count, index) => sum + (count === (index % 10 === 0 ? 2 : 1) ? 0 : 1),
      0,
    );
    return { total, first, last, idleMs, wrong };
  },
};

async function collect({
  windowTo,
  report,
}: {
  windowTo: Date;
  report(problems: ReturnType<typeof problem>[]): Promise<void>;
}) {
  collectBegan = Date.now();
  const at = windowTo.toISOString();
  for (let from = 0; from < calls.length; from += BATCH) {
    const size = Math.min(BATCH, calls.length - from);
    const indexes = Array.from({ length: size }, (_, offset) => from + offset);
    const wanted = indexes.filter((index) => leaveOutEach === 0 || index % leaveOutEach !== 0);
    await report(wanted.map((index) => problem(index, at)));
  }
  const feeds = (['order', 'ledger', 'bank'] as const).map((side) => ({
    side,
    reachesTo: at,
    complete: true,
  }));
  return { feeds, complete: true };
}

const fix = {
  fixCode: FIX,
  examine: async ({ businessKey }: { readonly businessKey: string }) => {
    if (called(Number(businessKey.slice(1)))) throw new Error('fails once');
    return null;
  },
  facts: () => {
    const { facts } = problem(0, new Date().toISOString());
    return facts;
  },
  plan: () => ({ verdict: 'already-right' as const, scenario: null, reason: 'nothing to do' }),
  apply: async () => ({ result: 'continue' as const }),
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
