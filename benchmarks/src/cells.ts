/** All benchmarks. A new one is a folder beside this file and a line here. */
import type { Cell } from './cell.ts';
import { collectCell } from './collect/cell.ts';

export const CELLS: Readonly<Record<string, Cell>> = {
  collect: collectCell,
};
