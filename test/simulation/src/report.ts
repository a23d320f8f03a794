/** What a run leaves behind for a person: one page that says what broke, and how it came to that. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from './options.ts';
import { profileLines } from './profile.ts';
import { EPOCH_MS } from './scheduler.ts';
import type { RunResult } from './world.ts';

const INVARIANTS: Readonly<Record<string, string>> = {
  I1: 'one effect for each key: in the journal, in the ledger, at the bank',
  I2: 'a payout is paid or given back, never both',
  I3: 'what is called fixed is right on all three sides',
  I4: 'money is neither made nor lost',
  I5: 'every accepted problem ends, or waits for a person with a reason',
  I6: 'one open lease for each record, and nothing under a closed one',
  I7: 'what is acknowledged is committed',
  I8: 'nothing is begun after a lease lapsed',
  I9: 'a tick once, and no more retries than allowed',
  I10: 'the reason for an effect holds in the transaction that commits it',
  I11: 'what is counted is what is there',
  I12: 'what takes two people is run after two agreed to it as it is, and what takes one after a click',
  I13: 'nobody and no tick runs more than the limits say',
  I14: 'after the stop switch nothing new begins',
  I15: 'a bulk run has one answer for each of its problems',
};
const LINES_MAX = 200;

/** What was asked for besides the seed. */
type Told = Pick<Options, 'mutants' | 'server' | 'world'>;

/** @returns the path of the page. */
export function writeReport(out: string, result: RunResult, told: Told): string {
  const folder = join(out, String(result.seed));
  mkdirSync(folder, { recursive: true });
  const page = join(folder, 'report.md');
  writeFileSync(page, reportOf(result, told));
  writeFileSync(
    join(folder, 'history.jsonl'),
    result.history.lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  return page;
}

export function reportOf(result: RunResult, { mutants, server, world }: Told): string {
  const { violation, seed, hash, profile, events, virtualMs } = result;
  const about = violation?.orderNo ?? null;
  const lines = result.history.lines.filter(
    ({ orderNo }) => orderNo === null || about === null || orderNo === about,
  );
  const flags = [
    ...mutants.map((name) => ` --mutant ${name}`),
    server === null ? '' : ` --server ${server}`,
    world === null ? '' : ` --world '${world}'`,
  ];
  const command = `npm run simulate -- --seed ${seed}${flags.join('')}`;
  return [
    `# Seed ${seed}`,
    '',
    violation
      ? `**${violation.invariant} broke** (${INVARIANTS[violation.invariant] ?? ''}): ${violation.message}${about === null ? '' : `, order ${about}`}.`
      : 'Nothing broke.',
    '',
    `Again: \`${command}\`. Hash ${hash}, ${events} events, ${seconds(virtualMs)} s of virtual time.`,
    ...(mutants.length > 0 ? ['', `Switched off on purpose: ${mutants.join(', ')}.`] : []),
    '',
    '## Profile',
    '',
    ...profileLines(profile).map((line) => `- ${line}`),
    '',
    about === null ? '## What happened' : `## What happened to ${about}, and to all`,
    '',
    '| s | order | |',
    '|---|---|---|',
    ...lines
      .slice(-LINES_MAX)
      .map(
        ({ atMs, orderNo, text }) =>
          `| ${seconds(atMs)} | ${orderNo ?? ''} | ${text.replaceAll('|', '\\|')} |`,
      ),
    '',
    `Second 0 is ${new Date(EPOCH_MS).toISOString()}.`,
    '',
  ].join('\n');
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(2);
