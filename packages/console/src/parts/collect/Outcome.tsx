/** What a collection has come to, told to a person who waits for it. */
import type { Collection } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { CollectBadge } from '../badges.tsx';
import { wholeNumber } from '../format.ts';
import { Elapsed } from '../Span.tsx';
import { isOpen, sumsOf } from './rules.ts';
import './collect.css';

export function Outcome({ collection }: { collection: Collection }) {
  const { t } = useTranslation('collections');
  const { rows, reported, fresh } = sumsOf(collection.commands);
  const titles = {
    waiting: t('waits'),
    running: t('goesOn'),
    complete: t('ended'),
    incomplete: t('endedBadly'),
    failed: t('endedBadly'),
    cancelled: t('endedCancelled'),
  };
  const title = titles[collection.state];
  const figures = { rows: wholeNumber(rows), reported: wholeNumber(reported), fresh: wholeNumber(fresh) };
  return (
    <div className="collect-outcome">
      <CollectBadge state={collection.state} />
      {/* Only the change of state is read out; the figures would speak without end. */}
      <p role="status">{isOpen(collection) ? title : t('endedSentence', { title, ...figures })}</p>
      {isOpen(collection) && (
        <p>
          {t('rows')}: <span className="number">{figures.rows}</span> · {t('problems')}:{' '}
          <span className="number">{t('reportedNew', figures)}</span> · {t('runningFor')}:{' '}
          <Elapsed since={collection.createdAt} />
        </p>
      )}
    </div>
  );
}
