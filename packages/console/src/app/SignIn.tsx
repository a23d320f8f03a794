/** Signing in: as a page before anything else, and as a dialog above a page whose session has ended. */
import { Button, Modal, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asApiError } from '../api/client.ts';
import { signIn } from '../api/session.ts';
import { Notice } from '../parts/Notice.tsx';
import { LanguageSwitch } from './Preferences.tsx';
import { SecondStep } from './SecondStep.tsx';
import { SignOnButton, SignOnFailed } from './SignOn.tsx';

export function SignInPage({ onSignedIn }: { onSignedIn: () => Promise<void> }) {
  const { t } = useTranslation('shell');
  return (
    <main className="sign-in" data-ready="true">
      <div className="sign-in-language">
        <LanguageSwitch />
      </div>
      <Paper className="sign-in-paper" withBorder shadow="sm" p="xl">
        <Stack gap="md">
          <div className="sign-in-brand">
            <img src="/piculus.svg" alt="" width={36} height={36} />
            <Title order={1} size="h2">
              Piculus
            </Title>
          </div>
          <Text>{t('signInLead')}</Text>
          <SignOnFailed />
          <SignInForm onSignedIn={onSignedIn} />
          <Text size="sm" c="dimmed">
            {t('firstPassword')}
          </Text>
        </Stack>
      </Paper>
    </main>
  );
}

export function SignInDialog(props: { username: string; onSignedIn: () => Promise<void> }) {
  const { t } = useTranslation('shell');
  return (
    <Modal
      opened
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t('signInAgain')}
      centered
    >
      <Stack>
        <Text>{t('signInAgainLead')}</Text>
        <SignInForm {...props} />
      </Stack>
    </Modal>
  );
}

function SignInForm(props: { username?: string; onSignedIn: () => Promise<void> }) {
  const { t } = useTranslation('shell');
  const [username, setUsername] = useState(props.username ?? '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [step, setStep] = useState<'password' | 'code'>('password');

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      if ((await signIn(username.trim(), password)) === 'signed-in') await props.onSignedIn();
      else setStep('code');
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };

  const again = (): void => {
    setPassword('');
    setStep('password');
  };
  if (step === 'code') return <SecondStep onSignedIn={props.onSignedIn} onAgain={again} />;
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <TextInput
          label={t('username')}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          required
          data-autofocus={props.username === undefined ? true : undefined}
        />
        <PasswordInput
          label={t('password')}
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          required
          visibilityToggleButtonProps={{ 'aria-label': t('password'), tabIndex: -1, 'aria-hidden': true }}
          data-autofocus={props.username === undefined ? undefined : true}
        />
        {error?.code === 'not-signed-in' ? (
          <Text role="alert" c="var(--mantine-color-error)" size="sm">
            {t('wrongCredentials')}
          </Text>
        ) : (
          error !== null && <Notice error={error} />
        )}
        <Button type="submit" loading={busy}>
          {t('signIn')}
        </Button>
        <SignOnButton />
      </Stack>
    </form>
  );
}
