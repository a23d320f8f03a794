/** One problem beside a list: the same as its page, under a heading of its own. */
import { Button, CloseButton, Group, Title } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Copy } from '../../parts/Copy.tsx';
import { ProblemContent } from './ProblemContent.tsx';

export interface ProblemDetailProps {
  readonly id: string;
  /** Absent: whatever is around it closes it. */
  readonly onClose?: () => void;
  /** Begin with the preview of the fix; `#preview` in the address does the same. */
  readonly preview?: boolean;
}

export function ProblemDetail({ id, onClose, preview = false }: ProblemDetailProps) {
  const { t } = useTranslation('problem');
  const { t: common } = useTranslation();
  const { data } = useRead('getProblem', { params: { id } });
  const heading = useId();
  return (
    <section className="problem-detail" aria-labelledby={heading}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="sm" mb="sm">
        <Title order={2} size="h3" id={heading} className="problem-title">
          {data?.businessKey ?? t('title')}
        </Title>
        <Group gap="xs" wrap="nowrap">
          <Copy text={`${location.origin}/problems/${id}`} label={common('copyLink')} />
          <Button component={Link} to={`/problems/${id}`} size="compact-xs" variant="default">
            {t('openPage')}
          </Button>
          {onClose !== undefined && <CloseButton onClick={onClose} aria-label={t('closeDetail')} />}
        </Group>
      </Group>
      <ProblemContent key={id} id={id} preview={preview} />
    </section>
  );
}
