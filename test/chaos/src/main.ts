/**
 * `npm run chaos -- --minutes M --seed N [options of docs/chaos.md]`: a whole installation under faults, then checked.
 * Ends with one line, and exit code 0 where all is right; COUNT_FILE, where set, gets how many checks passed and failed.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fromRoot } from '@piculus/example-pbap/demo/children';
import { type Ran, runChaos } from './run.ts';
import { FAULT_KINDS, type FaultKind } from './schedule.ts';
import { rollingStory } from './stories/rolling.ts';
import type { Story } from './stories/story.ts';
import { takeOverStory } from './stories/take-over.ts';
import { upgradeStory } from './stories/upgrade.ts';

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
      only: { type: 'string' },
      times: { type: 'string' },
      'freeze-seconds': { type: 'string' },
      story: { type: 'string' },
      before: { type: 'string' },
      next: { type: 'string' },
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
  const transport = values.transport ?? (seed % 2 === 0 && values.story === undefined ? 'nats' : 'websocket');
  if (transport !== 'nats' && transport !== 'websocket') {
    say('--transport must be nats or websocket');
    return 2;
  }
  const times = values.times === undefined ? null : Number(values.times);
  const story = tell(values, times);
  const freezeMs = spanMs(values['freeze-seconds']);
  if (story === undefined || freezeMs === undefined || (times !== null && !(times > 0))) {
    say('--story is take-over, upgrade (with --before FOLDER) or rolling (with --next FOLDER);');
    say('--times a whole number; --freeze-seconds two numbers such as 1..120');
    return 2;
  }
  const from = Date.now();
  let ran: Ran | null = null;
  let broken: unknown = null;
  try {
    ran = await runChaos({
      seed,
      forMs: story?.forMs ?? Math.round(minutes * 60_000),
      healWithinMs: short ? HEAL_SHORT_MS : HEAL_MS,
      short,
      without: kinds(values.without),
      ...(values.only === undefined ? {} : { only: kinds(values.only) }),
      times,
      freezeMs,
      story,
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
    `${story?.name ?? 'chaos'} over ${transport}, seed ${seed}: ${passed} passed, ${failures.length} failed, ${Math.round((Date.now() - from) / 1000)} s`,
  );
  const countFile = process.env.COUNT_FILE;
  if (countFile !== undefined && countFile !== '')
    writeFileSync(countFile, JSON.stringify({ passed, failed: failures.length, skipped: 0 }));
  return failures.length === 0 ? 0 : 1;
}

function kinds(list = ''): FaultKind[] {
  return FAULT_KINDS.filter((kind) => list.split(',').includes(kind));
}

/** @returns null for none; undefined where it is not known, or lacks what it needs. */
function tell(
  { story, before, next }: { story?: string; before?: string; next?: string },
  times: number | null,
): Story | null | undefined {
  if (story === undefined) return null;
  if (story === 'take-over') return takeOverStory(times ?? 20);
  if (story === 'upgrade' && before !== undefined) return upgradeStory({ before, after: fromRoot('.') });
  if (story === 'rolling' && next !== undefined)
    return rollingStory({ here: fromRoot('.'), next, restarts: times ?? 18 });
  return undefined;
}

/** Of seconds. @returns null for none; undefined where it is no span. */
function spanMs(text: string | undefined): readonly [number, number] | null | undefined {
  if (text === undefined) return null;
  const [from = 0, to = 0, ...more] = text.split('..').map(Number);
  return from > 0 && to >= from && more.length === 0 ? [from * 1_000, to * 1_000] : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
