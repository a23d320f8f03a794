/** What a solution, as it is given, would do to the problems that are open now. */
import type { SolutionImpact } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Amounts } from '../../parts/Amount.tsx';
import { WaitBadge } from '../../parts/badges.tsx';
import { amount, wholeNumber } from '../../parts/format.ts';
import { Time } from '../../parts/Time.tsx';

export function Impact({ of }: { of: SolutionImpact }) {
  const { t } = useTranslation('solutions');
  const same = of.waitReasonNow === of.waitReasonThen;
  return (
    <div className="solutions-impact">
      {of.pending === 0 ? (
        <p>{t('impactNothing')}</p>
      ) : (
        <>
          <p>
            <strong>{t('impactPending', { count: of.pending })}</strong> <Amounts of={of.amounts} />
          </p>
          <p className="solutions-waits">
            {!same && <Wait words={t('impactNow')} reason={of.waitReasonNow} />}
            <Wait words={same ? t('impactSame') : t('impactThen')} reason={of.waitReasonThen} />
          </p>
          {of.nextTickAt !== null && (
            <p>
              {t('impactFirst')} <Time at={of.nextTickAt} />
            </p>
          )}
        </>
      )}
      {of.reopened > 0 && <p className="solutions-aside">{t('impactReopened', { count: of.reopened })}</p>}
      {of.withPerson > 0 && <p className="solutions-aside">{t('impactPerson', { count: of.withPerson })}</p>}
    </div>
  );
}

function Wait({ words, reason }: { words: string; reason: SolutionImpact['waitReasonNow'] }) {
  return (
    <span>
      {words} <WaitBadge reason={reason} />
    </span>
  );
}

/** @returns a function that repeats count and amount on a button. */
export function useActWords(): (act: string, impact: SolutionImpact | undefined) => string {
  const { t } = useTranslation('solutions');
  return (act, impact) => {
    if (impact === undefined) return act;
    if (impact.pending === 0) return t('actNone', { act });
    const amounts = impact.amounts.map((each) => amount(each.amountMinor, each.currency)).join(' + ');
    return t('actSome', { act, count: impact.pending, amounts: amounts || wholeNumber(0) });
  };
}
