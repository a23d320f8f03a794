/** What a collect command's figures mean. Pure. */
import type { CollectCommandView } from '@piculus/protocol/http';

/** Handed out this often, a command is not handed out again. */
const EPOCHS_MAX = 20;

type Command = Pick<CollectCommandView, 'state' | 'epoch' | 'feeds'>;
export type Gap = CollectCommandView['feeds'][number];

/** Sides whose data does not reach the end of the window. */
export function gapsOf(command: Pick<Command, 'feeds'>): readonly Gap[] {
  return command.feeds.filter(({ complete }) => !complete);
}

/** Ended by its client, which did not say how far its data reaches. What failed or runs has its own words. */
export function saidNothing({ state, feeds }: Pick<Command, 'state' | 'feeds'>): boolean {
  return (state === 'complete' || state === 'incomplete') && feeds.length === 0;
}

export type Why = 'never-taken' | 'gave-up' | 'gaps' | 'partial' | 'failed' | 'cancelled';

/** Why a command did not end complete, as far as its figures tell; null where it did or has not ended. */
export function whyNot(command: Command): Why | null {
  switch (command.state) {
    case 'cancelled':
      return 'cancelled';
    case 'incomplete':
      return gapsOf(command).length > 0 ? 'gaps' : 'partial';
    case 'failed':
      if (command.epoch === 0) return 'never-taken';
      return command.epoch >= EPOCHS_MAX ? 'gave-up' : 'failed';
    default:
      return null;
  }
}

export interface Sums {
  readonly rows: number;
  readonly reported: number;
  readonly fresh: number;
}

export function sumsOf(
  commands: readonly Pick<CollectCommandView, 'rowsScanned' | 'problemsReported' | 'problemsNew'>[],
): Sums {
  return commands.reduce<Sums>(
    (sum, command) => ({
      rows: sum.rows + command.rowsScanned,
      reported: sum.reported + command.problemsReported,
      fresh: sum.fresh + command.problemsNew,
    }),
    { rows: 0, reported: 0, fresh: 0 },
  );
}

export function isOpen({ finishedAt }: { readonly finishedAt: string | null }): boolean {
  return finishedAt === null;
}
