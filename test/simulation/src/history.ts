/** What happened in a run, in words, for the person who reads a report. */
import type { Scheduler } from './scheduler.ts';
import type { Transaction } from './system/tables.ts';

export interface HistoryLine {
  readonly atMs: number;
  /** Null for what concerns all. */
  readonly orderNo: string | null;
  readonly text: string;
}

const LINES_MAX = 50_000;

export class History {
  readonly lines: HistoryLine[] = [];
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  add(orderNo: string | null, text: string): void {
    if (this.lines.length < LINES_MAX) this.lines.push({ atMs: this.#scheduler.nowMs, orderNo, text });
  }

  committed(tx: Transaction): void {
    const who = `${tx.lane.name} (${tx.by})`;
    for (const [orderNo, row] of tx.writes.orders) {
      const before = tx.database.committed.orders.get(orderNo);
      if (before && before.version !== row.version) {
        this.add(orderNo, `${who}: ${before.status} → ${row.status}, version ${row.version}`);
      } else
        this.add(orderNo, `${who}: ${row.mark ? `fenced for ${row.mark.commandKey}` : 'fence taken off'}`);
    }
    for (const { key, orderNo } of tx.writes.postings.values()) this.add(orderNo, `${who}: booked ${key}`);
    for (const [orderNo, { decision }] of tx.writes.decisions)
      this.add(orderNo, `${who}: decided ${decision}`);
    for (const { orderNo, requestNo, state } of tx.writes.outbox.values()) {
      this.add(orderNo, `${who}: ${requestNo} is ${state}`);
    }
  }
}
