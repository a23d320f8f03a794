/** The first few of several currencies; a glance has no room for more, and the lists have them all. */
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Amount } from '../../parts/Amount.tsx';
import type { CurrencyAmount } from '../../parts/chosen.ts';

export interface SomeAmountsProps {
  readonly of: readonly CurrencyAmount[];
  readonly most: number;
  /** An amount as a link, where it is not inside of one. */
  readonly link?: (currency: string, amount: ReactNode) => ReactNode;
}

export function SomeAmounts({ of, most, link }: SomeAmountsProps) {
  const { t } = useTranslation('home');
  const more = of.length - most;
  return (
    <span className="amounts">
      {of.slice(0, most).map(({ currency, amountMinor }) => {
        const amount = <Amount minor={amountMinor} currency={currency} />;
        return <span key={currency}>{link === undefined ? amount : link(currency, amount)}</span>;
      })}
      {more > 0 && <span className="home-more">{t('moreCurrencies', { count: more })}</span>}
    </span>
  );
}
