/** Where a user is signed in; ending that, and giving them a password that counts once. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { GrantedUser } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { useSessionColumns } from '../../parts/sessions.tsx';

export interface UserSessionsProps {
  readonly user: GrantedUser;
  readonly onClose: () => void;
  readonly onReset: (password: string) => void;
}

export function UserSessions({ user, onClose, onReset }: UserSessionsProps) {
  const { t } = useTranslation('users');
  const { t: common } = useTranslation();
  useReturnFocus();
  const { username } = user;
  const params = { id: user.id };
  const read = useRead('listUserSessions', { params }, { keep: true });
  const end = useAct('endUserSessions');
  const reset = useAct('resetUserPassword');
  const [asking, setAsking] = useState<'end' | 'reset' | null>(null);
  const columns = useSessionColumns();
  const sessions = read.data?.items;
  const act = async (): Promise<void> => {
    if (asking === 'reset') return onReset((await reset.mutateAsync({ params })).password);
    await end.mutateAsync({ params });
    await read.refetch();
  };
  return (
    <>
      <Modal
        opened={asking === null}
        onClose={onClose}
        size="xl"
        title={t('sessionsTitle', { username })}
        closeButtonProps={{ 'aria-label': common('dialogClose') }}
      >
        <Stack gap="md">
          <DataTable
            caption={t('sessionsTitle', { username })}
            columns={columns}
            rows={sessions}
            rowKey={({ id }) => id}
            error={read.error}
            onRetry={() => void read.refetch()}
            empty={<Text size="sm">{t('sessionsNone')}</Text>}
          />
          <Group justify="flex-end">
            <Button
              variant="default"
              disabled={sessions === undefined || sessions.length === 0}
              onClick={() => setAsking('end')}
            >
              {t('endSessions')}
            </Button>
            <Button variant="default" onClick={() => setAsking('reset')}>
              {t('reset')}
            </Button>
          </Group>
        </Stack>
      </Modal>
      {asking !== null && (
        <ConfirmAct
          title={asking === 'end' ? t('endSessionsTitle', { username }) : t('resetTitle', { username })}
          act={asking === 'end' ? t('endSessions') : t('reset')}
          color="red"
          reason="none"
          onClose={() => setAsking(null)}
          onConfirm={act}
        >
          <Text size="sm">{asking === 'end' ? t('endSessionsLead') : t('resetLead')}</Text>
        </ConfirmAct>
      )}
    </>
  );
}
