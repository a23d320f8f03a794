/** All benchmarks. A new one is a folder beside this file and a line here. */
import type { Cell } from './cell.ts';
import { drainCell, ingestCell } from './cells/queues.ts';
import { collectCell } from './collect/cell.ts';
import { overloadCell } from './overload/cell.ts';
import { poisonCell } from './poison/cell.ts';
import { slowClientCell } from './slow-client/cell.ts';

export const CELLS: Readonly<Record<string, Cell>> = {
  drain: drainCell,
  ingest: ingestCell,
  collect: collectCell,
  overload: overloadCell,
  poison: poisonCell,
  'slow-client': slowClientCell,
};
