/** One's own account, a section for each part of it. */
import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../app/session.tsx';
import { Page } from '../../parts/Page.tsx';
import { PasswordSection } from './PasswordSection.tsx';
import { SecondFactorSection } from './SecondFactorSection.tsx';
import { SessionsSection } from './SessionsSection.tsx';
import { TokensSection } from './TokensSection.tsx';

export function Component() {
  const { t } = useTranslation('account');
  const { user } = useSession();
  return (
    <Page title={t('title')} lead={t('lead', { username: user.username, name: user.name })} ready>
      <Stack gap="md">
        <PasswordSection />
        <SecondFactorSection />
        <SessionsSection />
        <TokensSection />
      </Stack>
    </Page>
  );
}
