/**
 * Acts on many problems, in two modes that are never mixed up: the rows that were checked, or all that match the
 * filter. Whatever is said, the button says again with count and amount.
 */
import { Alert, Button, SegmentedControl, Text } from '@mantine/core';
import { LIMITS } from '@piculus/protocol';
import type { ApiError, ProblemFilter } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import './BulkBar.css';
import { BulkRunChosen, BulkRunMatching, useMatchCount } from './BulkConfirm.tsx';
import { amountsText, type Chosen, sumUp } from './chosen.ts';
import { wholeNumber } from './format.ts';
import { Notice } from './Notice.tsx';

export interface BulkBarProps {
  readonly chosen: Chosen;
  readonly onClear: () => void;
  /** Of the list, as the API takes it. */
  readonly filter: ProblemFilter;
  /** False where all that match would be everything, or where the filter is not what the address says. */
  readonly matchable: boolean;
}

type Mode = 'chosen' | 'matching';

/** Give it the filter as its key, so that another list starts over. */
export function BulkBar(props: BulkBarProps) {
  const { t } = useTranslation('problems');
  const { chosen, matchable } = props;
  const [mode, setMode] = useState<Mode>('chosen');
  if (chosen.size === 0 && !matchable) return null;
  const shown = matchable ? mode : 'chosen';
  return (
    <section className="bulk-bar" aria-label={t('bulk')}>
      {matchable && (
        <SegmentedControl
          size="xs"
          aria-label={t('bulkScope')}
          value={shown}
          onChange={(value) => setMode(value === 'matching' ? 'matching' : 'chosen')}
          data={[
            {
              value: 'chosen',
              label: chosen.size === 0 ? t('selectedRows') : t('theseRows', { count: chosen.size }),
            },
            { value: 'matching', label: t('allMatching') },
          ]}
        />
      )}
      {shown === 'chosen' ? (
        <ChosenPart chosen={chosen} onClear={props.onClear} />
      ) : (
        <MatchingPart filter={props.filter} />
      )}
    </section>
  );
}

function ChosenPart({ chosen, onClear }: { chosen: Chosen; onClear: () => void }) {
  const { t } = useTranslation('problems');
  const { t: common } = useTranslation();
  const [asking, setAsking] = useState(false);
  const { count, amounts, eligible } = sumUp(chosen.values());
  if (count === 0)
    return (
      <Text size="sm" c="dimmed" className="bulk-text bulk-hint">
        {t('chooseRows')}
      </Text>
    );
  const tooMany = count > LIMITS.bulkIds;
  return (
    <>
      <Text size="sm" className="bulk-text" aria-live="polite">
        {t('chosenSum', { count, amount: amountsText(amounts) })}
        {eligible.count === 0 && ` ${t('noneEligible')}`}
        {tooMany && ` ${t('tooMany', { max: wholeNumber(LIMITS.bulkIds) })}`}
      </Text>
      <div className="bulk-acts">
        <Button variant="subtle" size="compact-sm" onClick={onClear}>
          {common('deselect')}
        </Button>
        <Button
          className="wrapping-button"
          disabled={tooMany || eligible.count === 0}
          onClick={() => setAsking(true)}
        >
          {eligible.count === 0
            ? t('runNone')
            : t('runFixes', { count: eligible.count, amount: amountsText(eligible.amounts) })}
        </Button>
      </div>
      {asking && <BulkRunChosen chosen={chosen} onStarted={onClear} onClose={() => setAsking(false)} />}
    </>
  );
}

function MatchingPart({ filter }: { filter: ProblemFilter }) {
  const { t } = useTranslation('problems');
  const { t: common } = useTranslation();
  const count = useMatchCount(filter);
  const [asking, setAsking] = useState(false);
  const found = count.data;
  if (count.error !== null && found === undefined) return <CountFailed error={count.error} />;
  if (found === undefined)
    return (
      <Text size="sm" className="bulk-text" role="status">
        {common('loading')}
      </Text>
    );
  const text = amountsText(found.amounts);
  if (found.problems === 0)
    return (
      <Alert className="bulk-text" p="xs" role="status">
        {t('zeroMatch')}
      </Alert>
    );
  return (
    <>
      <Text size="sm" className="bulk-text" aria-live="polite">
        {t('matchingSum', { count: found.problems, number: wholeNumber(found.problems), amount: text })}
      </Text>
      <div className="bulk-acts">
        <Button
          className="wrapping-button"
          color="orange"
          loading={count.isFetching}
          onClick={() => {
            // Read again: what is confirmed is what matches now, not what matched when the mode was chosen.
            void count.refetch().then(({ data }) => setAsking(data !== undefined && data.problems > 0));
          }}
        >
          {t('runAll', { count: found.problems, number: wholeNumber(found.problems), amount: text })}
        </Button>
      </div>
      {asking && <BulkRunMatching filter={filter} count={count} onClose={() => setAsking(false)} />}
    </>
  );
}

function CountFailed({ error }: { error: ApiError }) {
  return (
    <div className="bulk-text">
      <Notice error={error} />
    </div>
  );
}
