/** Rows that were checked, also over pages. */
import type { Problem } from '@piculus/protocol/http';
import { useMemo, useState } from 'react';
import type { Chosen } from './chosen.ts';
import type { Selection } from './DataTable.tsx';

export interface Choosing {
  readonly chosen: Chosen;
  readonly selection: Selection;
  readonly clear: () => void;
}

const NOTHING: Chosen = new Map();

/**
 * @param rows of the page on the screen.
 * @param scope the list; whoever asks for another list starts with nothing chosen, so that nobody acts on rows
 *   that they no longer see named.
 */
export function useChosen(rows: readonly Problem[] | undefined, scope: string): Choosing {
  const [kept, setKept] = useState<{ scope: string; chosen: Chosen }>({ scope, chosen: NOTHING });
  const before = kept.scope === scope ? kept.chosen : NOTHING;
  const chosen = useMemo(() => refreshed(before, rows ?? []), [before, rows]);
  const selection = useMemo(
    (): Selection => ({
      selected: new Set(chosen.keys()),
      onChange: (selected) => setKept({ scope, chosen: choose(chosen, rows ?? [], selected) }),
    }),
    [chosen, rows, scope],
  );
  return { chosen, selection, clear: () => setKept({ scope, chosen: NOTHING }) };
}

function refreshed(chosen: Chosen, rows: readonly Problem[]): Chosen {
  if (!rows.some(({ id }) => chosen.has(id))) return chosen;
  const now = new Map(rows.map((row) => [row.id, row]));
  return new Map([...chosen].map(([id, row]) => [id, now.get(id) ?? row]));
}

function choose(chosen: Chosen, rows: readonly Problem[], selected: ReadonlySet<string>): Chosen {
  const now = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    [...selected].flatMap((id): [string, Problem][] => {
      const row = now.get(id) ?? chosen.get(id);
      return row === undefined ? [] : [[id, row]];
    }),
  );
}
