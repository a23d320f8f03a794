/** Runs the built demo as a person would, and keeps what it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createTestDatabase } from '../support/database.ts';

const SHORT_LIVED = new URL('../support/short-lived.mjs', import.meta.url);
const DEMO = fileURLToPath(new URL('../../examples/pbap/dist/main.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningDemo {
  readonly process: ChildProcess;
  /** Resolves with the text so far as soon as stderr holds this. @throws when the demo ends before. */
  said(what: RegExp): Promise<string>;
  readonly finished: Promise<Finished>;
}

/** @param env added to the environment; databases of the caller's environment are left out. */
export function startDemo(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): RunningDemo {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.endsWith('DATABASE_URL') && name !== 'INIT_CWD',
  );
  const child = spawn(process.execPath, [DEMO, ...args], {
    // For the demo and all that it starts.
    env: { ...Object.fromEntries(inherited), NODE_OPTIONS: `--import ${SHORT_LIVED.href}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const look of waiting) look();
  });
  const finished = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  const said = (what: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!what.test(stderr)) return;
        waiting.delete(look);
        resolve(stderr);
      };
      waiting.add(look);
      look();
      void finished.then(() => reject(new Error(`the demo ended before it said ${what}:\n${stderr}`)));
    });
  return { process: child, said, finished };
}

const count = z.number().int();
const minor = z.string().regex(/^-?[0-9]+$/);
/** Exactly the documented keys, and no others. */
export const resultSchema = z.strictObject({
  orders: count,
  accounts: count,
  scenarios: z.array(
    z.strictObject({
      scenario: z.enum(['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7a', 'C7b', 'C8', 'C9']),
      fixCode: z.string(),
      injected: count,
      reported: count,
      fixed: count,
      open: count,
    }),
  ),
  falsePositives: count,
  ledger: z.strictObject({ expectedMinor: minor, actualMinor: minor, accountsOff: count }),
  bank: z.strictObject({ paidTwice: count, collectedTwice: count, paidAndReturned: count }),
  repairs: z.strictObject({ executions: count, movedMinor: minor }),
  durationMs: count,
});
export type Result = z.infer<typeof resultSchema>;

/** @returns the one JSON object on stdout. */
export function readResult(finished: Finished): Result {
  return resultSchema.parse(JSON.parse(finished.stdout));
}

export interface DemoDatabases {
  readonly env: Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

/** Three fresh databases on the PostgreSQL of the tests. */
export async function threeDatabases(): Promise<DemoDatabases> {
  const made = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()]);
  const [server, pbap, bank] = made.map((database) => database.url);
  return {
    env: { PICULUS_DATABASE_URL: server ?? '', PBAP_DATABASE_URL: pbap ?? '', BANK_DATABASE_URL: bank ?? '' },
    drop: async () => {
      await Promise.all(made.map((database) => database.drop()));
    },
  };
}
