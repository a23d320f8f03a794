/** The collect commands of one collection, one card per system: who works on it, how far, what came of it. */
import type { Client, Collection, CollectCommandView } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { CollectBadge, Sign } from '../badges.tsx';
import { listed, wholeNumber } from '../format.ts';
import { Elapsed, Span } from '../Span.tsx';
import { Time } from '../Time.tsx';
import { Feeds } from './Feeds.tsx';
import { isOpen, whyNot } from './rules.ts';
import './collect.css';

export function Commands({ collection }: { collection: Collection }) {
  const clients = useRead('listClients');
  return (
    <div className="commands">
      {collection.commands.map((command) => (
        <CommandCard
          key={command.id}
          command={command}
          since={collection.createdAt}
          client={clients.data?.items.find(({ clientId }) => clientId === command.clientId) ?? null}
        />
      ))}
    </div>
  );
}

interface CardProps {
  readonly command: CollectCommandView;
  /** When the collection was started. */
  readonly since: string;
  readonly client: Client | null;
}

function CommandCard({ command, since, client }: CardProps) {
  const { t } = useTranslation('collections');
  return (
    <article className="command" aria-label={t('command', { sysCode: command.sysCode })}>
      <header className="command-header">
        <h3>{command.sysCode}</h3>
        <CollectBadge state={command.state} />
        {command.epoch > 1 && (
          <Sign color="orange" sign="↻">
            {t('takenOver', { count: command.epoch - 1 })}
          </Sign>
        )}
      </header>
      <Reason command={command} />
      <dl className="facts">
        <Fact name={t('client')}>
          <Worker command={command} client={client} />
        </Fact>
        <Fact name={t('collectors')}>
          {command.fixCodes.length === 0 ? t('allCollectors') : listed(command.fixCodes)}
        </Fact>
        <Fact name={t('rows')}>
          <span className="number">{wholeNumber(command.rowsScanned)}</span>
        </Fact>
        <Fact name={t('problems')}>
          <Found command={command} />
        </Fact>
        <RunTimes command={command} since={since} />
      </dl>
      {command.feeds.length > 0 && <Feeds command={command} />}
    </article>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Worker({ command, client }: { command: CollectCommandView; client: Client | null }) {
  const { t } = useTranslation('collections');
  if (command.clientId === null) return <span>{isOpen(command) ? t('waitsForClient') : t('noClient')}</span>;
  const version = command.clientVersion ?? client?.application.version ?? '';
  return (
    <Link to={`/clients?sysCode=${command.sysCode}`}>
      {client === null ? command.clientId : `${client.application.name} ${version} · ${client.host}`}
    </Link>
  );
}

function Found({ command }: { command: CollectCommandView }) {
  const { t } = useTranslation('collections');
  const { problemsReported: reported, problemsNew: fresh } = command;
  if (reported === 0) return <span>{isOpen(command) ? '0' : t('noProblems')}</span>;
  return (
    <span className="number">
      {t('reportedNew', { reported: wholeNumber(reported), fresh: wholeNumber(fresh) })}
    </span>
  );
}

function RunTimes({ command, since }: { command: CollectCommandView; since: string }) {
  const { t } = useTranslation('collections');
  const { startedAt, finishedAt } = command;
  if (finishedAt !== null) {
    return (
      <>
        <Fact name={t('finishedAt')}>
          <Time at={finishedAt} />
        </Fact>
        {startedAt !== null && (
          <Fact name={t('duration')}>
            <Span ms={Date.parse(finishedAt) - Date.parse(startedAt)} />
          </Fact>
        )}
      </>
    );
  }
  return (
    <Fact name={startedAt === null ? t('waitingFor') : t('runningFor')}>
      <Elapsed since={startedAt ?? since} />
    </Fact>
  );
}

/** What it means, in the person's language; and the server's own sentence about this case. */
export function Reason({ command }: { command: CollectCommandView }) {
  const { t } = useTranslation('collections');
  const why = whyNot(command);
  if (why === null && command.reason === null) return null;
  return (
    <div className="collect-reason">
      {why !== null && <p>{t(`why.${why}`)}</p>}
      {command.reason !== null && (
        <p className="collect-told">
          {t('told')}: <q lang="en">{command.reason}</q>
        </p>
      )}
    </div>
  );
}
