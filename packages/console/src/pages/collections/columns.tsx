/** The columns of the list of collects. */
import type { Collection } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { CollectBadge } from '../../parts/badges.tsx';
import { Coverage } from '../../parts/collect/Feeds.tsx';
import { sumsOf, whyNot } from '../../parts/collect/rules.ts';
import type { Column } from '../../parts/DataTable.tsx';
import { localTime, wholeNumber } from '../../parts/format.ts';
import { Elapsed, Span } from '../../parts/Span.tsx';
import { Time, useSpan } from '../../parts/Time.tsx';

export function useCollectionColumns(): readonly Column<Collection>[] {
  const { t } = useTranslation('collections');
  return [
    {
      key: 'collection',
      header: t('collection'),
      cell: ({ id, state }) => (
        <div className="collections-id">
          <Link className="business-key" to={`/collections/${id}`} aria-label={t('open', { id })}>
            #{id}
          </Link>
          <CollectBadge state={state} />
        </div>
      ),
    },
    {
      key: 'started',
      header: t('started'),
      cell: (collection) => (
        <div>
          <Time at={collection.createdAt} />
          <div className="collections-note">
            {collection.trigger === 'cron' ? t('byCron') : collection.requestedBy}
          </div>
        </div>
      ),
    },
    { key: 'systems', header: t('systems'), cell: (row) => <Systems of={row} /> },
    { key: 'window', header: t('window'), cell: (row) => <Window of={row} /> },
    {
      key: 'rows',
      header: t('rowsShort'),
      align: 'right',
      cell: ({ commands }) => <span className="number">{wholeNumber(sumsOf(commands).rows)}</span>,
    },
    {
      key: 'problems',
      header: t('problems'),
      align: 'right',
      cell: ({ commands }) => {
        const { reported, fresh } = sumsOf(commands);
        return (
          <span className="number">
            {t('reportedNew', { reported: wholeNumber(reported), fresh: wholeNumber(fresh) })}
          </span>
        );
      },
    },
    {
      key: 'coverage',
      header: t('coverageErrors'),
      cell: (row) => (
        <div className="collections-coverage">
          <Coverage commands={row.commands} />
          <Errors of={row} />
        </div>
      ),
    },
    { key: 'duration', header: t('duration'), align: 'right', cell: (row) => <Duration of={row} /> },
  ];
}

function Systems({ of: { commands } }: { of: Collection }) {
  return (
    <ul className="collections-systems">
      {commands.map(({ id, sysCode, state }) => (
        <li key={id}>
          {sysCode}
          {commands.length > 1 && <CollectBadge state={state} />}
        </li>
      ))}
    </ul>
  );
}

/** How long it is; and where it ends, unless at the start of the collect as it mostly does. */
function Window({ of: { windowFrom, windowTo, createdAt } }: { of: Collection }) {
  const { t } = useTranslation('collections');
  const [from, to] = [Date.parse(windowFrom), Date.parse(windowTo)];
  const length = useSpan(to - from);
  const endsBefore = Date.parse(createdAt) - to > 60_000;
  return (
    <div title={`${localTime(windowFrom)} – ${localTime(windowTo)}`}>
      <span className="number">{length}</span>
      {endsBefore && <div className="collections-note">{t('windowUpTo', { time: localTime(windowTo) })}</div>}
    </div>
  );
}

function Duration({ of: { createdAt, finishedAt } }: { of: Collection }) {
  if (finishedAt === null) return <Elapsed since={createdAt} />;
  return <Span ms={Date.parse(finishedAt) - Date.parse(createdAt)} />;
}

function Errors({ of: { commands } }: { of: Collection }) {
  const { t } = useTranslation('collections');
  const bad = commands.flatMap(({ id, sysCode, reason, ...command }) => {
    const why = whyNot(command);
    return why === null ? [] : [{ id, sysCode, reason, why }];
  });
  if (bad.length === 0) return null;
  return (
    <ul className="collections-errors">
      {bad.map(({ id, sysCode, reason, why }) => (
        <li key={id} title={reason ?? ''}>
          {commands.length > 1 && `${sysCode}: `}
          {t(`why.${why}`)}
        </li>
      ))}
    </ul>
  );
}
