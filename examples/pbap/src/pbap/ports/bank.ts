import type { BankCapabilities, BankPort } from '@piculus/repairs';
import { readSettledNumbers } from '../store/statement.ts';
import type { PortOptions } from './options.ts';

const HOUR_MS = 3_600_000;

/** What PBAP's contract with its bank promises. */
const CAPABILITIES: BankCapabilities = {
  dedupeHorizonMs: 30 * 24 * HOUR_MS,
  queryWindowMs: 30 * 24 * HOUR_MS,
  sameNumberOnFailure: 'replays-failure',
  hasClose: true,
  closeMinAgeMs: 0,
  closeAcceptsUnknownNumber: true,
  closeMayRefund: false,
  amountFieldsCompared: true,
};

/** It shows a request at the latest so long after it took it. */
export const NOT_FOUND_WINDOW_MS = 5_000;

/** How many settled numbers are tried before the control is given up: one of them may be answered unclearly. */
const CONTROL_NUMBERS = 3;

export function bankPort(options: PortOptions): BankPort {
  const { pool, bank, notFoundWindowMs = NOT_FOUND_WINDOW_MS } = options;
  return {
    capabilities: { ...CAPABILITIES, notFoundWindowMs },
    query: (requestNo, signal) => bank.query(requestNo, signal),
    close: (requestNo, order, signal) => bank.close(requestNo, order.orderNo, signal),
    submitPayout: (request, signal) =>
      bank.submit(
        {
          requestNo: request.requestNo,
          orderNo: request.orderNo,
          kind: 'payout',
          amountMinor: request.amountMinor.toString(),
          currency: request.currency,
          counterparty: request.payee,
        },
        signal,
      ),
    positiveControl: async (order, signal) => {
      const kind = order.type === 'recharge' ? 'collect' : 'payout';
      const numbers = await readSettledNumbers(pool, kind, order.orderNo, CONTROL_NUMBERS);
      let last = 'no settled number of this kind is in the imported statement';
      for (const requestNo of numbers) {
        const answer = await bank.query(requestNo, signal);
        if (answer.code === 'PAID')
          return { ok: true, detail: `settled number ${requestNo} was found just now` };
        last = `settled number ${requestNo} was answered ${answer.code}`;
      }
      return { ok: false, detail: last };
    },
  };
}
