/**
 * Runs one benchmark and prints what came of it: figures, never a judgement of them. Exit code 1 only where the
 * work was not done as it should have been, 2 for arguments that make no sense.
 */
import { parseArgs } from 'node:util';
import { BenchError, type Cell, type CellContext } from './cell.ts';
import { CELLS } from './cells.ts';
import { describeMachine } from './support/machine.ts';

const INTERRUPTED = 130;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const cell = Object.hasOwn(CELLS, name) ? CELLS[name] : undefined;
  if (cell === undefined) {
    for (const line of usage()) say(line);
    return name === '' || name === '--help' ? 0 : 2;
  }
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
    const { json, options } = readOptions(cell, rest);
    const databaseUrl = process.env.BENCH_DATABASE_URL ?? process.env.TEST_DATABASE_URL;
    if (databaseUrl === undefined || databaseUrl === '')
      throw new BenchError('BENCH_DATABASE_URL is not set');
    return await runCell(name, cell, json, { databaseUrl, options, say, atEnd: (undo) => undos.push(undo) });
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

async function runCell(name: string, cell: Cell, json: boolean, context: CellContext): Promise<number> {
  const machine = await describeMachine(context.databaseUrl);
  const { figures, lines, wrong } = await cell.run(context);
  if (json) {
    process.stdout.write(`${JSON.stringify({ cell: name, ...figures, wrong, machine })}\n`);
  } else {
    const all = [...lines, ...Object.entries(machine).map(([what, value]) => [what, String(value)] as const)];
    const width = Math.max(...all.map(([what]) => what.length));
    for (const [what, figure] of all) process.stdout.write(`${what.padEnd(width)}  ${figure}\n`);
  }
  for (const line of wrong) say(`WRONG: ${line}`);
  return wrong.length === 0 ? 0 : 1;
}

function readOptions(
  cell: Cell,
  args: readonly string[],
): { readonly json: boolean; readonly options: ReadonlyMap<string, number> } {
  const given = parse(cell, args);
  const options = Object.entries(cell.options).map(([name, { otherwise }]) => {
    const value = given.get(name) ?? String(otherwise);
    if (typeof value !== 'string' || !/^[0-9]{1,9}$/.test(value)) {
      throw new BenchError(`--${name} must be a whole number, not "${String(value)}"`);
    }
    return [name, Number(value)] as const;
  });
  return { json: given.get('json') === true, options: new Map(options) };
}

/** @throws BenchError for an argument that the cell does not know. */
function parse(cell: Cell, args: readonly string[]): ReadonlyMap<string, unknown> {
  const known = Object.keys(cell.options).map((name) => [name, { type: 'string' as const }] as const);
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(known), json: { type: 'boolean' as const } },
    });
    return new Map(Object.entries(values));
  } catch (error) {
    if (error instanceof TypeError) throw new BenchError(error.message);
    throw error;
  }
}

function usage(): readonly string[] {
  return [
    'npm run bench -- <cell> [options] [--json]',
    ...Object.entries(CELLS).flatMap(([name, cell]) => [
      `  ${name}: ${cell.says}`,
      ...Object.entries(cell.options).map(
        ([option, { otherwise, says }]) => `    --${option} ${otherwise}  ${says}`,
      ),
    ]),
    'BENCH_DATABASE_URL names a PostgreSQL on which databases may be made; without it, TEST_DATABASE_URL or a temporary one.',
  ];
}
