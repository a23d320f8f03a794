/**
 * The bare loop: the same collectors, the same ledger transactions and the same calls of the bank, by the same number of
 * lanes over as many connections, and nothing else: no server, no leases, no journal, no masking, no evidence.
 */
import { createBankClient } from '@piculus/example-pbap/pbap/bank-client';
import { createPaymentSystem } from '@piculus/example-pbap/pbap/payment-system';
import { systemClock } from '@piculus/example-pbap/shared/clock';
import { createPool } from '@piculus/example-pbap/shared/database';
import type { Command } from '@piculus/client';
import { paymentRepairs } from '@piculus/repairs';
import { FIX_CODES } from './world.ts';

/** As the client's own limit. */
const ROUNDS_MAX = 12;
const WINDOW_MS = 72 * 3_600_000;
const BANK_TIMEOUT_MS = 3_000;

type Repairs = ReturnType<typeof repairsOf>;

let repairs: Repairs = [];
let commands: Command[] = [];
let closePool = async (): Promise<void> => {};

function repairsOf({ databaseUrl = '', bankUrl = '', lanes = '1' }: Readonly<Record<string, string>>) {
  const pool = createPool({ url: databaseUrl, size: Number(lanes), name: 'piculus-bench-bare' });
  closePool = () => pool.end();
  const bank = createBankClient({ url: bankUrl, timeoutMs: BANK_TIMEOUT_MS, now: () => systemClock.now() });
  const system = createPaymentSystem({ pool, bank, clock: systemClock });
  return paymentRepairs(system).filter(({ fix }) => FIX_CODES.includes(fix.fixCode));
}

async function find(): Promise<number> {
  const windowTo = new Date();
  const windowFrom = new Date(windowTo.getTime() - WINDOW_MS);
  for (const { collector } of repairs) {
    await collector.collect({
      windowFrom,
      windowTo,
      signal: new AbortController().signal,
      scanned: () => {},
      report: async (found) => {
        for (const { businessKey, scenario, amountMinor, currency, handling } of found) {
          if (handling !== 'fix') continue;
          const { fixCode } = collector;
          const commandKey = `cmd/PBAP/${fixCode}/${businessKey}/0`;
          const command = { commandKey, fixCode, businessKey, scenario, amountMinor, currency };
          commands.push({ ...command, attempt: 1, trigger: 'tick', previousOutcome: null });
        }
      },
    });
  }
  return commands.length;
}

/** As a client does: fence, then rounds of reading, planning and one step, until the plan wants nothing more. */
async function repair(command: Command): Promise<string> {
  const fix = repairs.find((one) => one.fix.fixCode === command.fixCode)?.fix;
  const held = await fix?.fence?.(command);
  if (fix === undefined || held === undefined || !held.held) return 'not held';
  const { signal } = new AbortController();
  const context = { command, signal, record: async () => {} };
  try {
    for (let round = 1; round <= ROUNDS_MAX; round += 1) {
      const evidence = await fix.examine(command, signal);
      const plan = fix.plan(command, evidence);
      if (plan.verdict !== 'act') return plan.verdict;
      const applied = await fix.apply(plan.steps[0], evidence, context);
      if (applied.result === 'stop') return applied.outcome;
    }
    return 'failed';
  } finally {
    await held.release();
  }
}

const ORDERS: Readonly<Record<string, (options: Readonly<Record<string, string>>) => Promise<unknown>>> = {
  async open(options) {
    repairs = repairsOf(options);
  },
  find,
  /** @returns ms for all of them, and how they ended. */
  async repair({ lanes }) {
    const ends = new Map<string, number>();
    const left = commands;
    commands = [];
    const started = performance.now();
    const lane = async (): Promise<void> => {
      for (let command = left.shift(); command !== undefined; command = left.shift()) {
        const end = await repair(command);
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: Number(lanes) }, lane));
    return { ms: performance.now() - started, ends: Object.fromEntries(ends) };
  },
  close: () => closePool(),
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
