import { Progress as Bar, Text } from '@mantine/core';
import type { BulkRun } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { wholeNumber } from '../../parts/format.ts';
import { Time } from '../../parts/Time.tsx';
import { answered } from './results.ts';

/**
 * How far a run has come; in numbers and words beside the bar.
 * @param props.live its end is read out: where a person waits for it.
 */
export function Progress({ run, live = false }: { run: BulkRun; live?: boolean }) {
  const { t } = useTranslation('bulkRuns');
  const done = answered(run);
  const percent = run.problems === 0 ? 100 : Math.floor((done / run.problems) * 100);
  const words = t('answered', { done: wholeNumber(done), all: wholeNumber(run.problems) });
  return (
    <div className="bulk-progress">
      <Bar value={percent} aria-label={words} color={run.finishedAt === null ? 'indigo' : 'green'} />
      <Text size="xs">
        {words}
        {/* Each of a thousand answers would be read out. */}
        <span aria-live={live ? 'polite' : undefined}>
          {run.finishedAt !== null && (
            <>
              {' · '}
              {t('finished')} <Time at={run.finishedAt} relative />
            </>
          )}
        </span>
      </Text>
    </div>
  );
}
