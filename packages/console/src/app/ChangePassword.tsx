/** The signed-in person's own password, in a dialog. */
import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useReturnFocus } from '../parts/return-focus.ts';
import { PasswordForm } from './PasswordForm.tsx';
import { useSession } from './session.tsx';

export function ChangePassword({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('shell');
  const { t: common } = useTranslation();
  const { user } = useSession();
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
        <PasswordForm username={user.username} onDone={() => setDone(true)}>
          <Button variant="default" onClick={onClose}>
            {common('cancel')}
          </Button>
        </PasswordForm>
      )}
    </Modal>
  );
}
