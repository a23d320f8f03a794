/** One run from its seed to its verdict. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromRoot } from '@piculus/example-pbap/demo/children';
import { repairedState } from '@piculus/example-pbap/demo/plan';
import { seededRandom } from '@piculus/example-pbap/demo/random';
import type pg from 'pg';
import { type Checked, runChecks } from './check/all.ts';
import type { Sources } from './check/sources.ts';
import { Cluster, fakeTimeLibrary, type TransportName } from './cluster.ts';
import { type Done, Faults } from './faults.ts';
import { readFigures } from './figures.ts';
import { type Healing, waitUntilHealed } from './heal.ts';
import { History } from './history.ts';
import { judge, type Outcome, type Verdict, writeReport } from './report.ts';
import {
  type FaultKind,
  makeProfile,
  NATS_KINDS,
  makeSchedule,
  type PlannedFault,
  type Profile,
} from './schedule.ts';
import type { Story } from './stories/story.ts';
import { Witness } from './witness.ts';
import { Workload } from './workload.ts';

export interface RunOptions {
  readonly seed: number;
  readonly forMs: number;
  readonly healWithinMs: number;
  /** The short form leaves out what this machine cannot do; the long form refuses. */
  readonly short: boolean;
  readonly transport: TransportName;
  /** Kinds that are not wanted this time. */
  readonly without: readonly FaultKind[];
  /** Of the schedule: these kinds alone, each so often, freezes of such a length. */
  readonly only?: readonly FaultKind[];
  readonly times?: number | null;
  readonly freezeMs?: readonly [number, number] | null;
  /** What is done in place of the schedule. */
  readonly story: Story | null;
  readonly say: (line: string) => void;
}

const ANOMALIES_PER_MINUTE = 7;
const DISK_MB = { short: 400, long: 1_500 } as const;

export interface Ran {
  readonly verdict: Verdict;
  readonly report: string;
}

