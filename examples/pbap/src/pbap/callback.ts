/**
 * The bank's callback. It is only a hint: PBAP asks the bank itself before it books, so a forged callback moves
 * nothing. An order that a repair has is `busy`, a bank that shows no end yet is `early`; both times the bank
 * calls again.
 */
import type pg from 'pg';
import type { Clock } from '../shared/clock.ts';
import type { BankClient } from './bank-client.ts';
import { type Finished, finishByAnswer } from './normal-path.ts';

export interface CallbackOptions {
  readonly pool: pg.Pool;
  readonly bank: BankClient;
  readonly clock: Clock;
}

export async function takeCallback(
  options: CallbackOptions,
  requestNo: string,
  signal: AbortSignal,
): Promise<Finished | 'early'> {
  const answer = await options.bank.query(requestNo, signal);
  // Who called is ahead of what it shows, or cannot speak clearly just now: it shall call again.
  if (answer.code === 'NOT_FOUND' || answer.code === 'UNCLEAR' || answer.code === 'PROCESSING')
    return 'early';
  return finishByAnswer(options.pool, requestNo, answer, options.clock.now());
}
