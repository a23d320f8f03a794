/** Asks once for all acts who is there. The act goes on afterwards, with everything that was typed. */
import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asApiError } from '../api/client.ts';
import { askBy } from '../api/confirm.ts';
import { fieldErrors, saysMoreThanFields } from '../parts/form.ts';
import { Notice } from '../parts/Notice.tsx';
import { useReturnFocus } from '../parts/return-focus.ts';

const FIELDS = ['password'] as const;

export function ConfirmIdentity({ username }: { username: string }) {
  // Acts that ask at the same time are all answered by the one dialog.
  const [waiting, setWaiting] = useState<readonly ((proved: boolean) => void)[]>([]);
  useEffect(() => askBy(() => new Promise((resolve) => setWaiting((before) => [...before, resolve]))), []);
  const answer = (proved: boolean): void => {
    for (const resolve of waiting) resolve(proved);
    setWaiting([]);
  };
  return waiting.length === 0 ? null : <Dialog username={username} onAnswer={answer} />;
}

function Dialog({ username, onAnswer }: { username: string; onAnswer: (proved: boolean) => void }) {
  const { t } = useTranslation('shell');
  const { t: common } = useTranslation();
  useReturnFocus();
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const told = fieldErrors(error, FIELDS);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    // The form lies in the page below another form, as far as events go.
    event.stopPropagation();
    setBusy(true);
    setError(null);
    try {
      await api.confirmIdentity({ body: { password } });
      onAnswer(true);
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={() => onAnswer(false)}
      closeOnClickOutside={false}
      title={t('confirmTitle')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
      centered
    >
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack gap="md">
          <Text size="sm">{t('confirmLead')}</Text>
          <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
          <PasswordInput
            label={t('passwordOf', { username })}
            name="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={told.password}
            aria-invalid={told.password !== undefined}
            visibilityToggleButtonProps={{ 'aria-hidden': true, tabIndex: -1 }}
            required
            data-autofocus
          />
          {error !== null && saysMoreThanFields(error, FIELDS) && <Notice error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => onAnswer(false)}>
              {common('cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={password === ''}>
              {t('confirmAct')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
