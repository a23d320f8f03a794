import { Text } from '@mantine/core';
import type { Stats } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Bars } from '../../parts/Bars.tsx';
import { Section } from '../../parts/Section.tsx';
import { problemsLink } from './figures.ts';

/** Why pending problems are not being repaired just now. */
export function Waits({ waits, executing }: { waits: Stats['waits']; executing: number }) {
  const { t } = useTranslation('home');
  const { t: words } = useTranslation('words');
  return (
    <Section title={t('waits')}>
      {waits.length === 0 ? (
        <Text>{t('waitsNone')}</Text>
      ) : (
        <Bars
          label={t('waits')}
          bars={waits.map(({ waitReason, problems }) => ({
            key: waitReason,
            name: words(`wait.${waitReason}`),
            value: problems,
            to: problemsLink({ waitReason }),
          }))}
        />
      )}
      {executing > 0 && (
        <Text size="sm" c="dimmed">
          {t('waitsExecuting', { count: executing })}
        </Text>
      )}
    </Section>
  );
}
