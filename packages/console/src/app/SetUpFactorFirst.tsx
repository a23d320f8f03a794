/** The page of somebody whose role asks for a second factor that they have not set up yet. */
import { Alert, Button, Paper, Stack, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { SetUp } from '../parts/second-factor/SetUp.tsx';
import { LanguageSwitch } from './Preferences.tsx';

export interface SetUpFactorFirstProps {
  readonly username: string;
  readonly onDone: () => void;
  readonly onSignOut: () => void;
}

export function SetUpFactorFirst({ username, onDone, onSignOut }: SetUpFactorFirstProps) {
  const { t } = useTranslation('secondFactor');
  const { t: shell } = useTranslation('shell');
  return (
    <main className="sign-in" data-ready="true">
      <div className="sign-in-language">
        <LanguageSwitch />
      </div>
      <Paper className="sign-in-paper" withBorder shadow="sm" p="xl">
        <Stack gap="md">
          <Title order={1} size="h3">
            {t('requiredTitle')}
          </Title>
          <Alert color="blue">{t('required')}</Alert>
          <SetUp username={username} onDone={onDone}>
            <Button variant="default" onClick={onSignOut}>
              {shell('signOut')}
            </Button>
          </SetUp>
        </Stack>
      </Paper>
    </main>
  );
}
