/** What a row of the clients says, cell by cell. */
import { Tooltip } from '@mantine/core';
import type { Client, Solution } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Sign } from '../../parts/badges.tsx';
import { milliseconds } from '../../parts/format.ts';
import { Able } from '../../parts/roles/Able.tsx';
import { Time } from '../../parts/Time.tsx';
import { type Health as HealthWord, LAG_HIGH_MS, withoutSolution } from './health.ts';

const LOOKS: Readonly<Record<HealthWord, { color: string; sign: string }>> = {
  well: { color: 'green', sign: '✓' },
  deaf: { color: 'red', sign: '✕' },
  silent: { color: 'orange', sign: '!' },
  gone: { color: 'gray', sign: '–' },
};

export function Identity({ client }: { client: Client }) {
  const { t } = useTranslation('clients');
  const { application, sdk, clientId } = client;
  return (
    <div className="clients-identity">
      <div>
        <strong>{application.name}</strong> {application.version}
      </div>
      <div className="clients-note">{t('sdk', sdk)}</div>
      <div className="clients-note">
        <code title={clientId}>{clientId.length > 9 ? `${clientId.slice(0, 8)}…` : clientId}</code> ·{' '}
        <Link
          className="clients-link"
          to={`/messages?${new URLSearchParams({ clientId })}`}
          aria-label={t('messagesOf', { name: application.name })}
        >
          {t('messages')}
        </Link>
      </div>
    </div>
  );
}

export function Since({ client }: { client: Client }) {
  const { t } = useTranslation('clients');
  return (
    <div className="clients-stack">
      <Sign color={client.connected ? 'green' : 'gray'} sign={client.connected ? '●' : '○'}>
        {client.connected ? t('connected') : t('disconnected')}
      </Sign>
      <span className="clients-note">
        {client.disconnectedAt === null ? t('connectedSince') : t('disconnectedSince')}{' '}
        <Time at={client.disconnectedAt ?? client.connectedAt} relative />
      </span>
    </div>
  );
}

export function Health({ client, health }: { client: Client; health: HealthWord }) {
  const { t } = useTranslation('clients');
  const { lastHeartbeatAt, lastAnsweredAt } = client;
  return (
    <div className="clients-stack" data-health={health}>
      {health !== 'gone' && <Sign {...LOOKS[health]}>{t(`health.${health}`)}</Sign>}
      <span>
        {lastAnsweredAt === null ? (
          t('neverAnswered')
        ) : (
          <>
            {t('answered')}: <Time at={lastAnsweredAt} relative />
          </>
        )}
      </span>
      <span className="clients-note">
        {lastHeartbeatAt === null ? (
          t('neverHeard')
        ) : (
          <>
            {t('heartbeat')}: <Time at={lastHeartbeatAt} relative />
          </>
        )}
      </span>
      {health === 'deaf' && <p className="clients-hint">{t('deafHint')}</p>}
      {health === 'silent' && <p className="clients-hint">{t('silentHint')}</p>}
    </div>
  );
}

export function Places({ client: { places, placesUsed } }: { client: Client }) {
  const { t } = useTranslation('clients');
  return (
    <div className="clients-stack">
      <span className="number">{t('placesUsed', { used: placesUsed, places })}</span>
      {places > 0 && placesUsed >= places && (
        <Sign color="orange" sign="!">
          {t('placesFull')}
        </Sign>
      )}
    </div>
  );
}

export function Lag({ client: { eventLoopLagMs, connected } }: { client: Client }) {
  const { t } = useTranslation('clients');
  if (eventLoopLagMs === null || !connected) return <span className="clients-note">{t('lagUnknown')}</span>;
  const high = eventLoopLagMs > LAG_HIGH_MS;
  return (
    <div className="clients-stack">
      <span className="number">{milliseconds(eventLoopLagMs)}</span>
      {high && (
        <Tooltip label={t('lagHint')} multiline w={260}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the hint must be reachable without a mouse. */}
          <span tabIndex={0}>
            <Sign color="orange" sign="!">
              {t('lagHigh')}
            </Sign>
          </span>
        </Tooltip>
      )}
    </div>
  );
}

export interface AnnouncedProps {
  readonly client: Client;
  /** Undefined until they were read. */
  readonly solutions: readonly Pick<Solution, 'sysCode' | 'fixCode'>[] | undefined;
}

export function Announced({ client, solutions }: AnnouncedProps) {
  const { t } = useTranslation('clients');
  const lacking = solutions === undefined ? [] : withoutSolution(client, solutions);
  return (
    <div className="clients-stack clients-announced">
      <Codes codes={client.collectors} name={t('collectors', { count: client.collectors.length })} />
      <Codes codes={client.fixes} name={t('fixes', { count: client.fixes.length })} />
      {lacking.length > 0 && (
        <details>
          <summary className="clients-lacking">
            <span aria-hidden="true">! </span>
            {t('missing', { count: lacking.length })}
          </summary>
          <ul className="clients-codes">
            {lacking.map((fixCode) => (
              <li key={fixCode}>
                <Able to="configure" where={{ sysCode: client.sysCode }} otherwise={<code>{fixCode}</code>}>
                  <Link to={`/solutions/new?${new URLSearchParams({ sysCode: client.sysCode, fixCode })}`}>
                    {t('createSolution', { fixCode })}
                  </Link>
                </Able>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Codes({ codes, name }: { codes: readonly string[]; name: string }) {
  if (codes.length === 0) return <span className="clients-note">{name}</span>;
  return (
    <details>
      <summary>{name}</summary>
      <ul className="clients-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
