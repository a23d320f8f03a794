/** Imports the bank's statement page by page; a page's lines and the watermark are committed together. */

import type { FeedReach } from '@piculus/protocol';
import type pg from 'pg';
import type { StatementPage } from '../bank/words.ts';
import type { Clock } from '../shared/clock.ts';
import { inTransaction } from '../shared/database.ts';
import { reasonOf } from '../shared/log.ts';
import type { BankClient } from './bank-client.ts';
import { insertLines, lockWatermark, moveWatermark, readWatermark } from './store/statement.ts';

export const BANK_NAME = 'bank';
const PAGE_LINES = 1_000;
/** A page that cannot be had is asked for again so often before the import says that it is incomplete. */
const TRIES_PER_PAGE = 6;
const FIRST_PAUSE_MS = 50;

export interface StatementImportOptions {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
}

/** Brings the statement up to date. Several processes may do so at once: only one stores each page. */
export async function importStatement(
  options: StatementImportOptions,
  signal: AbortSignal,
): Promise<FeedReach> {
  const { pool, clock } = options;
  for (;;) {
    const { cursor, reaches_to } = await readWatermark(pool, BANK_NAME);
    const page = await fetchPage(options, cursor, signal);
    if ('reason' in page) return reach(reaches_to, false, page.reason);
    const reachesTo = page.reachesTo === null ? null : new Date(page.reachesTo);
    const last = page.lines.at(-1)?.lineNo ?? cursor;
    const stored = await inTransaction(pool, async (tx) => {
      const now = clock.now();
      const locked = await lockWatermark(tx, BANK_NAME, now);
      // Another process stored pages meanwhile: this one may be older than the watermark says.
      if (locked.cursor !== cursor) return false;
      await insertLines(tx, page.lines);
      await moveWatermark(tx, BANK_NAME, last, reachesTo, now);
      return true;
    });
    if (stored && reachesTo !== null) return reach(reachesTo, true);
  }
}

async function fetchPage(
  options: StatementImportOptions,
  cursor: string,
  signal: AbortSignal,
): Promise<StatementPage | { readonly reason: string }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await options.bank.statement(cursor, PAGE_LINES, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= TRIES_PER_PAGE) return { reason: `the statement cannot be read: ${reasonOf(error)}` };
      await options.clock.sleep(FIRST_PAUSE_MS * 2 ** attempt, signal);
    }
  }
}

function reach(reachesTo: Date | null, complete: boolean, note?: string): FeedReach {
  return {
    side: 'bank',
    reachesTo: reachesTo?.toISOString() ?? null,
    complete,
    ...(note === undefined ? {} : { note: note.slice(0, 500) }),
  };
}
