/** The signed-in person's own password. What is wrong is said at the field; what was typed stays. */
import { Alert, Button, Checkbox, Group, Modal, PasswordInput, Stack } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { asApiError } from '../api/client.ts';
import { changePassword } from '../api/session.ts';
import { fieldErrors, saysMoreThanFields } from '../parts/form.ts';
import { Notice } from '../parts/Notice.tsx';
import { useReturnFocus } from '../parts/return-focus.ts';
import { useSession } from './session.tsx';

const FIELDS = ['currentPassword', 'newPassword'] as const;

export function ChangePassword({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('shell');
  const { t: common } = useTranslation();
  useReturnFocus();
  const [done, setDone] = useState(false);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('changePassword')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
      centered
    >
      {done ? (
        <Stack>
          <Alert color="green" role="status">
            {t('passwordChanged')}
          </Alert>
          <Group justify="flex-end">
            <Button onClick={onClose} autoFocus>
              {common('close')}
            </Button>
          </Group>
        </Stack>
      ) : (
        <PasswordForm onDone={() => setDone(true)} onClose={onClose} />
      )}
    </Modal>
  );
}

function PasswordForm({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const { t } = useTranslation('shell');
  const { t: common } = useTranslation();
  const { user } = useSession();
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
      await changePassword({ currentPassword: current, newPassword: next, revokeOtherSessions: others });
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
        <input type="text" name="username" autoComplete="username" value={user.username} readOnly hidden />
        <Password
          label={t('passwordCurrent')}
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
        <Checkbox
          label={t('passwordOthers')}
          checked={others}
          onChange={(event) => setOthers(event.currentTarget.checked)}
        />
        {error !== null && saysMoreThanFields(error, FIELDS) && <Notice error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common('cancel')}
          </Button>
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
