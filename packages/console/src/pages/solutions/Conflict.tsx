/** Somebody else saved meanwhile: both sides are shown, nothing that was typed is lost, the person decides. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import type { Solution } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Diff } from './Diff.tsx';
import { changedFields, inputOf, rebased, type SolutionValues } from './fields.ts';

export interface ConflictProps {
  readonly base: Solution;
  readonly latest: Solution;
  readonly typed: SolutionValues;
  readonly onKeep: () => void;
  readonly onTake: () => void;
}

export function Conflict({ base, latest, typed, onKeep, onTake }: ConflictProps) {
  const { t } = useTranslation('solutions');
  const mine = inputOf(rebased(base, typed, latest));
  const differing = changedFields(latest, mine);
  return (
    <Alert color="orange" role="alert" title={t('conflict')}>
      <Stack gap="sm">
        <Text size="sm">{t('conflictLead', { name: latest.changedBy, version: latest.version })}</Text>
        <Diff
          caption={t('conflictCaption')}
          fields={differing}
          before={{ name: t('theirs'), of: latest }}
          after={{ name: t('yours'), of: mine }}
        />
        <Group gap="sm">
          <Button size="compact-sm" onClick={onKeep}>
            {t('keepMine')}
          </Button>
          <Button size="compact-sm" variant="default" onClick={onTake}>
            {t('takeTheirs')}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
