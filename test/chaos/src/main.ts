/**
 * `npm run chaos -- --minutes M --seed N [--short] [--transport nats|websocket] [--without kind,kind]`: a whole installation under faults, then checked. Ends with one line,
 * and exit code 0 where all is right; COUNT_FILE, where set, gets how many checks passed and failed.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Ran, runChaos } from './run.ts';
import { FAULT_KINDS } from './schedule.ts';

const SHORT_MS = 100_000;
const HEAL_SHORT_MS = 150_000;
const HEAL_MS = 300_000;
/** A line that cannot be written because whoever read it is gone must not end the run. */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

// Whatever a broken run left open must not keep it from ending.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      short: { type: 'boolean' },
      without: { type: 'string' },
      transport: { type: 'string' },
    },
  });
  const short = values.short === true;
  const minutes = Number(values.minutes ?? (short ? SHORT_MS / 60_000 : 3));
  const seed = Number(values.seed ?? Date.now() % 100_000);
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    say('--minutes must be more than 0, --seed a whole number');
    return 2;
  }
  // Both are tried where nobody asks for one.
  const transport = values.transport ?? (seed % 2 === 0 ? 'nats' : 'websocket');
  if (transport !== 'nats' && transport !== 'websocket') {
    say('--transport must be nats or websocket');
    return 2;
  }
  const from = Date.now();
  let ran: Ran | null = null;
  let broken: unknown = null;
  try {
    ran = await runChaos({
      seed,
      forMs: Math.round(minutes * 60_000),
      healWithinMs: short ? HEAL_SHORT_MS : HEAL_MS,
      short,
      without: FAULT_KINDS.filter((kind) => values.without?.split(',').includes(kind)),
      transport,
      say,
    });
  } catch (error) {
    broken = error;
  }
  const passed = ran?.verdict.passed ?? 0;
  const failures = ran?.verdict.failures ?? [`the run broke off: ${describe(broken)}`];
  for (const line of failures) say(line);
  if (ran !== null) say(`report: ${ran.report}`);
  say(
    `chaos over ${transport}, seed ${seed}: ${passed} passed, ${failures.length} failed, ${Math.round((Date.now() - from) / 1000)} s`,
  );
  const countFile = process.env.COUNT_FILE;
  if (countFile !== undefined && countFile !== '')
    writeFileSync(countFile, JSON.stringify({ passed, failed: failures.length, skipped: 0 }));
  return failures.length === 0 ? 0 : 1;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
