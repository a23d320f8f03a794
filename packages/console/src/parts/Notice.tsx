/** What went wrong and what to do, in the language of the page, with the number to ask about. Never a stack. */
import { Alert, Button, Group, Text } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { inLanguage } from './words.ts';

export interface NoticeProps {
  readonly error: ApiError;
  readonly title?: string;
  readonly onRetry?: () => void;
}

export function Notice({ error, title, onRetry }: NoticeProps) {
  const { t } = useTranslation();
  return (
    <Alert color="red" role="alert" title={title ?? t('failed')}>
      <Text size="sm">{inLanguage(error.meaning)}</Text>
      {error.message !== error.meaning.en && (
        <Text size="sm" lang="en">
          {error.message}
        </Text>
      )}
      {error.fields.length > 0 && (
        <ul className="notice-fields">
          {error.fields.map(({ field, reason }) => (
            <li key={field}>
              <code>{field}</code>: {inLanguage(reason)}
            </li>
          ))}
        </ul>
      )}
      <Group gap="sm" mt="xs">
        {onRetry !== undefined && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {t('retry')}
          </Button>
        )}
        {error.requestId !== null && (
          <Text size="xs" c="dimmed">
            {t('requestId', { id: error.requestId })}
          </Text>
        )}
      </Group>
    </Alert>
  );
}
