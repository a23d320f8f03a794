/** What was asked for on the command line. */
import { parseArgs } from 'node:util';
import { BenchError, type Cell } from './cell.ts';

export interface Asked {
  readonly cells: readonly (readonly [name: string, options: ReadonlyMap<string, number>])[];
  readonly quick: boolean;
  readonly json: boolean;
  /** Looks for the best settings of the peers in place of running cells. */
  readonly tune: boolean;
  /** A folder that gets the report of each cell as soon as it is done. */
  readonly out: string | null;
  /** A folder of such reports, to be printed as Markdown in place of running cells. */
  readonly page: string | null;
}

type Cells = Readonly<Record<string, Cell>>;

/**
 * No cell means all of them; an option goes to each cell that knows it.
 * @returns null where only the usage was asked for.
 * @throws BenchError for what no cell knows.
 */
export function readArguments(args: readonly string[], known: Cells): Asked | null {
  const { values, positionals } = parse(args, known);
  if (values.get('help') === true) return null;
  const names = positionals.length === 0 ? Object.keys(known) : [...new Set(positionals)];
  const quick = values.get('quick') === true;
  const cells = names.map((name) => {
    const cell = Object.hasOwn(known, name) ? known[name] : undefined;
    if (cell === undefined)
      throw new BenchError(`there is no cell "${name}"; there are ${Object.keys(known).join(', ')}`);
    return [name, optionsOf(cell, values, quick)] as const;
  });
  const folder = (name: string): string | null => {
    const given = values.get(name);
    return typeof given === 'string' ? given : null;
  };
  const flags = { quick, json: values.get('json') === true, tune: values.get('tune') === true };
  return { cells, ...flags, out: folder('out'), page: folder('page') };
}

function optionsOf(
  cell: Cell,
  values: ReadonlyMap<string, unknown>,
  quick: boolean,
): ReadonlyMap<string, number> {
  const options = Object.entries(cell.options).map(([name, { otherwise, whenQuick }]) => {
    const value = values.get(name) ?? String(quick ? (whenQuick ?? otherwise) : otherwise);
    if (typeof value !== 'string' || !/^[0-9]{1,9}$/.test(value)) {
      throw new BenchError(`--${name} must be a whole number, not "${String(value)}"`);
    }
    return [name, Number(value)] as const;
  });
  return new Map(options);
}

function parse(args: readonly string[], known: Cells) {
  const names = Object.values(known).flatMap((cell) => Object.keys(cell.options));
  const flag = { type: 'boolean' as const };
  const folder = { type: 'string' as const };
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }] as const)),
        ...{ json: flag, quick: flag, tune: flag, help: flag, out: folder, page: folder },
      },
    });
    return { values: new Map<string, unknown>(Object.entries(values)), positionals };
  } catch (error) {
    if (error instanceof TypeError) throw new BenchError(error.message);
    throw error;
  }
}

export function usage(known: Cells): readonly string[] {
  return [
    'npm run bench -- [cell…] [options] [--quick] [--json]        without a cell: all of them',
    'npm run bench -- --tune [--quick]        finds the best settings of the systems beside Piculus',
    'npm run bench -- [cell…] --out FOLDER        also writes the report of each cell there as soon as it is done',
    'npm run bench -- --page FOLDER        prints these reports as Markdown and measures nothing',
    ...Object.entries(known).flatMap(([name, cell]) => [
      `  ${name}: ${cell.says}`,
      ...Object.entries(cell.options).map(
        ([option, { otherwise, whenQuick, says }]) =>
          `    --${option} ${otherwise}${whenQuick === undefined ? '' : ` (quick: ${whenQuick})`}  ${says}`,
      ),
    ]),
    'BENCH_DATABASE_URL names a PostgreSQL on which databases may be made; without it, a temporary one that syncs to disk.',
  ];
}
