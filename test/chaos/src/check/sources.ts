/** Where the checkers look: the databases themselves, past every server, client and proxy. */
import type pg from 'pg';
import type { Testimony } from '../witness.ts';

export type Reader = Pick<pg.Client, 'query'>;

export interface SystemSource {
  readonly sysCode: string;
  readonly own: Reader;
  readonly bank: Reader;
  /** How each broken order of the plan must end. */
  readonly endings: ReadonlyMap<string, Ending>;
}

export interface Ending {
  readonly status: string;
  /** Whether the bank moved the money, and the account shows it. */
  readonly moved: boolean;
}

export interface Sources {
  readonly piculus: Reader;
  readonly systems: readonly SystemSource[];
  readonly testimonies: readonly Testimony[];
}

export interface Found {
  /** How many rows were looked at: a check that saw nothing says nothing. */
  readonly looked: number;
  readonly wrong: readonly string[];
}

export interface Check {
  readonly name: string;
  /** `safety` must hold at any moment; `end` when all has come to rest. */
  readonly when: 'safety' | 'end';
  run(sources: Sources): Promise<Found>;
}

/** Runs a check in each system and puts the answers together. */
export async function eachSystem(
  { systems }: Sources,
  look: (system: SystemSource) => Promise<Found>,
): Promise<Found> {
  let looked = 0;
  const wrong: string[] = [];
  for (const system of systems) {
    const found = await look(system);
    looked += found.looked;
    wrong.push(...found.wrong.map((line) => `${system.sysCode}: ${line}`));
  }
  return { looked, wrong };
}
