/** A page about a run that a person can read: what was planned, what was done, what was found. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checked } from './check/all.ts';
import type { Done } from './faults.ts';
import type { Figures } from './figures.ts';
import type { Healing } from './heal.ts';
import type { History } from './history.ts';
import type { PlannedFault, Profile } from './schedule.ts';
import type { WorkCounts } from './workload.ts';

export interface Outcome {
  readonly commit: string;
  readonly transport: string;
  readonly profile: Profile;
  readonly schedule: readonly PlannedFault[];
  readonly leftOut: readonly string[];
  readonly faults: Readonly<Record<string, Done>>;
  readonly checks: readonly Checked[];
  readonly healing: Healing;
  readonly figures: Figures & Readonly<Record<string, unknown>>;
  readonly work: WorkCounts;
  readonly endedByItself: ReadonlyMap<string, number>;
  readonly folder: string;
  readonly history: History;
}

export interface Verdict {
  readonly passed: number;
  /** In words, the first one first. */
  readonly failures: readonly string[];
}

const SHOWN = 10;
const AROUND = 200;

export function judge(outcome: Outcome): Verdict {
  const failures: string[] = [];
  let passed = 0;
  for (const { name, looked, wrong } of outcome.checks) {
    if (wrong.length > 0) failures.push(`not true: ${name}: ${wrong.length} of ${looked}, first ${wrong[0]}`);
    else if (looked === 0) failures.push(`shows nothing: ${name}: there was nothing to look at`);
    else passed += 1;
  }
  for (const [kind, { planned, happened }] of Object.entries(outcome.faults)) {
    if (planned === 0) continue;
    if (happened === 0) failures.push(`shows nothing: none of ${planned} planned "${kind}" happened`);
    else passed += 1;
  }
  if (outcome.healing.tookMs === null)
    failures.push(`not healed in time: ${outcome.healing.stillOpen.length} still open`);
  else passed += 1;
  return { passed, failures };
}

export function writeReport(outcome: Outcome, verdict: Verdict): string {
  const path = join(outcome.folder, 'report.md');
  writeFileSync(
    path,
    [...head(outcome, verdict), ...body(outcome), ...firstFailure(outcome, verdict)].join('\n'),
  );
  return path;
}

function head({ profile, commit, transport, leftOut }: Outcome, { failures, passed }: Verdict): string[] {
  return [
    `# Chaos, seed ${profile.seed}: ${failures.length === 0 ? 'all is right' : `${failures.length} things are wrong`}`,
    '',
    `Commit ${commit}, transport ${transport}, faults for ${Math.round(profile.forMs / 1000)} s, ${passed} passed.`,
    `Banks: ${profile.bankProfiles.join(', ')}. Messages: ${JSON.stringify(profile.messages)}.`,
    leftOut.length === 0 ? '' : `This machine cannot do, so that it was left out: ${leftOut.join(', ')}.`,
    ...failures.map((line) => `- ${line}`),
    '',
  ];
}

function body({ faults, checks, healing, figures, work, endedByItself, schedule }: Outcome): string[] {
  return [
    '## Faults',
    '| kind | planned | happened |',
    '|---|---|---|',
    ...Object.entries(faults).map(([kind, done]) => `| ${kind} | ${done.planned} | ${done.happened} |`),
    '',
    '## Checks',
    '| what | looked at | wrong |',
    '|---|---|---|',
    ...checks.map(({ name, looked, wrong }) => `| ${name} | ${looked} | ${wrong.length} |`),
    '',
    ...checks.flatMap(({ name, wrong }) =>
      wrong.length === 0 ? [] : [`### ${name}`, ...wrong.slice(0, SHOWN).map((line) => `- ${line}`), ''],
    ),
    '## Figures',
    ...Object.entries({ ...figures, ...work }).map(([name, value]) => `- ${name}: ${JSON.stringify(value)}`),
    `- healed in: ${healing.tookMs === null ? 'not in time' : `${(healing.tookMs / 1000).toFixed(1)} s`}`,
    ...healing.stillOpen.slice(0, SHOWN).map((line) => `  - ${line}`),
    ...[...endedByItself].map(([name, times]) => `- ${name} ended by itself ${times} times`),
    '',
    '## Schedule, as the seed drew it',
    ...schedule.map(
      ({ atMs, kind, target, forMs, detail }) =>
        `- ${(atMs / 1000).toFixed(1)} s ${kind} ${target}${forMs > 0 ? ` for ${(forMs / 1000).toFixed(1)} s` : ''} ${JSON.stringify(detail)}`,
    ),
    '',
  ];
}

/** What happened around the record that is wrong first; else the last things that happened. */
function firstFailure({ history, checks }: Outcome, { failures }: Verdict): string[] {
  if (failures.length === 0) return [];
  const line = checks.find(({ wrong }) => wrong.length > 0)?.wrong[0] ?? '';
  const key = /\b[TN][-A-Z0-9]{6,}\b/.exec(line)?.[0] ?? null;
  const about =
    key === null ? [] : history.entries.filter(({ detail }) => JSON.stringify(detail).includes(key));
  const shown = about.length > 0 ? about : history.entries.slice(-AROUND);
  return [
    key === null ? '## The last things that happened' : `## What happened to ${key}`,
    ...shown
      .slice(-AROUND)
      .map(({ atMs, what, detail }) => `- ${(atMs / 1000).toFixed(2)} s ${what} ${JSON.stringify(detail)}`),
    '',
  ];
}
