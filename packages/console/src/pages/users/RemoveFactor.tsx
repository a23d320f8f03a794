import { Text } from '@mantine/core';
import type { User } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';

export interface RemoveFactorProps {
  readonly user: User;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

/** For somebody who lost what makes the codes. */
export function RemoveFactor({ user, onClose, onChanged }: RemoveFactorProps) {
  const { t } = useTranslation('secondFactor');
  const remove = useAct('removeUserSecondFactor');
  const { username } = user;
  return (
    <ConfirmAct
      title={t('removeOfTitle', { username })}
      act={t('removeOfNamed', { username })}
      color="red"
      reason="required"
      onClose={onClose}
      onConfirm={async (reason) => {
        await remove.mutateAsync({ params: { id: user.id }, body: { reason } });
        onChanged();
      }}
    >
      <Text size="sm">{t('removeOfLead')}</Text>
    </ConfirmAct>
  );
}
