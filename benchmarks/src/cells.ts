/** All benchmarks. A new one is a folder beside this file and a line here. */
import type { Cell } from './cell.ts';
import { drainCell, ingestCell } from './cells/queues.ts';
import { collectCell } from './collect/cell.ts';
import { consoleCell } from './console/cell.ts';
import { embeddedCell } from './embedded/cell.ts';
import { growthCell } from './growth/cell.ts';
import { latencyCell } from './latency/cell.ts';
import { limitCell } from './limit/cell.ts';
import { memoryCell } from './memory/cell.ts';
import { overloadCell } from './overload/cell.ts';
import { poisonCell } from './poison/cell.ts';
import { repairCell } from './repair/cell.ts';
import { slowClientCell } from './slow-client/cell.ts';

export const CELLS: Readonly<Record<string, Cell>> = {
  drain: drainCell,
  ingest: ingestCell,
  limit: limitCell,
  latency: latencyCell,
  growth: growthCell,
  memory: memoryCell,
  embedded: embeddedCell,
  collect: collectCell,
  repair: repairCell,
  console: consoleCell,
  overload: overloadCell,
  poison: poisonCell,
  'slow-client': slowClientCell,
};
