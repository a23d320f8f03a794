/** What stands still, why and by whom, in words. */
import type { Halt } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { amount } from '../format.ts';

interface Place {
  readonly sysCode: string | null;
  readonly fixCode: string | null;
}

/** @returns for instance `PBAP · rechargeFixServiceImpl`. */
export function usePlaceWords(): (place: Place) => string {
  const { t } = useTranslation('limits');
  return ({ sysCode, fixCode }) => {
    if (sysCode === null) return t('everywhere');
    return fixCode === null ? sysCode : `${sysCode} · ${fixCode}`;
  };
}

/** @returns a person's reason as it was given; what a policy found from its figures. */
export function useCauseWords(): (halt: Pick<Halt, 'cause' | 'figures' | 'reason'>) => string {
  const { t } = useTranslation('limits');
  return ({ cause, figures, reason }) => {
    if (cause === 'person') return reason;
    const figure = (name: string): string | number => figures[name] ?? '–';
    if (cause !== 'amount-per-hour')
      return t(`cause.${cause}`, {
        reason,
        reports: figure('reports'),
        usual: figure('usual'),
        times: figure('times'),
        failed: figure('failed'),
        finished: figure('finished'),
        percent: figure('percent'),
        contradictions: figure('contradictions'),
        max: figure('max'),
        used: figure('used'),
        limit: figure('limit'),
      });
    const { currency, used, needed, limit } = figures;
    const money = (minor: string | number | undefined): string =>
      /^[0-9]+$/.test(String(minor)) ? amount(String(minor), String(currency)) : String(minor);
    return t('cause.amount-per-hour', { used: money(used), needed: money(needed), limit: money(limit) });
  };
}

/** @returns a person's name; policies as what they are. */
export function useByWords(): (by: string) => string {
  const { t } = useTranslation('limits');
  return (by) => {
    if (by === 'policy:breaker') return t('policyBy.breaker');
    return by === 'policy:limit' ? t('policyBy.limit') : by;
  };
}
