import { Text } from '@mantine/core';
import type { System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';

/** Asks before a system's clients are cut off, or let in again. */
export function EnableSystem({ system, onClose }: { system: System; onClose: () => void }) {
  const { t } = useTranslation('systems');
  const change = useAct('changeSystem', ['systems', 'clients', 'problems']);
  const { sysCode, enabled, clientsConnected: count } = system;
  return (
    <ConfirmAct
      title={enabled ? t('disableTitle', { sysCode }) : t('enableTitle', { sysCode })}
      act={enabled ? t('disableAct', { count }) : t('enableAct', { sysCode })}
      color={enabled ? 'red' : 'indigo'}
      reason="none"
      onClose={onClose}
      onConfirm={async () => {
        await change.mutateAsync({ params: { sysCode }, body: { enabled: !enabled } });
      }}
    >
      <Text size="sm">{enabled ? t('disableLead', { count }) : t('enableLead')}</Text>
    </ConfirmAct>
  );
}
