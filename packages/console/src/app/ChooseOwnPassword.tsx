/** The first thing that somebody sees whose password was made by somebody else: the form to choose another. */
import { Button, Paper, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { PasswordForm } from './PasswordForm.tsx';
import { LanguageSwitch } from './Preferences.tsx';

export interface ChooseOwnPasswordProps {
  readonly username: string;
  readonly onDone: () => void;
  readonly onSignOut: () => void;
}

export function ChooseOwnPassword({ username, onDone, onSignOut }: ChooseOwnPasswordProps) {
  const { t } = useTranslation('shell');
  return (
    <main className="sign-in" data-ready="true">
      <div className="sign-in-language">
        <LanguageSwitch />
      </div>
      <Paper className="sign-in-paper" withBorder shadow="sm" p="xl">
        <Stack gap="md">
          <Title order={1} size="h3">
            {t('ownPassword')}
          </Title>
          <Text>{t('ownPasswordLead', { username })}</Text>
          <PasswordForm username={username} once onDone={onDone}>
            <Button variant="default" onClick={onSignOut}>
              {t('signOut')}
            </Button>
          </PasswordForm>
        </Stack>
      </Paper>
    </main>
  );
}
