/** Worlds that are used by one check after the other, because making one takes longer than most checks. */
import { importStatement } from '../../src/pbap/statement-import.ts';
import { never, type PbapWorld } from './world.ts';

export interface WorldLender {
  /** A world that nobody else has until it is closed. Unless it is to be empty, it may hold the orders of earlier checks. */
  lend(wanted?: { readonly empty: boolean }): Promise<PbapWorld>;
  close(): Promise<void>;
}

/** What one check leaves behind is rows of its own orders; so many checks' rows do not slow a collect yet. */
const CHECKS_MAX = 16;

export function lendWorlds(open: () => Promise<PbapWorld>): WorldLender {
  const all = new Set<PbapWorld>();
  const free: { readonly world: PbapWorld; readonly checks: number }[] = [];
  const make = async (): Promise<PbapWorld> => {
    const world = await open();
    all.add(world);
    return world;
  };
  const giveBack = async (world: PbapWorld, checks: number): Promise<void> => {
    if (await isSound(world)) {
      free.push({ world, checks });
      return;
    }
    all.delete(world);
    await world.close();
  };
  return {
    lend: async ({ empty } = { empty: false }) => {
      const used = free.pop();
      const world = used?.world ?? (await make());
      const forget = used !== undefined && (empty || used.checks >= CHECKS_MAX);
      if (forget) await world.forget();
      // As in a new world, the statement reaches to this moment.
      else if (used !== undefined) await importStatement(world, never);
      const checks = used === undefined || forget ? 1 : used.checks + 1;
      return { ...world, close: () => giveBack(world, checks) };
    },
    close: async () => {
      await Promise.all([...all].map((world) => world.close()));
    },
  };
}

/** A check that found money missing must not make the next ones fail. */
function isSound(world: PbapWorld): Promise<boolean> {
  return world.ledgerSumMinor().then(
    (sumMinor) => sumMinor === 0n,
    () => false,
  );
}
