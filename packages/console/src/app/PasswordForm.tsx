/** Choosing another password. What is wrong is said at the field; what was typed stays. */
import { Button, Checkbox, Group, PasswordInput, Stack } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, asApiError } from '../api/client.ts';
import { fieldErrors, saysMoreThanFields } from '../parts/form.ts';
import { Notice } from '../parts/Notice.tsx';

const FIELDS = ['currentPassword', 'newPassword'] as const;

export interface PasswordFormProps {
  readonly username: string;
  /** The current password was made by somebody else. */
  readonly once?: boolean;
  readonly onDone: () => void;
  /** Buttons beside the one that changes it. */
  readonly children: ReactNode;
}

export function PasswordForm({ username, once = false, onDone, children }: PasswordFormProps) {
  const { t } = useTranslation('shell');
  const form = useRef<HTMLFormElement>(null);
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [others, setOthers] = useState(true);
  const [busy, setBusy] = useState(false);
  const [differs, setDiffers] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const told = fieldErrors(error, FIELDS);

  useEffect(() => {
    if (error !== null || differs)
      form.current?.querySelector<HTMLElement>('input[aria-invalid="true"]')?.focus();
  }, [error, differs]);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setError(null);
    setDiffers(next !== again);
    if (next !== again) return;
    setBusy(true);
    try {
      await api.changePassword({
        body: { currentPassword: current, newPassword: next, endOtherSessions: others },
      });
      onDone();
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <form ref={form} onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="sm">
        {/* Tells a password manager whose password this is. */}
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        <Password
          label={once ? t('passwordOnce') : t('passwordCurrent')}
          name="currentPassword"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          error={told.currentPassword}
          first
        />
        <Password
          label={t('passwordNew')}
          description={t('passwordNewHint')}
          name="newPassword"
          autoComplete="new-password"
          value={next}
          onChange={setNext}
          error={told.newPassword}
        />
        <Password
          label={t('passwordAgain')}
          name="newPasswordAgain"
          autoComplete="new-password"
          value={again}
          onChange={setAgain}
          error={differs ? t('passwordDiffers') : undefined}
        />
        {!once && (
          <Checkbox
            label={t('passwordOthers')}
            checked={others}
            onChange={(event) => setOthers(event.currentTarget.checked)}
          />
        )}
        {error !== null && saysMoreThanFields(error, FIELDS) && <Notice error={error} />}
        <Group justify="flex-end">
          {children}
          <Button type="submit" loading={busy}>
            {t('changePasswordAct')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface PasswordProps {
  readonly label: string;
  readonly description?: string;
  readonly name: string;
  readonly autoComplete: 'current-password' | 'new-password';
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
  /** It has the focus when the dialog opens. */
  readonly first?: boolean;
}

function Password({ onChange, first = false, ...field }: PasswordProps) {
  return (
    <PasswordInput
      {...field}
      visibilityToggleButtonProps={{ 'aria-hidden': true, tabIndex: -1 }}
      onChange={(event) => onChange(event.currentTarget.value)}
      aria-invalid={field.error !== undefined}
      required
      data-autofocus={first ? true : undefined}
    />
  );
}
