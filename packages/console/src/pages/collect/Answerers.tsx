/** Who would answer the collect as it is chosen now: per system its connected clients and what they can. */
import type { Client, System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Sign } from '../../parts/badges.tsx';
import { listed } from '../../parts/format.ts';
import { abilityOf, type Choice } from './choice.ts';

export interface AnswerersProps {
  readonly choice: Choice;
  readonly chosen: readonly System[];
  readonly clients: readonly Client[];
}

export function Answerers({ choice, chosen, clients }: AnswerersProps) {
  const { t } = useTranslation('collect');
  if (chosen.length === 0) return <p className="collect-note">{t('answerNoSystem')}</p>;
  return (
    <ul className="answerers">
      {chosen.map(({ sysCode }) => (
        <li key={sysCode}>
          <h3>{sysCode}</h3>
          <OfSystem
            choice={choice}
            clients={clients.filter((client) => client.connected && client.sysCode === sysCode)}
          />
        </li>
      ))}
    </ul>
  );
}

function OfSystem({ choice, clients }: { choice: Choice; clients: readonly Client[] }) {
  const { t } = useTranslation('collect');
  if (clients.length === 0) return <Warning text={t('answerNobody')} />;
  const able = clients.some((client) => abilityOf(client, choice).has.length > 0);
  return (
    <>
      {!able && <Warning text={t('answerUnable')} />}
      <ul className="answerers-clients">
        {clients.map((client) => (
          <Answerer key={client.clientId} client={client} choice={choice} />
        ))}
      </ul>
    </>
  );
}

function Warning({ text }: { text: string }) {
  return (
    <p className="answerers-warning">
      <span aria-hidden="true">!</span> {text}
    </p>
  );
}

function Answerer({ client, choice }: { client: Client; choice: Choice }) {
  const { t } = useTranslation('collect');
  const { has, missing } = abilityOf(client, choice);
  return (
    <li>
      <div className="answerer-name">
        <strong>{client.application.name}</strong> {client.application.version}
        <span className="collect-note">
          {client.host}:{client.pid}
        </span>
      </div>
      {has.length === 0 ? (
        <Sign color="orange" sign="!">
          {t('answerHasNone')}
        </Sign>
      ) : (
        <details>
          <summary>{t('answerHas', { count: has.length })}</summary>
          <ul className="answerer-codes">
            {has.map((code) => (
              <li key={code}>{code}</li>
            ))}
          </ul>
        </details>
      )}
      {missing.length > 0 && has.length > 0 && (
        <p className="collect-note">{t('answerMissing', { names: listed(missing) })}</p>
      )}
    </li>
  );
}
