/** One execution from its dispatch to its end: what was asked, what was done, what was read, how long it took. */
import { Anchor, Text } from '@mantine/core';
import type { Execution, HistoryEntry, Message, Solution } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Amount } from './Amount.tsx';
import { OutcomeBadge, StateBadge } from './badges.tsx';
import { Effects } from './Effects.tsx';
import { type Exchange, exchangeOf, type Part } from './exchange.ts';
import { milliseconds } from './format.ts';
import { Json } from './Json.tsx';
import { Sides } from './Sides.tsx';
import { Time } from './Time.tsx';
import './execution.css';

export interface ExecutionStoryProps {
  readonly execution: Execution;
  readonly currency: string;
  readonly solution?: Solution | null | undefined;
  /** Who asked for it; null for a tick. */
  readonly asked: HistoryEntry | null;
  readonly messages: readonly Message[] | undefined;
  /** Level of the headings inside. */
  readonly headings?: 3 | 4;
}

export function ExecutionStory({
  execution: one,
  currency,
  solution,
  asked,
  messages,
  headings = 4,
}: ExecutionStoryProps) {
  const { t } = useTranslation('problem');
  const { t: words } = useTranslation('words');
  return (
    <div className="execution">
      <div className="execution-head">
        <OutcomeBadge outcome={one.outcome} />
        <span>{words(`trigger.${one.trigger}`)}</span>
        {asked !== null && <span>{t('execution.by', { who: asked.actor })}</span>}
        <Time at={one.finishedAt} relative />
      </div>
      {asked?.reason && (
        <Text size="sm" className="execution-words">
          {t('execution.because', { reason: asked.reason })}
        </Text>
      )}
      <p className="execution-words execution-reason">{one.reason}</p>
      <Facts execution={one} solution={solution} />
      <ul className="execution-checks">
        <li data-good={one.verified}>
          <span aria-hidden="true">{one.verified ? '✓' : '–'} </span>
          {t(one.verified ? 'execution.verified' : 'execution.notVerified')}
        </li>
        {one.replayed && (
          <li>
            <span aria-hidden="true">↺ </span>
            {t('execution.replayed')}
          </li>
        )}
      </ul>
      <Effects effects={one.effects} />
      {one.facts !== null && (
        <details className="execution-more">
          <summary>{t('execution.factsThen')}</summary>
          <Sides facts={one.facts} currency={currency} headings={headings} />
        </details>
      )}
      <details className="execution-more">
        <summary>{t('execution.exchange')}</summary>
        <Exchanged of={messages === undefined ? null : exchangeOf(messages, one)} />
      </details>
    </div>
  );
}

function Facts({ execution: one, solution }: Pick<ExecutionStoryProps, 'execution' | 'solution'>) {
  const { t } = useTranslation('problem');
  return (
    <dl className="execution-facts">
      <Row name={t('execution.moved')}>
        <Moved execution={one} />
      </Row>
      <Row name={t('execution.after')}>
        <StateBadge state={one.stateAfter} />
      </Row>
      <Row name={t('execution.client')}>
        <Anchor component={Link} underline="always" to={`/clients?sysCode=${one.sysCode}`}>
          {one.clientId}
        </Anchor>
      </Row>
      <Row name={t('execution.version')}>
        {solution ? (
          <Anchor component={Link} underline="always" to={`/solutions/${solution.id}`}>
            {one.solutionVersion}
          </Anchor>
        ) : (
          one.solutionVersion
        )}
      </Row>
      <Row name={t('execution.dispatched')}>
        <Time at={one.dispatchedAt} />
      </Row>
      <Row name={t('execution.started')}>
        {one.startedAt === null ? t('execution.neverStarted') : span(one.dispatchedAt, one.startedAt)}
      </Row>
      {one.startedAt !== null && <Row name={t('execution.took')}>{span(one.startedAt, one.finishedAt)}</Row>}
      <Row name={t('execution.finished')}>
        <Time at={one.finishedAt} />
      </Row>
      <Row name={t('execution.commandKey')}>
        <code className="execution-key">{one.commandKey}</code>
      </Row>
    </dl>
  );
}

function Exchanged({ of }: { of: Exchange | null }) {
  const { t } = useTranslation('problem');
  if (of === null || (of.request === null && of.answer === null))
    return <Text size="sm">{t('execution.noExchange')}</Text>;
  const part = (name: string, given: Part | null): ReactNode =>
    given !== null && (
      <div>
        <Text size="sm" fw={600}>
          {name} · <Time at={given.message.at} />
        </Text>
        <Json value={given.item} label={name} />
      </div>
    );
  return (
    <div className="execution-exchange">
      {of.leaseId !== null && (
        <Text size="sm" className="execution-words">
          {t('execution.lease')} <code>{of.leaseId}</code> ·{' '}
          <Anchor component={Link} underline="always" to={`/messages?leaseId=${of.leaseId}`} size="sm">
            {t('execution.toMessages')}
          </Anchor>
        </Text>
      )}
      {part(t('execution.request'), of.request)}
      {part(t('execution.answer'), of.answer)}
    </div>
  );
}

/** What an execution moved by itself; effects that an earlier one told are not counted again. */
export function Moved({ execution: { movedMinor, effects } }: { execution: Execution }) {
  const { t } = useTranslation('problem');
  const currency = effects.find(({ amountMinor }) => amountMinor !== '0')?.currency;
  if (movedMinor === '0' || currency === undefined)
    return <span className="execution-nothing">{t('execution.movedNothing')}</span>;
  return <Amount minor={movedMinor} currency={currency} />;
}

/** @returns the time between two moments in words of a machine: `812 ms`. */
export function span(from: string, to: string): string {
  return milliseconds(Math.max(0, Date.parse(to) - Date.parse(from)));
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="execution-row">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
