/** Pages that are not there, and pages that failed. */
import { Button, Code, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useRouteError } from 'react-router';
import { Page } from '../parts/Page.tsx';

export function PageMissing() {
  const { t } = useTranslation('shell');
  return (
    <Page title={t('pageMissing')} ready>
      <Stack align="flex-start">
        <Text>{t('pageMissingLead')}</Text>
        <Button component={Link} to="/">
          {t('backHome')}
        </Button>
      </Stack>
    </Page>
  );
}

export class PageNotLoaded extends Error {
  override readonly name = 'PageNotLoaded';
  constructor(cause: unknown) {
    super('a part of the console could not be loaded', { cause });
  }
}

/** The words of an error, without its stack. */
export function PageFailed() {
  const { t } = useTranslation('shell');
  const error = useRouteError();
  const outdated = error instanceof PageNotLoaded;
  const words = error instanceof Error ? error.message : String(error);
  return (
    <Page title={t('broken')} ready>
      <Stack align="flex-start">
        <Text role="alert">{outdated ? t('newVersion') : t('brokenLead')}</Text>
        {!outdated && <Code block>{words}</Code>}
        <Button onClick={() => window.location.reload()}>{t('reload')}</Button>
      </Stack>
    </Page>
  );
}
