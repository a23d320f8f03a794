/** Who did what, when and why: reports, executions and acts of people as one story, newest first. */
import { Anchor, Button, Group } from '@mantine/core';
import { OUTCOME_NAMES } from '@piculus/protocol';
import { API_PREFIX, type HistoryEntry, type ProblemDetail } from '@piculus/protocol/http';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { OutcomeBadge, StateBadge } from '../../parts/badges.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import { changeIn, detailText, knownAct, whoDid } from './history.ts';

const SHOWN_FIRST = 20;

export function History({ problem: { id, history } }: { problem: ProblemDetail }) {
  const { t } = useTranslation('problem');
  const [all, setAll] = useState(false);
  const newestFirst = history.map((entry, index) => ({ entry, key: index })).reverse();
  const shown = all ? newestFirst : newestFirst.slice(0, SHOWN_FIRST);
  return (
    <Section title={t('history.heading')} lead={t('history.lead')} actions={<CaseFile id={id} />}>
      <ol className="problem-history">
        {shown.map(({ entry, key }) => (
          <li key={key} className="problem-entry">
            <Entry entry={entry} />
          </li>
        ))}
      </ol>
      {shown.length < newestFirst.length && (
        <Button variant="default" size="compact-sm" onClick={() => setAll(true)}>
          {t('history.more')}
        </Button>
      )}
    </Section>
  );
}

/** Everything about the problem with proof of it, as the server gives it out. */
function CaseFile({ id }: { id: string }) {
  const { t, i18n } = useTranslation('problem');
  const address = `${API_PREFIX}/problems/${id}/case-file`;
  return (
    <Group gap="md">
      <Anchor
        size="sm"
        underline="always"
        href={`${address}.html?language=${i18n.language}`}
        target="_blank"
        rel="noreferrer"
      >
        {t('caseFile.page')}
      </Anchor>
      <Anchor size="sm" underline="always" href={address} download={`case-${id}.json`}>
        {t('caseFile.json')}
      </Anchor>
    </Group>
  );
}

function Entry({ entry }: { entry: HistoryEntry }) {
  const { t } = useTranslation('problem');
  const act = knownAct(entry.act);
  const change = changeIn(entry);
  const outcome = OUTCOME_NAMES.find((name) => name === entry.detail['outcome']);
  return (
    <>
      <div className="problem-entry-when">
        <Time at={entry.at} />
      </div>
      <div className="problem-entry-what">
        <div className="problem-entry-line">
          <strong>{act === null ? entry.act : t(`acts.${act}`)}</strong>
          <Who entry={entry} />
          {outcome !== undefined && <OutcomeBadge outcome={outcome} />}
          {change !== null && change.from !== change.to && (
            <span className="problem-entry-change">
              <StateBadge state={change.from} />
              <span aria-hidden="true">→</span>
              <StateBadge state={change.to} />
            </span>
          )}
          <More entry={entry} />
        </div>
        {entry.reason && <div className="problem-words">{entry.reason}</div>}
      </div>
    </>
  );
}

function Who({ entry }: { entry: HistoryEntry }): ReactNode {
  const { t } = useTranslation('problem');
  const who = whoDid(entry);
  switch (who.is) {
    case 'client':
      return <span className="problem-dimmed">{t('history.client', { id: who.name })}</span>;
    case 'policy':
      return <span className="problem-dimmed">{t('history.policy', { name: who.name })}</span>;
    case 'cron':
      return <span className="problem-dimmed">{t('history.cron')}</span>;
    case 'person':
    case 'system':
      return <span>{who.name}</span>;
  }
}

function More({ entry }: { entry: HistoryEntry }): ReactNode {
  const { t } = useTranslation('problem');
  const bulk = detailText(entry, 'bulkRunId');
  const attempt = detailText(entry, 'attempt');
  const code = detailText(entry, 'code');
  return (
    <>
      {attempt !== null && <span className="problem-dimmed">{t('history.attempt', { n: attempt })}</span>}
      {code !== null && <code>{code}</code>}
      {bulk !== null && (
        <Anchor component={Link} underline="always" to={`/bulk-runs/${bulk}`}>
          {t('history.bulk', { id: bulk })}
        </Anchor>
      )}
    </>
  );
}
