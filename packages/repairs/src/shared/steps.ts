/**
 * The steps that a repair can take. Each is one transaction, or one call to the bank with a transaction before
 * or after it; none is both at once. How they are applied is in apply.ts.
 */
import type { PlanStep } from '@piculus/protocol';
import type { OrderStatus, PaymentFacts } from '../facts.ts';
import type { Decision } from '../ports.ts';
import { closeKey, creditKey, payoutKey, resolveKey, reserveKey, reversalKey, statusKey } from './keys.ts';

export type Action =
  /** Asks the bank to close the number, and stores the proof. */
  | { readonly does: 'close' }
  | { readonly does: 'status'; readonly to: OrderStatus }
  /** The account is credited and the order becomes SUCCESS. */
  | { readonly does: 'credit' }
  /** The amount is debited or held and the order becomes PROCESSING again. */
  | { readonly does: 'reserve' }
  /** The payout is sent under the order's own number. */
  | { readonly does: 'submit' }
  /** Notes a payout of this command whose answer was lost, now that the bank shows it as paid. */
  | { readonly does: 'claim' }
  /** The hold, where there is one, is settled and the order becomes SUCCESS. */
  | { readonly does: 'settle' }
  /** The hold is released or the debit reversed, and the order becomes (or stays) FAILED. */
  | { readonly does: 'give-back' };

export interface RepairStep extends PlanStep {
  readonly action: Action;
  /** The exclusive decision under which this step is taken. */
  readonly decision: Decision;
}

/** @param action what to do; the wire's part of the step (kind, key, amount, words) follows from it. */
export function step(facts: PaymentFacts, decision: Decision, action: Action): RepairStep {
  return { ...wirePart(facts, action), action, decision };
}

function wirePart({ order, ledger }: PaymentFacts, action: Action): PlanStep {
  const amountMinor = order.amountMinor.toString();
  const { currency, orderNo, requestNo, booking } = order;
  const money = (kind: PlanStep['kind'], key: string, en: string, zh: string): PlanStep => ({
    kind,
    key,
    amountMinor,
    currency,
    text: { en, zh },
  });
  const still = (kind: 'status' | 'close', key: string, en: string, zh: string): PlanStep => ({
    ...money(kind, key, en, zh),
    amountMinor: '0',
  });
  const status = (to: OrderStatus): PlanStep =>
    still('status', statusKey(orderNo, order.version), `Set the order to ${to}`, `将订单置为 ${to}`);
  const staged = booking === 'staged';
  // A later step may belong to a booking that an earlier one will make, whose id is not known yet.
  const bookingId = ledger.postingId ?? reserveKey(orderNo, booking);
  switch (action.does) {
    case 'close':
      return still('close', closeKey(requestNo), `Close ${requestNo} at the bank`, `在银行关闭 ${requestNo}`);
    case 'status':
      return status(action.to);
    case 'credit':
      return money(
        'credit',
        creditKey(orderNo),
        'Credit the account and set the order to SUCCESS',
        '账户入账并将订单置为 SUCCESS',
      );
    case 'reserve':
      return staged
        ? money(
            'hold',
            reserveKey(orderNo, booking),
            'Hold the amount and set the order back to PROCESSING',
            '冻结金额并将订单退回 PROCESSING',
          )
        : money(
            'debit',
            reserveKey(orderNo, booking),
            'Debit the account and set the order back to PROCESSING',
            '账户扣款并将订单退回 PROCESSING',
          );
    case 'submit':
      return money(
        'payout',
        payoutKey(requestNo),
        `Send the payout ${requestNo} to the bank`,
        `向银行发送付款 ${requestNo}`,
      );
    case 'claim':
      return money(
        'payout',
        payoutKey(requestNo),
        `Note that the bank paid ${requestNo}, which this repair had sent`,
        `记录银行已支付本次修复发送的 ${requestNo}`,
      );
    case 'settle':
      return staged && ledger.state !== 'settled'
        ? money(
            'settle',
            resolveKey(bookingId),
            'Settle the hold and set the order to SUCCESS',
            '冻结转扣款并将订单置为 SUCCESS',
          )
        : status('SUCCESS');
    case 'give-back':
      return staged
        ? money(
            'release',
            resolveKey(bookingId),
            'Release the hold; the order is FAILED',
            '解冻金额，订单为 FAILED',
          )
        : money(
            'reversal',
            reversalKey(bookingId),
            'Reverse the debit; the order is FAILED',
            '冲正扣款，订单为 FAILED',
          );
  }
}
