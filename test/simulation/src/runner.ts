/** Runs seeds one after another, and says what came of them. */
import { mutantOf } from './mutants.ts';
import { profileLines } from './profile.ts';
import type { Options } from './options.ts';
import { writeReport } from './report.ts';
import { type Asked, type RunResult, runSeed } from './world.ts';

/** Handles that a run must not leave behind or use: all its time and all its input are simulated. */
const FORBIDDEN = /Timeout|TCP|UDP|FSReq|FSEvent|Process|DNS|GetAddrInfo/;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Totals {
  seeds: number;
  events: number;
  virtualMs: number;
  twice: number;
  readonly seen: Map<string, number>;
  readonly broken: RunResult[];
}

/** @returns the exit code: 1 where an invariant broke. */
export async function runSimulation(options: Options): Promise<number> {
  const started = performance.now();
  const ddl = options.mutants.flatMap((name) => mutantOf(name).ddl);
  const totals: Totals = { seeds: 0, events: 0, virtualMs: 0, twice: 0, seen: new Map(), broken: [] };
  for (let seed = options.from; seed <= options.to; seed += 1) {
    const isTimeUp = options.limitMs !== null && performance.now() - started > options.limitMs;
    if (isTimeUp && totals.seeds >= options.least) break;
    const result = await runSeed(seed, askedOf(options, seed, ddl));
    guardLeaks(seed);
    add(totals, result);
    if (options.twiceEvery > 0 && seed % options.twiceEvery === 0)
      await again(result, totals, askedOf(options, seed, ddl));
    if (options.verbose) describe(result);
    if (!result.violation) continue;
    const page = writeReport(options.out, result, options);
    const { invariant, orderNo, message } = result.violation;
    say(`seed ${seed}: ${invariant} broke, ${orderNo ?? 'all'}: ${message} (${page})`);
  }
  summary(totals, (performance.now() - started) / 1_000);
  return totals.broken.length === 0 ? 0 : 1;
}

/** Runs seeds until an invariant breaks in one, and says nothing. */
export async function firstBroken(options: Options): Promise<RunResult | null> {
  const ddl = options.mutants.flatMap((name) => mutantOf(name).ddl);
  for (let seed = options.from; seed <= options.to; seed += 1) {
    const result = await runSeed(seed, askedOf(options, seed, ddl));
    guardLeaks(seed);
    if (!result.violation) continue;
    writeReport(options.out, result, options);
    return result;
  }
  return null;
}

function add(totals: Totals, result: RunResult): void {
  totals.seeds += 1;
  totals.events += result.events;
  totals.virtualMs += result.virtualMs;
  for (const [what, times] of result.seen) totals.seen.set(what, (totals.seen.get(what) ?? 0) + times);
  if (result.violation) totals.broken.push(result);
}

/** Every tenth seed has nodes of the real server, which cost far more. */
function askedOf({ server, world }: Options, seed: number, ddl: readonly string[]): Asked {
  return { server: server ?? (seed % 10 === 0 ? 'nodes' : 'stand-in'), world, ddl };
}

async function again(first: RunResult, totals: Totals, asked: Asked): Promise<void> {
  const second = await runSeed(first.seed, asked);
  totals.twice += 1;
  if (second.hash !== first.hash) {
    throw new Error(`seed ${first.seed} is not the same twice: ${first.hash}, then ${second.hash}`);
  }
}

function guardLeaks(seed: number): void {
  const leaked = process.getActiveResourcesInfo().filter((name) => FORBIDDEN.test(name));
  if (leaked.length > 0) throw new Error(`seed ${seed} used what is not simulated: ${leaked.join(', ')}`);
}

function describe(result: RunResult): void {
  say(`seed ${result.seed}`);
  for (const line of profileLines(result.profile)) say(`  ${line}`);
  say(
    `  hash ${result.hash}, ${result.events} events, ${(result.virtualMs / 1_000).toFixed(1)} s of virtual time`,
  );
}

function summary(totals: Totals, seconds: number): void {
  const { seeds, events, virtualMs, seen, broken, twice } = totals;
  for (const [what, times] of [...seen].sort(([a], [b]) => (a < b ? -1 : 1))) say(`  ${what}: ${times}`);
  say(
    `${seeds} seeds in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(1)} per second), ${events} events, ` +
      `${(virtualMs / 3_600_000).toFixed(1)} hours of virtual time, ${twice} run twice with the same hash`,
  );
  say(`${broken.length} seeds broke an invariant`);
}
