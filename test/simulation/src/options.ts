/** What the command line asks for. */
import { parseArgs } from 'node:util';
import type { ServerKind } from './profile.ts';
import { WORLD_NAMES, type WorldName } from './worlds.ts';

export interface Options {
  readonly from: number;
  readonly to: number;
  /** Ends after so long, whatever is left; null for no limit. */
  readonly limitMs: number | null;
  /** So many seeds are run however long it takes. */
  readonly least: number;
  readonly mutants: readonly string[];
  readonly out: string;
  /** Of how many seeds one is run twice. */
  readonly twiceEvery: number;
  readonly verbose: boolean;
  /** Null: now the one, now the other. */
  readonly server: ServerKind | null;
  /** Null: each seed chooses. */
  readonly world: WorldName | null;
}

/** @throws Error naming the option that cannot be read. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      least: { type: 'string' },
      mutant: { type: 'string', multiple: true },
      out: { type: 'string', default: 'out' },
      'twice-every': { type: 'string', default: '50' },
      verbose: { type: 'boolean', default: false },
      server: { type: 'string' },
      world: { type: 'string' },
    },
  });
  const minutes = number('minutes', values.minutes);
  const seconds = number('seconds', values.seconds);
  const limitMs =
    minutes === null && seconds === null ? null : (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1_000;
  const [from, to] = range(values.seed, values.seeds, limitMs !== null);
  return {
    from,
    to,
    limitMs,
    least: number('least', values.least) ?? 0,
    mutants: values.mutant ?? [],
    out: values.out,
    twiceEvery: number('twice-every', values['twice-every']) ?? 50,
    server: serverOf(values.server),
    world: worldNamed(values.world),
    verbose: values.verbose || values.seed !== undefined,
  };
}

function serverOf(text: string | undefined): ServerKind | null {
  if (text === undefined || text === 'stand-in' || text === 'nodes') return text ?? null;
  throw new Error(`--server: "${text}" is neither "stand-in" nor "nodes"`);
}

function worldNamed(text: string | undefined): WorldName | null {
  if (text === undefined) return null;
  const name = WORLD_NAMES.find((each) => each === text);
  if (name === undefined) throw new Error(`--world: "${text}" is none of ${WORLD_NAMES.join(', ')}`);
  return name;
}

function range(seed: string | undefined, seeds: string | undefined, limited: boolean): [number, number] {
  const one = number('seed', seed);
  if (one !== null) return [one, one];
  if (seeds === undefined) return [1, limited ? Number.MAX_SAFE_INTEGER : 100];
  const [from, to] = seeds.split('..');
  const first = number('seeds', from) ?? 1;
  return [first, number('seeds', to) ?? first];
}

function number(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name}: "${text}" is not a number`);
  return value;
}
