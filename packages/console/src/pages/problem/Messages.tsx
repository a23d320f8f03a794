/** The messages between server and clients that speak of the problem. */
import { Anchor, Text } from '@mantine/core';
import type { ApiError, Message } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { DirectionBadge, MessageBadge } from '../../parts/badges.tsx';
import { milliseconds } from '../../parts/format.ts';
import { Json } from '../../parts/Json.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { MessageType } from '../../parts/MessageType.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';

export interface MessagesProps {
  readonly id: string;
  readonly items: readonly Message[] | undefined;
  readonly error: ApiError | null;
}

export function Messages({ items, error }: MessagesProps) {
  const { t } = useTranslation('problem');
  const { t: common } = useTranslation();
  return (
    <Section
      title={t('messages.heading')}
      {...(items !== undefined && items.length > 0
        ? { lead: t('messages.lead', { count: items.length }) }
        : {})}
    >
      {error !== null && <Notice error={error} title={common('failedLoad')} />}
      {items === undefined ? (
        error === null && <Loading />
      ) : items.length === 0 ? (
        <p className="problem-dimmed">{t('messages.none')}</p>
      ) : (
        <ul className="problem-messages">
          {items.map((message) => (
            <li key={message.id} className="problem-message">
              <OneMessage message={message} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function OneMessage({ message }: { message: Message }) {
  const { t } = useTranslation('problem');
  const [open, setOpen] = useState(false);
  const { type, messageId } = message;
  return (
    <>
      <div className="problem-message-line">
        <Time at={message.at} />
        <DirectionBadge direction={message.direction} />
        <strong>
          <MessageType type={type} />
        </strong>
        <MessageBadge state={message.state} />
        {message.errorCode !== null && <code>{message.errorCode}</code>}
        {message.latencyMs !== null && <span className="number">{milliseconds(message.latencyMs)}</span>}
        <Text component="span" size="xs" c="dimmed" className="problem-words">
          {message.clientId}
        </Text>
        <Anchor
          component={Link}
          underline="always"
          to={`/messages?messageId=${encodeURIComponent(messageId)}`}
          size="sm"
        >
          {t('messages.monitor')}
        </Anchor>
      </div>
      {/* A payload may be a megabyte of text: it is made when it is asked for. */}
      <details className="execution-more" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t('messages.payload')}</summary>
        {open && <Json value={message.payload} label={t('messages.payloadOf', { type })} />}
      </details>
    </>
  );
}
