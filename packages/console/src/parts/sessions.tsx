/** Sessions in a table: what with, from where, since when. */
import type { SessionInfo } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import type { Column } from './DataTable.tsx';
import { deviceName } from './device.ts';
import { Time } from './Time.tsx';
import './sessions.css';

export function useSessionColumns(): readonly Column<SessionInfo>[] {
  const { t } = useTranslation('account');
  return [
    {
      key: 'device',
      header: t('device'),
      cell: ({ device, current }) => (
        <div className="session-device" title={device ?? undefined}>
          <strong>{deviceName(device) ?? device?.slice(0, 80) ?? t('deviceUnknown')}</strong>
          {current && <span> ({t('current')})</span>}
        </div>
      ),
    },
    { key: 'address', header: t('address'), cell: ({ address }) => <bdi>{address ?? '–'}</bdi> },
    { key: 'seen', header: t('lastSeen'), cell: ({ lastSeenAt }) => <Time at={lastSeenAt} relative /> },
    { key: 'started', header: t('started'), cell: ({ startedAt }) => <Time at={startedAt} /> },
  ];
}
