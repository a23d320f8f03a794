/** Why something needs a second person, in the words of both languages. Pure. */
import { formatDecimalAmount } from '@piculus/protocol';
import type { ApprovalCause, ApprovalNeed } from '@piculus/protocol/http';

type Words = ApprovalNeed['text'];
export type Why = Omit<ApprovalNeed, 'text'>;

export const because = (cause: ApprovalCause): Why => ({
  cause,
  currency: null,
  given: null,
  allowed: null,
});

export function asNeed(why: Why): ApprovalNeed {
  return { ...why, text: WORDS[why.cause](why) };
}

const money = (minor: string | null, currency: string | null): string =>
  `${formatDecimalAmount(BigInt(minor ?? '0'), currency ?? '')} ${currency ?? ''}`.trim();
const allowed = ({ allowed: minor, currency }: Why): string => money(minor ?? '0', currency);

const WORDS: Readonly<Record<ApprovalCause, (why: Why) => Words>> = {
  amount: (why) => ({
    en: `a problem of ${money(why.given, why.currency)}; one person may run up to ${allowed(why)}`,
    zh: `单笔金额 ${money(why.given, why.currency)}，单人执行上限 ${allowed(why)}`,
  }),
  'bulk-problems': (why) => ({
    en: `${why.given} problems at once; one person may run ${why.allowed}`,
    zh: `一次执行 ${why.given} 个问题，单人上限 ${why.allowed} 个`,
  }),
  'bulk-amount': (why) => ({
    en: `${money(why.given, why.currency)} at once; one person may run up to ${allowed(why)}`,
    zh: `一次执行合计 ${money(why.given, why.currency)}，单人上限 ${allowed(why)}`,
  }),
  'day-amount': (why) => ({
    en: `${money(why.given, why.currency)} in 24 hours; one person may run up to ${allowed(why)}`,
    zh: `24 小时内累计 ${money(why.given, why.currency)}，单人上限 ${allowed(why)}`,
  }),
  'takes-from-customer': () => ({ en: 'it takes money from a customer', zh: '将从客户账户扣款' }),
  'change-solution': () => ({ en: 'it changes what a solution does', zh: '将改变修复方案' }),
  'reopen-fixed': () => ({ en: 'it opens again what was fixed', zh: '将重新打开已修复的问题' }),
  'raise-limits': () => ({ en: 'it raises a limit', zh: '将放宽限额' }),
  'change-policy': () => ({ en: 'it changes what needs a second person', zh: '将改变审批策略' }),
};
