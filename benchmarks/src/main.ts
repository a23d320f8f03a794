/**
 * Runs benchmarks and prints what came of them: figures beside their targets. Exit code 1 only where the work was not
 * done as it should have been, 2 for arguments that make no sense. A missed target is printed, and is no error.
 */
import { readArguments, usage } from './arguments.ts';
import { BenchError, type BenchReport, type Cell, type CellContext, type CellResult } from './cell.ts';
import { CELLS } from './cells.ts';
import { readReports, writeReport } from './files.ts';
import { asPage } from './page.ts';
import { asTable, failed, joined } from './report.ts';
import { tunePeers } from './queues/tune.ts';
import { describeMachine, describeVersions } from './support/machine.ts';

const INTERRUPTED = 130;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const undos: Array<() => Promise<void>> = [];
  const undoAll = async (): Promise<void> => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      await undo().catch((error: unknown) => say(`could not tidy up: ${String(error)}`));
    }
  };
  let interrupted: Promise<void> | null = null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      interrupted ??= undoAll().then(() => process.exit(INTERRUPTED));
    });
  }
  try {
    const asked = readArguments(args, CELLS);
    if (asked === null) {
      for (const line of usage(CELLS)) say(line);
      return 0;
    }
    if (asked.page !== null) {
      for (const line of asPage(readReports(asked.page, Object.keys(CELLS))))
        process.stdout.write(`${line}\n`);
      return 0;
    }
    const databaseUrl = process.env.BENCH_DATABASE_URL;
    if (databaseUrl === undefined || databaseUrl === '')
      throw new BenchError('BENCH_DATABASE_URL is not set');
    const shared = { databaseUrl, quick: asked.quick, say };
    const machine = await describeMachine(databaseUrl);
    const versions = describeVersions();
    const results = new Map<string, CellResult>();
    const seconds = new Map<string, number>();
    const reportOf = (some: ReadonlyMap<string, CellResult>): BenchReport => ({
      machine,
      versions,
      settings: {
        quick: asked.quick,
        seconds: Object.fromEntries([...seconds].filter(([name]) => some.has(name))),
        options: Object.fromEntries(asked.cells.filter(([name]) => some.has(name)).map(named)),
      },
      ...joined(some),
    });
    if (asked.tune) {
      const tuning: Cell = { says: 'settings of the systems beside Piculus', options: {}, run: tunePeers };
      results.set('tune', await runCell(tuning, { ...shared, options: new Map() }, undos));
    }
    for (const [name, options] of asked.tune ? [] : asked.cells) {
      const cell = CELLS[name];
      if (cell === undefined) continue;
      say(`--- ${name}: ${cell.says}`);
      const startedAt = performance.now();
      const ran = runCell(cell, { ...shared, options }, undos);
      // One cell that breaks must not take what the others found with it.
      const kept = asked.cells.length === 1 ? ran : ran.catch(failed);
      const result = await kept;
      results.set(name, result);
      seconds.set(name, Math.round((performance.now() - startedAt) / 1_000));
      say(`--- ${name} took ${seconds.get(name)} s`);
      if (interrupted !== null) return INTERRUPTED;
      if (asked.out !== null) writeReport(asked.out, name, reportOf(new Map([[name, result]])));
    }
    return print(reportOf(results), results, asked.json);
  } catch (error) {
    // What was under way fails because its database and processes are taken away.
    if (interrupted !== null) return INTERRUPTED;
    if (!(error instanceof BenchError)) throw error;
    say(error.message);
    return 2;
  } finally {
    await interrupted;
    await undoAll();
  }
}

/** What a cell started ends with it, so that the next one has the machine for itself. */
async function runCell(
  cell: Cell,
  context: Omit<CellContext, 'atEnd'>,
  undos: Array<() => Promise<void>>,
): Promise<CellResult> {
  const before = undos.length;
  try {
    return await cell.run({ ...context, atEnd: (undo) => void undos.push(undo) });
  } finally {
    while (undos.length > before) await undos.pop()?.();
  }
}

function named([name, options]: readonly [string, ReadonlyMap<string, number>]) {
  return [name, Object.fromEntries(options)] as const;
}

function print(report: BenchReport, results: ReadonlyMap<string, CellResult>, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else for (const line of asTable(report, results)) process.stdout.write(`${line}\n`);
  for (const line of report.wrong) say(`WRONG: ${line}`);
  return report.wrong.length === 0 ? 0 : 1;
}
