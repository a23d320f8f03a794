import type { ProblemAge } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Bars } from '../../parts/Bars.tsx';
import { Section } from '../../parts/Section.tsx';
import { OPEN, problemsLink } from './figures.ts';
import { SomeAmounts } from './SomeAmounts.tsx';

const COLORS: Readonly<Record<ProblemAge['bucket'], string>> = {
  'under-1h': 'var(--mantine-color-blue-5)',
  '1h-1d': 'var(--mantine-color-yellow-6)',
  '1d-3d': 'var(--mantine-color-orange-6)',
  'over-3d': 'var(--mantine-color-red-6)',
};

/** How old the open problems are: the older, the more urgent. */
export function Ages({ ages }: { ages: readonly ProblemAge[] }) {
  const { t } = useTranslation('home');
  return (
    <Section title={t('ages')}>
      <Bars
        label={t('ages')}
        bars={ages.map(({ bucket, firstSeenFrom, firstSeenTo, problems, amounts }) => ({
          key: bucket,
          name: t(`age.${bucket}`),
          value: problems,
          ...(amounts.length > 0 ? { note: <SomeAmounts of={amounts} most={3} /> } : {}),
          to: problemsLink({ state: OPEN, firstSeenFrom, firstSeenTo }),
          color: COLORS[bucket],
        }))}
      />
    </Section>
  );
}
