/** Filters that are asked for every day, one click away; none of them is forced on anybody. */
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { FilterValues } from '../../parts/filters.ts';

const QUICK = [
  { name: 'quickOpen', query: 'state=pending,executing,exhausted,needs-human' },
  { name: 'quickPerson', query: 'waitsForPerson=true' },
  { name: 'quickExecuting', query: 'state=executing' },
  { name: 'quickNoSolution', query: 'waitReason=no-solution' },
  { name: 'quickCustomer', query: 'state=pending,executing,exhausted,needs-human&outOfPocket=customer' },
  { name: 'quickClosedSeen', query: 'seenSinceClosed=true' },
] as const;

export function QuickFilters({ values }: { values: FilterValues }) {
  const { t } = useTranslation('problems');
  return (
    <nav className="quick" aria-label={t('quick')}>
      {QUICK.map(({ name, query }) => (
        <Link
          key={name}
          to={`?${query}`}
          className="quick-link"
          aria-current={isSame(query, values) ? 'true' : undefined}
        >
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}

function isSame(query: string, values: FilterValues): boolean {
  const wanted = [...new URLSearchParams(query)];
  return (
    wanted.length === Object.keys(values).length && wanted.every(([name, value]) => values[name] === value)
  );
}
