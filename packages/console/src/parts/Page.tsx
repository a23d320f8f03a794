/** The frame of a page: its name, what it is for, what can be done, how fresh it is. */
import { Group, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useSpanSince } from './Time.tsx';

export interface PageProps {
  readonly title: string;
  /** One sentence for whoever is here for the first time. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** When what is shown was read, in milliseconds since 1970; 0 where it was not yet. */
  readonly updatedAt?: number;
  /** True once the page shows what it is for. */
  readonly ready: boolean;
  readonly children: ReactNode;
}

export function Page({ title, lead, actions, updatedAt, ready, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Piculus`;
  }, [title]);
  return (
    <main className="page" data-ready={ready}>
      <Group className="page-header" justify="space-between" align="flex-start" gap="md">
        <div className="page-heading">
          <Title order={1} size="h2">
            {title}
          </Title>
          {lead !== undefined && (
            <Text c="dimmed" size="sm">
              {lead}
            </Text>
          )}
        </div>
        <Group gap="sm">
          {updatedAt !== undefined && updatedAt > 0 && <Updated at={updatedAt} />}
          {actions}
        </Group>
      </Group>
      {children}
    </main>
  );
}

function Updated({ at }: { at: number }) {
  const { t } = useTranslation();
  const span = useSpanSince(at);
  return (
    <Text size="xs" c="dimmed" className="updated">
      {t('updated', { age: t('ago', { span }) })}
    </Text>
  );
}