/** @throws Error where the installation could not even be started. */
export async function runChaos(options: RunOptions): Promise<Ran> {
  const { seed, forMs, say, story } = options;
  const folder = fromRoot(`.piculus/chaos/${story?.name ?? 'seed'}-${seed}`);
  rmSync(folder, { recursive: true, force: true });
  const temporary = mkdtempSync(join(tmpdir(), 'piculus-chaos-'));
  execFileSync('chmod', ['711', temporary]);
  const history = new History(folder, say);
  const witness = new Witness(folder);
  const wanted = (kind: FaultKind): boolean => story === null && options.only?.includes(kind) !== false;
  const leftOut = missingHere().filter(wanted);
  if (leftOut.length > 0 && !options.short)
    throw new Error(`this machine cannot do ${leftOut.join(', ')}; only the short form goes without`);
  const notHere = options.transport === 'nats' ? [] : NATS_KINDS;
  const profile = makeProfile({
    ...options,
    forMs,
    without: [...leftOut, ...options.without, ...notHere],
    ...(story === null ? {} : { only: [] }),
  });
  const schedule = makeSchedule(profile);
  writeFileSync(join(folder, 'profile.json'), `${JSON.stringify({ profile, schedule }, null, 2)}\n`);
  say(`profile of seed ${seed}: ${JSON.stringify(profile)}`);
  if (leftOut.length > 0) say(`left out, because this machine cannot do it: ${leftOut.join(', ')}`);
  const random = seededRandom(seed ^ 0x51ed270b);
  try {
    const cluster = await Cluster.start({
      seed,
      anomalies: Math.max(
        6,
        Math.round(((story?.anomaliesPerMinute ?? ANOMALIES_PER_MINUTE) * forMs) / 60_000),
      ),
      random,
      history,
      witness,
      folder,
      temporary,
      diskMb: options.short ? DISK_MB.short : DISK_MB.long,
      bankProfiles: profile.bankProfiles,
      transport: options.transport,
      made: stopOnSignals,
      ...story?.installation,
    });
    try {
      return await faultsAndChecks({
        options,
        cluster,
        profile,
        schedule,
        leftOut,
        history,
        witness,
        random,
        folder,
      });
    } finally {
      await cluster.stop();
    }
  } finally {
    witness.close();
    await history.close();
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Whoever is told to end leaves nothing running and nothing mounted. */
function stopOnSignals(cluster: Cluster): void {
  const tidy = (): void => void cluster.stop().finally(() => process.exit(130));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, tidy);
}

interface Stage {
  readonly options: RunOptions;
  readonly cluster: Cluster;
  readonly profile: Profile;
  readonly schedule: readonly PlannedFault[];
  readonly leftOut: readonly FaultKind[];
  readonly history: History;
  readonly witness: Witness;
  readonly random: () => number;
  readonly folder: string;
}

async function faultsAndChecks(stage: Stage): Promise<Ran> {
  const { options, cluster, profile, schedule, history, witness, random } = stage;
  const workload = new Workload({ cluster, witness, history, random });
  const faults = new Faults(cluster, profile, history);
  const { story } = options;
  history.tell(story === null ? 'faults begin' : `${story.name} begins`, { planned: schedule.length });
  const from = new Date();
  workload.start(profile.forMs);
  const told = story === null ? null : await story.run({ cluster, history, random });
  if (story === null) await faults.run(schedule);
  const to = new Date();
  history.tell(story === null ? 'faults are over' : `${story.name} is over`);
  const admin = await cluster.postgres.admin('piculus');
  const readers: pg.Client[] = [admin];
  try {
    const sources = await openSources(stage, admin, readers);
    const early = await runChecks(sources(), 'safety');
    const healing = await waitUntilHealed(cluster, admin, { withinMs: options.healWithinMs, history });
    history.tell('healed', { tookMs: healing.tookMs });
    await workload.stop();
    const checks = [
      ...inWords(early, 'at the end of the faults'),
      ...(await runChecks(sources(), 'all')),
      auditChain(stage),
    ];
    const done = told?.done ?? faults.done;
    const shown = (await story?.figures?.({ cluster, history, random })) ?? {};
    const outcome = await outcomeOf(stage, {
      checks,
      healing,
      admin,
      from,
      to,
      done,
      shown: { ...told?.figures, ...shown },
      workload,
    });
    const verdict = judge(outcome);
    return { verdict, report: writeReport(outcome, verdict) };
  } finally {
    await Promise.all(readers.map((reader) => reader.end().catch(() => {})));
  }
}

/** Only what was wrong at that time: what was right is told once. */
function inWords(early: readonly Checked[], when: string): Checked[] {
  return early
    .filter(({ wrong }) => wrong.length > 0)
    .map((one) => ({ ...one, name: `${one.name} (${when})` }));
}

async function outcomeOf(
  { cluster, profile, schedule, leftOut, history, folder }: Stage,
  parts: {
    readonly checks: readonly Checked[];
    readonly healing: Healing;
    readonly admin: pg.Client;
    readonly from: Date;
    readonly to: Date;
    readonly done: Readonly<Record<string, Done>>;
    readonly shown: Readonly<Record<string, unknown>>;
    readonly workload: Workload;
  },
): Promise<Outcome> {
  return {
    commit: commit(),
    transport: cluster.options.transport,
    profile,
    schedule,
    leftOut,
    faults: parts.done,
    checks: parts.checks,
    healing: parts.healing,
    figures: { ...(await readFigures(parts.admin, parts.from, parts.to)), ...parts.shown },
    work: parts.workload.counts,
    endedByItself: cluster.fleet.endedByItself,
    folder,
    history,
  };
}

async function openSources(
  { cluster, witness }: Stage,
  piculus: pg.Client,
  readers: pg.Client[],
): Promise<() => Sources> {
  const systems = await Promise.all(
    cluster.books.map(async ({ sysCode, plan, own, bank }) => {
      const source = {
        sysCode,
        own: await cluster.postgres.admin(own),
        bank: await cluster.postgres.admin(bank),
        endings: new Map(
          plan.orders
            .filter(({ scenario }) => scenario !== null)
            .map((order) => {
              const { status, moved } = repairedState(order);
              return [order.orderNo, { status, moved }];
            }),
        ),
      };
      readers.push(source.own, source.bank);
      return source;
    }),
  );
  return () => ({ piculus, systems, testimonies: [...witness.all] });
}

/** The command that an auditor uses; it goes through acts, reports and executions by itself. */
function auditChain({ cluster }: Stage): Checked {
  const name = 'the chain of the audit holds';
  const cli = fromRoot('packages/cli/bin/piculus.js');
  const where = [
    '--database-url',
    cluster.postgres.urlOf('piculus'),
    '--data-dir',
    join(cluster.options.temporary, 'piculus'),
  ];
  try {
    execFileSync(process.execPath, [cli, 'audit', 'verify', ...where], { stdio: ['ignore', 'pipe', 'pipe'] });
    return { name, looked: 1, wrong: [] };
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    return { name, looked: 1, wrong: [`${String(error).slice(0, 300)} ${said.slice(0, 500)}`] };
  }
}

/** What needs something of the machine that is not there. */
function missingHere(): FaultKind[] {
  const missing: FaultKind[] = [];
  if (fakeTimeLibrary() === null) missing.push('clock');
  if (process.getuid?.() !== 0 || !existsSync('/bin/mount')) missing.push('disk-full');
  return missing;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: fromRoot('.'),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .toString()
      .trim();
  } catch {
    return 'unknown';
  }
}
