/** A new bulk run of those that failed in this one: the same question as ever, with count and amount. */
import { Alert, Button, Text } from '@mantine/core';
import { LIMITS } from '@piculus/protocol';
import type { ApiError, BulkRun, BulkRunItem } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useAct } from '../../api/acts.ts';
import { api, asApiError } from '../../api/client.ts';
import { amountsText, sumAmounts } from '../../parts/chosen.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { wholeNumber } from '../../parts/format.ts';
import { Notice } from '../../parts/Notice.tsx';
import { touch } from '../../parts/touched.ts';
import { AGAIN } from './results.ts';

interface Found {
  readonly items: readonly BulkRunItem[];
  /** There are more than one request may name. */
  readonly more: boolean;
}

export function RunAgain({ run }: { run: BulkRun }) {
  const { t } = useTranslation('bulkRuns');
  const failed = AGAIN.reduce((sum, result) => sum + (run.results[result] ?? 0), 0);
  const [found, setFound] = useState<Found | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  if (failed === 0) return null;
  const ask = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setFound(await failedItems(run.id));
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button size="xs" loading={busy} onClick={() => void ask()}>
        {t('again', { count: failed, number: wholeNumber(failed) })}
      </Button>
      {error !== null && <Notice error={error} />}
      {found !== null && <Ask run={run} found={found} onClose={() => setFound(null)} />}
    </>
  );
}

function Ask({ run, found, onClose }: { run: BulkRun; found: Found; onClose: () => void }) {
  const { t } = useTranslation('bulkRuns');
  const navigate = useNavigate();
  const act = useAct('runProblems', ['problems', 'bulk-runs']);
  const { items } = found;
  const amount = amountsText(sumAmounts(items));
  const words = { count: items.length, number: wholeNumber(items.length), amount };
  const start = async (reason: string): Promise<void> => {
    const ids = items.map(({ problemId }) => problemId);
    const { bulkRunId } = await act.mutateAsync({ body: { ids, reason } });
    touch(ids, 'acted');
    void navigate(`/bulk-runs/${bulkRunId}`);
  };
  return (
    <ConfirmAct
      title={t('againTitle', { id: run.id })}
      act={t('againRun', words)}
      reason="required"
      command={{ kind: 'run-many', ids: items.map(({ problemId }) => problemId) }}
      onConfirm={start}
      onClose={onClose}
    >
      <Text>{t('againLead', words)}</Text>
      {found.more && <Alert color="yellow">{t('againMore', { max: wholeNumber(LIMITS.bulkIds) })}</Alert>}
    </ConfirmAct>
  );
}

/** As many as one request may name, page by page. @throws ApiError. */
async function failedItems(id: string): Promise<Found> {
  const items: BulkRunItem[] = [];
  let after: string | undefined;
  do {
    const limit = Math.min(LIMITS.pageRowsMax, LIMITS.bulkIds - items.length);
    const page = await api.listBulkRunItems({ params: { id }, query: { result: [...AGAIN], limit, after } });
    items.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined && items.length < LIMITS.bulkIds);
  return { items, more: after !== undefined };
}
