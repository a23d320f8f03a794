import { Text } from '@mantine/core';
import type { User } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';

export interface EnableUserProps {
  readonly user: User;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

/** Asks before somebody is signed out for good, or let in again. */
export function EnableUser({ user, onClose, onChanged }: EnableUserProps) {
  const { t } = useTranslation('users');
  const change = useAct('setUserEnabled');
  const { username, enabled } = user;
  return (
    <ConfirmAct
      title={enabled ? t('disableTitle', { username }) : t('enableTitle', { username })}
      act={enabled ? t('disableAct', { username }) : t('enableAct', { username })}
      color={enabled ? 'red' : 'indigo'}
      reason="none"
      onClose={onClose}
      onConfirm={async () => {
        await change.mutateAsync({ params: { id: user.id }, body: { enabled: !enabled } });
        onChanged();
      }}
    >
      <Text size="sm">{enabled ? t('disableLead') : t('enableLead')}</Text>
    </ConfirmAct>
  );
}
