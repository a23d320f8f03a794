/** One message with all its fields and what it carried, as it is stored: personal data was masked before. */
import { Drawer } from '@mantine/core';
import type { Message } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Copy } from '../../parts/Copy.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { bytes, milliseconds } from '../../parts/format.ts';
import { Json } from '../../parts/Json.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Time } from '../../parts/Time.tsx';
import { About, MessageState, TypeName } from './cells.tsx';
import { isMeant, type MeantMessage, type OpenMessage } from './open-message.ts';
import { type Subject, subjectsOf } from './subjects.ts';

export interface MessageDrawerProps {
  readonly opened: OpenMessage;
  /** The rows of the list: mostly the message is one of them. */
  readonly rows: readonly Message[];
}

export function MessageDrawer({ opened, rows }: MessageDrawerProps) {
  const { t } = useTranslation('messages');
  const { t: common } = useTranslation();
  return (
    <Drawer
      opened={opened.id !== null}
      onClose={opened.close}
      position="right"
      size="40rem"
      title={t('message')}
      closeButtonProps={{ 'aria-label': common('close') }}
      // The library's header element would be a second banner of the page.
      attributes={{ header: { role: 'presentation' } }}
    >
      {opened.id !== null && <Found meant={opened} id={opened.id} rows={rows} />}
    </Drawer>
  );
}

interface FoundProps {
  readonly meant: MeantMessage;
  readonly id: string;
  readonly rows: readonly Message[];
}

function Found({ meant, id, rows }: FoundProps) {
  const { t } = useTranslation('messages');
  const row = rows.find((each) => isMeant(each, meant));
  const asked = useRead(
    'listMessages',
    { query: { messageId: id, limit: SAME_ID_MAX, ...around(meant.at) } },
    { enabled: row === undefined },
  );
  const found = asked.data?.items;
  const message = row ?? found?.find((each) => isMeant(each, meant));
  if (message !== undefined) return <Details message={message} />;
  if (asked.error !== null) return <Notice error={asked.error} onRetry={() => void asked.refetch()} />;
  if (asked.data === undefined) return <Loading />;
  return <Empty title={t('gone')}>{t('goneLead')}</Empty>;
}

/** Enough for the few that may share an id within a millisecond. */
const SAME_ID_MAX = 50;

/** With a time the server need not look through all messages, nor through those of a sender that uses one id only. */
function around(at: string | null): { from?: string; to?: string } {
  const time = Date.parse(at ?? '');
  if (Number.isNaN(time)) return {};
  return { from: new Date(time).toISOString(), to: new Date(time + 1).toISOString() };
}

function Details({ message }: { message: Message }) {
  const { t } = useTranslation('messages');
  const { t: common } = useTranslation();
  return (
    <div className="messages-details">
      <dl className="messages-fields">
        <Field name={t('type')}>
          <strong>
            <TypeName type={message.type} />
          </strong>{' '}
          <code>{message.type}</code>
        </Field>
        <Field name={t('direction')}>{message.direction === 'in' ? t('toServer') : t('toClient')}</Field>
        <Field name={common('state')}>
          <MessageState message={message} />
        </Field>
        <Field name={t('at')}>
          <Time at={message.at} />
        </Field>
        <Field name={common('system')}>{message.sysCode ?? '–'}</Field>
        <Field name={t('client')}>
          {message.clientId === null ? (
            '–'
          ) : (
            <Link to={`/messages?${new URLSearchParams({ clientId: message.clientId })}`}>
              <code>{message.clientId}</code>
            </Link>
          )}
        </Field>
        <Field name={t('latency')}>
          {message.latencyMs === null ? '–' : milliseconds(message.latencyMs)}
        </Field>
        <Field name={t('size')}>{bytes(message.sizeBytes)}</Field>
        <Field name={t('about')}>
          <About message={message} />
          {message.collectionId !== null && (
            <>
              {' · '}
              <Link to={`/messages?${new URLSearchParams({ collectionId: message.collectionId })}`}>
                {t('messages')}
              </Link>
            </>
          )}
        </Field>
        <Subjects of={subjectsOf(message.payload)} sysCode={message.sysCode} />
        <Field name={t('messageId')}>
          <code>{message.messageId}</code> <Copy text={message.messageId} label={t('copyId')} />
        </Field>
      </dl>
      <Copy text={window.location.href} label={common('copyLink')} />
      <h3 className="messages-heading">{t('payload')}</h3>
      <Json value={message.payload} label={t('payload')} />
    </div>
  );
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const SUBJECTS_MAX = 20;

function Subjects({ of, sysCode }: { of: readonly Subject[]; sysCode: string | null }) {
  const { t } = useTranslation('messages');
  if (of.length === 0) return null;
  const more = of.length - SUBJECTS_MAX;
  return (
    <Field name={t('orders')}>
      <ul className="messages-subjects">
        {of.slice(0, SUBJECTS_MAX).map((subject) => (
          <li key={`${subject.problemId} ${subject.businessKey}`}>
            <Link to={linkOf(subject, sysCode)} className="business-key">
              {subject.businessKey ?? `#${subject.problemId}`}
            </Link>
          </li>
        ))}
      </ul>
      {more > 0 && t('ordersMore', { count: more })}
    </Field>
  );
}

function linkOf({ problemId, businessKey }: Subject, sysCode: string | null): string {
  if (problemId !== null) return `/problems/${problemId}`;
  const system = sysCode === null ? {} : { sysCode };
  return `/problems?${new URLSearchParams({ businessKey: businessKey ?? '', ...system })}`;
}
