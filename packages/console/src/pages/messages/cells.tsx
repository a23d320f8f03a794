/** The columns of the list, and what the drawer shows in the same way. */
import type { Message } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { DirectionBadge, MessageBadge } from '../../parts/badges.tsx';
import type { Column } from '../../parts/DataTable.tsx';
import { bytes, milliseconds } from '../../parts/format.ts';
import { MessageType } from '../../parts/MessageType.tsx';
import { Time } from '../../parts/Time.tsx';
import type { OpenMessage } from './open-message.ts';

/** Enough of an id to tell two apart; the whole one is on hover and in the drawer. */
function ShortId({ id }: { id: string }) {
  return (
    <span className="messages-id" title={id}>
      {id.slice(0, 8)}
    </span>
  );
}

export function TypeName({ type }: { type: string }) {
  return (
    <span className="messages-type">
      <MessageType type={type} />
    </span>
  );
}

export function MessageState({ message }: { message: Message }) {
  return (
    <span className="messages-state">
      <MessageBadge state={message.state} />
      {message.errorCode !== null && <code>{message.errorCode}</code>}
    </span>
  );
}

/** What the message belongs to, as links. */
export function About({ message }: { message: Message }) {
  const { t } = useTranslation('messages');
  const { collectionId, leaseId } = message;
  if (collectionId === null && leaseId === null) return '–';
  return (
    <span className="messages-about">
      {collectionId !== null && (
        <Link to={`/collections/${collectionId}`}>{t('collection', { id: collectionId })}</Link>
      )}
      {leaseId !== null && (
        <Link to={`/messages?${new URLSearchParams({ leaseId })}`} title={t('leaseMessages')}>
          {t('lease')} <ShortId id={leaseId} />
        </Link>
      )}
    </span>
  );
}

/** Each row begins with the link that opens the message beside the list. */
export function useMessageColumns({ linkTo, state }: OpenMessage): readonly Column<Message>[] {
  const { t } = useTranslation('messages');
  const { t: common } = useTranslation();
  return [
    {
      key: 'at',
      header: t('at'),
      cell: (message) => (
        <Link to={linkTo(message)} state={state} className="messages-open">
          <Time at={message.at} />
        </Link>
      ),
    },
    {
      key: 'direction',
      header: t('direction'),
      cell: ({ direction }) => <DirectionBadge direction={direction} />,
    },
    { key: 'type', header: t('type'), cell: ({ type }) => <TypeName type={type} /> },
    { key: 'system', header: common('system'), cell: ({ sysCode }) => sysCode ?? '–' },
    {
      key: 'client',
      hideOnPhone: true,
      header: t('client'),
      cell: ({ clientId }) => (clientId === null ? '–' : <ShortId id={clientId} />),
    },
    { key: 'state', header: common('state'), cell: (message) => <MessageState message={message} /> },
    {
      key: 'latency',
      header: t('latency'),
      align: 'right',
      hideOnPhone: true,
      cell: ({ latencyMs }) => (
        <span className="number">{latencyMs === null ? '–' : milliseconds(latencyMs)}</span>
      ),
    },
    {
      key: 'size',
      header: t('size'),
      align: 'right',
      hideOnPhone: true,
      cell: ({ sizeBytes }) => <span className="number">{bytes(sizeBytes)}</span>,
    },
    { key: 'about', header: t('about'), cell: (message) => <About message={message} /> },
  ];
}
