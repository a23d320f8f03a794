/** The results in groups, each with its counts and, where the rows are few enough to read, with their reasons. */
import { Text } from '@mantine/core';
import type { BulkRun } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { wholeNumber } from '../../parts/format.ts';
import { inLanguage } from '../../parts/words.ts';
import { ResultBadge } from './ResultBadge.tsx';
import { type BulkResult, countReasons, type GroupCount, groupCounts } from './results.ts';

/** The reasons are counted over this many rows at most, and the page says so. */
const LOOKED_AT = 500;
const SHOWN = 5;

export function Groups({ run }: { run: BulkRun }) {
  return (
    <ul className="bulk-groups">
      {groupCounts(run.results).map((group) => (
        <GroupCard key={group.group} run={run} group={group} />
      ))}
    </ul>
  );
}

function GroupCard({ run, group }: { run: BulkRun; group: GroupCount }) {
  const { t } = useTranslation('bulkRuns');
  const [params] = useSearchParams();
  const chosen = params.get('result');
  const names = group.results.map(({ result }) => result).join(',');
  // What went well needs no reason, and what waits has none yet.
  const explained =
    group.group === 'success'
      ? []
      : group.results.map(({ result }) => result).filter((result) => result !== 'waiting');
  return (
    <li className="bulk-group" data-group={group.group} data-empty={group.problems === 0}>
      <h3 className="bulk-group-name">
        {t(`group.${group.group}`)} <span className="bulk-group-count">{wholeNumber(group.problems)}</span>
      </h3>
      {group.results.map(({ result, problems }) => (
        <div key={result} className="bulk-group-row">
          <ResultBadge result={result} /> <span className="number">{wholeNumber(problems)}</span>
        </div>
      ))}
      {explained.length > 0 && <Reasons run={run} result={explained} />}
      {group.problems > 0 && (
        <Link
          to={chosen === names ? '?' : `?result=${names}`}
          preventScrollReset
          aria-current={chosen === names ? 'true' : undefined}
        >
          {chosen === names ? t('showAll') : t('showThese', { count: group.problems })}
        </Link>
      )}
    </li>
  );
}

function Reasons({ run, result }: { run: BulkRun; result: BulkResult[] }) {
  const { t } = useTranslation('bulkRuns');
  const read = useRead('listBulkRunItems', {
    params: { id: run.id },
    query: { result, limit: LOOKED_AT },
  });
  const items = read.data?.items;
  if (items === undefined) return null;
  const reasons = countReasons(
    items.map(({ reason }) => (reason === null ? t('noReason') : inLanguage(reason))),
  );
  return (
    <>
      <ul className="bulk-reasons">
        {reasons.slice(0, SHOWN).map(({ reason, problems }) => (
          <li key={reason}>
            <span className="number">{wholeNumber(problems)} ×</span>{' '}
            <span className="bulk-words">{reason}</span>
          </li>
        ))}
      </ul>
      {reasons.length > SHOWN && (
        <Text size="xs" c="dimmed">
          {t('moreReasons', { count: reasons.length - SHOWN })}
        </Text>
      )}
      {read.data?.next !== null && (
        <Text size="xs" c="dimmed">
          {t('lookedAt', { number: wholeNumber(items.length) })}
        </Text>
      )}
    </>
  );
}
