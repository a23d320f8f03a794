/**
 * The scenario catalogue: every way in which order, ledger and bank can stop agreeing, with one sentence in
 * both languages and the fields that contradict each other. C1 to C9 are the seed's; S are contradictions of
 * the status alone; X are anomalies that go to a person. Source: docs/repairs.md.
 */
import type { OutOfPocket } from './words.ts';

export interface Scenario {
  readonly sentence: { readonly en: string; readonly zh: string };
  /** Fields that contradict each other, as `side.field`. */
  readonly contradictions: readonly string[];
  readonly outOfPocket: OutOfPocket;
}

const scenario = (
  en: string,
  zh: string,
  contradictions: readonly string[],
  outOfPocket: OutOfPocket,
): Scenario => ({ sentence: { en, zh }, contradictions, outOfPocket });

const ALL_SIDES = ['order.status', 'ledger.state', 'bank.fact'] as const;
const ORDER_LEDGER = ['order.status', 'ledger.state'] as const;
const ORDER_BANK = ['order.status', 'bank.fact'] as const;
const LEDGER_BANK = ['ledger.state', 'bank.fact'] as const;

export const SCENARIOS = {
  C1: scenario(
    'Recharge shown as success, but the account was not credited.',
    '充值显示成功，账户金额未增加。',
    ORDER_LEDGER,
    'customer',
  ),
  C2: scenario(
    'Withdrawal shown as success, but the account was not debited and the bank paid nothing.',
    '提现显示成功，账户未扣款，银行账户未到账。',
    ALL_SIDES,
    'nobody',
  ),
  C3: scenario(
    'Withdrawal shown as success and the account debited, but the bank paid nothing.',
    '提现显示成功，账户已扣款，银行账户未到账。',
    ORDER_BANK,
    'customer',
  ),
  C4: scenario(
    'Recharge shown as failed, but the bank took the money and the account was not credited.',
    '充值显示失败，银行已扣款，账户金额未增加。',
    ALL_SIDES,
    'customer',
  ),
  C5: scenario(
    'Recharge processing for long; the bank took the money, the account was not credited.',
    '充值长时间处理中，银行已扣款，账户金额未增加。',
    ALL_SIDES,
    'customer',
  ),
  C6: scenario(
    'Recharge processing for long; the bank took nothing, and it never became failed.',
    '充值长时间处理中，银行未扣款，状态未显示失败。',
    ORDER_BANK,
    'nobody',
  ),
  C7a: scenario(
    'Withdrawal shown as failed, but the account is debited and the bank paid nothing (one-shot booking).',
    '提现显示失败，账户已扣款，银行账户未到账（一次性记账）。',
    ORDER_LEDGER,
    'customer',
  ),
  C7b: scenario(
    'Withdrawal shown as failed, but the amount is still held and the bank paid nothing (staged booking).',
    '提现显示失败，账户金额仍冻结，银行账户未到账（分段式记账）。',
    ORDER_LEDGER,
    'customer',
  ),
  C8: scenario(
    'Withdrawal processing for long; the bank paid, the booking was not finished.',
    '提现长时间处理中，银行账户已到账，账户记账未完成。',
    ORDER_BANK,
    'nobody',
  ),
  C9: scenario(
    'Withdrawal processing for long; the bank paid nothing, and it never became failed.',
    '提现长时间处理中，银行账户未到账，状态未显示失败。',
    ORDER_BANK,
    'customer',
  ),
  S1: scenario(
    'Recharge: ledger and bank agree, only the status is behind.',
    '充值：账户与银行一致，仅订单状态落后。',
    ['order.status'],
    'nobody',
  ),
  S2: scenario(
    'Withdrawal: ledger and bank agree, only the status is behind.',
    '提现：账户与银行一致，仅订单状态落后。',
    ['order.status'],
    'nobody',
  ),
  X1: scenario(
    'The account was credited, but the bank has not received the money.',
    '账户已入账，银行未收款。',
    LEDGER_BANK,
    'company',
  ),
  X2: scenario(
    'Recharge shown as success, but nothing was credited and the bank received nothing.',
    '充值显示成功，账户未入账，银行未收款。',
    ORDER_BANK,
    'nobody',
  ),
  X3: scenario(
    'The account was credited, but the bank gave the money back to the payer.',
    '账户已入账，银行已退款。',
    LEDGER_BANK,
    'company',
  ),
  X4: scenario(
    'The bank paid a withdrawal that was never debited.',
    '银行已付款，账户从未扣款。',
    LEDGER_BANK,
    'company',
  ),
  X5: scenario(
    'The bank paid and the money was also returned to the account.',
    '银行已付款，且金额已退回账户。',
    LEDGER_BANK,
    'company',
  ),
  X6: scenario('Booked twice for one order.', '同一订单重复记账。', ['ledger.state'], 'company'),
  X7: scenario(
    'Amount or currency differ between two sides.',
    '两方金额或币种不一致。',
    ['order.amount', 'ledger.amount', 'bank.amount'],
    'company',
  ),
  X8: scenario(
    'The payer paid, but the credit was reversed.',
    '付款方已付款，入账已被冲正。',
    LEDGER_BANK,
    'customer',
  ),
  X9: scenario('The payer paid twice for one order.', '同一订单付款方支付两次。', ['bank.fact'], 'customer'),
  X10: scenario('The bank paid out twice for one order.', '同一订单银行付款两次。', ['bank.fact'], 'company'),
  X11: scenario(
    'The payout was returned by the bank after it had succeeded.',
    '付款成功后被银行退回。',
    LEDGER_BANK,
    'customer',
  ),
  X12: scenario('A bank movement has no order.', '银行流水无对应订单。', ['bank.fact'], 'company'),
  X13: scenario('A ledger entry has no order.', '账务记录无对应订单。', ['ledger.state'], 'company'),
  X15: scenario(
    'The right amount was booked to a wrong account.',
    '金额记入错误账户。',
    ['ledger.account'],
    'customer',
  ),
  X20: scenario('The bank contradicts what it said before.', '银行前后答复矛盾。', ['bank.fact'], 'company'),
  X21: scenario(
    'The order has a status that is not known.',
    '订单状态非法或未知。',
    ['order.status'],
    'nobody',
  ),
  X22: scenario(
    'The payee or the account changed after the order was placed.',
    '下单后收款人或账户已变更。',
    ['order.payee'],
    'nobody',
  ),
  X23: scenario('The hold does not match the order.', '冻结金额与订单不符。', ['ledger.amount'], 'customer'),
  X24: scenario(
    'Hold and debit are both present, or a settlement has no hold.',
    '冻结与扣款并存，或结算无对应冻结。',
    ['ledger.state'],
    'customer',
  ),
} as const satisfies Record<string, Scenario>;

export type ScenarioCode = keyof typeof SCENARIOS;
export const SCENARIO_CODES = Object.keys(SCENARIOS) as [ScenarioCode, ...ScenarioCode[]];

/** What repairs of these do takes money from a customer. */
export const TAKES_FROM_CUSTOMER = ['C2', 'X1', 'X3', 'X4', 'X6'] as const satisfies readonly ScenarioCode[];

/** The eight fix codes of the seed, with the scenarios each repairs. */
export const SEED_FIX_CODES = {
  interRechargeFixServiceImpl: ['C1'],
  interWithdrawFixServiceImpl: ['C2'],
  interWithdrawAccFixServiceImpl: ['C3'],
  rechargeFailedFixServiceImpl: ['C4'],
  rechargeTimeoutFixServiceImpl: ['C5', 'C6', 'S1'],
  withdrawFailedFixServiceImpl: ['C7a'],
  withdrawFailedAccFixServiceImpl: ['C7b'],
  withdrawTimeoutFixServiceImpl: ['C8', 'C9', 'S2'],
} as const satisfies Record<string, readonly ScenarioCode[]>;

export type SeedFixCode = keyof typeof SEED_FIX_CODES;
