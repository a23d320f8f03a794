/** The second step of a sign-in: a code of the app, or a recovery code. */
import { Button, Stack, Text, TextInput } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asApiError } from '../api/client.ts';
import { finishSignIn } from '../api/session.ts';
import { fieldErrors } from '../parts/form.ts';
import { Notice } from '../parts/Notice.tsx';

export interface SecondStepProps {
  readonly onSignedIn: () => Promise<void>;
  /** Back to the password. */
  readonly onAgain: () => void;
}

export function SecondStep({ onSignedIn, onAgain }: SecondStepProps) {
  const { t } = useTranslation('secondFactor');
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await finishSignIn(code);
      await onSignedIn();
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  const wrong = fieldErrors(error, ['code']).code;
  return (
    <form onSubmit={(event) => void submit(event)} aria-label={t('stepTitle')}>
      <Stack gap="sm">
        <Text size="sm">{t('stepLead')}</Text>
        <TextInput
          label={t('stepField')}
          name="code"
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={32}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          error={wrong}
          required
          autoFocus
        />
        {error?.code === 'not-signed-in' ? (
          <Text role="alert" c="var(--mantine-color-error)" size="sm">
            {t('stepExpired')}
          </Text>
        ) : (
          error !== null && wrong === undefined && <Notice error={error} />
        )}
        <Button type="submit" loading={busy}>
          {t('stepAct')}
        </Button>
        <Button variant="default" onClick={onAgain}>
          {t('stepAgain')}
        </Button>
      </Stack>
    </form>
  );
}
