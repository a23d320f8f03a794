/** The latest messages behind a collect. */
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { DirectionBadge, MessageBadge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { bytes, milliseconds } from '../../parts/format.ts';
import { MessageType } from '../../parts/MessageType.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';

const SHOWN = 10;

export function CollectionMessages({ id }: { id: string }) {
  const { t } = useTranslation('collections');
  const { t: common } = useTranslation();
  const read = useRead('listMessages', { query: { collectionId: id, limit: SHOWN } }, { keep: true });
  return (
    <Section
      title={t('messages')}
      lead={t('messagesLead')}
      actions={
        <ul className="collect-links">
          <li>
            <Link to={`/messages?collectionId=${id}`}>{t('openMessages')}</Link>
          </li>
        </ul>
      }
    >
      <DataTable
        caption={t('messagesCaption')}
        columns={[
          { key: 'at', header: common('time'), cell: ({ at }) => <Time at={at} /> },
          {
            key: 'direction',
            header: t('direction'),
            cell: ({ direction }) => <DirectionBadge direction={direction} />,
          },
          { key: 'type', header: t('type'), cell: ({ type }) => <MessageType type={type} /> },
          { key: 'system', header: common('system'), cell: ({ sysCode }) => sysCode },
          { key: 'state', header: common('state'), cell: ({ state }) => <MessageBadge state={state} /> },
          {
            key: 'size',
            header: t('size'),
            align: 'right',
            cell: ({ sizeBytes }) => <span className="number">{bytes(sizeBytes)}</span>,
          },
          {
            key: 'latency',
            header: t('latency'),
            align: 'right',
            cell: ({ latencyMs }) => (
              <span className="number">{latencyMs === null ? '–' : milliseconds(latencyMs)}</span>
            ),
          },
        ]}
        rows={read.data?.items}
        rowKey={(message) => message.id}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<Empty title={t('messagesNone')} />}
      />
    </Section>
  );
}
