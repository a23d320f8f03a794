/** Asks before changes that are not saved are left behind. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useBlocker } from 'react-router';

/** @param unsaved asked at the moment of leaving. */
export function LeaveGuard({ unsaved }: { unsaved: () => boolean }) {
  const { t } = useTranslation('solutions');
  const { t: common } = useTranslation();
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => unsaved() && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (unsaved()) event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [unsaved]);
  if (blocker.state !== 'blocked') return null;
  return (
    <Modal
      opened
      onClose={() => blocker.reset()}
      title={t('leaveTitle')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
      centered
    >
      <Stack>
        <Text>{t('leaveLead')}</Text>
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={() => blocker.reset()}>
            {t('stay')}
          </Button>
          <Button color="red" onClick={() => blocker.proceed()}>
            {t('leave')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
