/** Transactions, and the locks that they hold. */
import type { LockMode } from './ast.ts';
import type { Row, StoredTable } from './rows.ts';

export class Transaction {
  readonly number: number;
  readonly label: string;
  readonly isolation: 'read committed' | 'repeatable read';
  /** Of a repeatable read, once it has read. */
  snapshot: number | null = null;
  commands = 0;
  /** An error ended it: only a rollback is taken. */
  failed = false;
  ended = false;
  /** Taken at the first write, or when asked for. */
  id: bigint | null = null;
  readonly written = new Map<Row, StoredTable>();
  readonly locked = new Set<Row>();
  readonly advisory = new Set<string>();

  constructor(number: number, label: string, isolation: 'read committed' | 'repeatable read') {
    this.number = number;
    this.label = label;
    this.isolation = isolation;
  }
}

/** A statement cannot go on before these have ended. */
export class Blocked extends Error {
  readonly holders: readonly Transaction[];
  readonly what: string;
  constructor(holders: readonly Transaction[], what: string) {
    super(`waits for ${what}`);
    this.holders = holders;
    this.what = what;
  }
}

const STRENGTH: Readonly<Record<LockMode, number>> = {
  'key-share': 0,
  share: 1,
  'no-key-update': 2,
  update: 3,
};
/** PostgreSQL's table of row locks: may both be held at once? */
export function conflicts(a: LockMode, b: LockMode): boolean {
  const [weak, strong] = STRENGTH[a] < STRENGTH[b] ? [a, b] : [b, a];
  if (strong === 'update') return true;
  if (strong === 'no-key-update') return weak !== 'key-share';
  return false;
}
export const stronger = (a: LockMode, b: LockMode): LockMode => (STRENGTH[a] >= STRENGTH[b] ? a : b);
