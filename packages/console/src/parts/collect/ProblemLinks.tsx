/** From a collect to what it found. */
import type { Collection } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { sumsOf } from './rules.ts';

/** Problems carry no collect; those first seen, or last seen, while it ran are those that it found. */
export function ProblemLinks({ collection }: { collection: Collection }) {
  const { t } = useTranslation('collections');
  const { reported, fresh } = sumsOf(collection.commands);
  if (reported === 0) return null;
  return (
    <ul className="collect-links">
      {fresh > 0 && (
        <li>
          <Link to={`/problems?${whileItRan(collection, 'firstSeen')}`}>{t('openProblems')}</Link>
        </li>
      )}
      <li>
        <Link to={`/problems?${whileItRan(collection, 'lastSeen')}`}>{t('openSeen')}</Link>
      </li>
    </ul>
  );
}

function whileItRan(collection: Collection, field: 'firstSeen' | 'lastSeen'): string {
  const query = new URLSearchParams({
    sysCode: [...new Set(collection.commands.map(({ sysCode }) => sysCode))].join(','),
    [`${field}From`]: collection.createdAt,
  });
  // The upper bound is exclusive.
  if (collection.finishedAt !== null)
    query.set(`${field}To`, new Date(Date.parse(collection.finishedAt) + 1).toISOString());
  return query.toString();
}
