/** On every page while something stands still: since when, why, and the way on. */
import { Button } from '@mantine/core';
import type { Halt } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../api/queries.ts';
import { useByWords, useCauseWords, usePlaceWords } from '../parts/halts/halt-words.ts';
import { ResumeHalt, useMayResume } from '../parts/halts/ResumeHalt.tsx';
import { Time } from '../parts/Time.tsx';
import './halts.css';
import { useMay } from './session.tsx';

/** More are counted; the page of limits lists them all. */
const SHOWN_MAX = 2;
const LOUDEST_FIRST = { switch: 0, breaker: 1, limit: 2 } as const;

export function HaltBanner() {
  const { t } = useTranslation('limits');
  const { mayAnywhere } = useMay();
  const read = useRead(
    'listHalts',
    { query: { open: true, limit: 50 } },
    { enabled: mayAnywhere('view'), keep: true },
  );
  const [resuming, setResuming] = useState<Halt | null>(null);
  const halts = (read.data?.items ?? []).toSorted((a, b) => LOUDEST_FIRST[a.kind] - LOUDEST_FIRST[b.kind]);
  const more = halts.length - SHOWN_MAX;
  return (
    <>
      {/* There before anything is in it, or a screen reader would not read out what comes. */}
      <div role="status" aria-label={t('bannerLabel')}>
        {halts.length > 0 && (
          <div className="halt-banner" data-kind={halts[0]?.kind}>
            <ul>
              {halts.slice(0, SHOWN_MAX).map((halt) => (
                <Line key={halt.id} halt={halt} onResume={() => setResuming(halt)} />
              ))}
            </ul>
            <span className="halt-more">
              {more > 0 && <>{t('bannerMore', { count: more })} · </>}
              <Link to="/limits">{t('bannerLink')}</Link>
            </span>
          </div>
        )}
      </div>
      {resuming !== null && <ResumeHalt halt={resuming} onClose={() => setResuming(null)} />}
    </>
  );
}

function Line({ halt, onResume }: { halt: Halt; onResume: () => void }) {
  const { t } = useTranslation('limits');
  const mayResume = useMayResume();
  const place = usePlaceWords()(halt);
  const cause = useCauseWords()(halt);
  const by = useByWords()(halt.by);
  const what = {
    switch: halt.includeManual ? t('bannerClicks') : t('banner'),
    breaker: t('bannerBreaker'),
    limit: t('bannerLimit'),
  }[halt.kind];
  return (
    <li>
      <span className="halt-words">
        <span aria-hidden="true">‖ </span>
        <strong>
          {what}: {place}
        </strong>{' '}
        · <Time at={halt.since} relative /> · {by} · {cause}
      </span>
      {mayResume(halt) && (
        <Button size="compact-sm" variant="default" aria-label={t('goOnNamed', { place })} onClick={onResume}>
          {t('goOn')}
        </Button>
      )}
    </li>
  );
}
