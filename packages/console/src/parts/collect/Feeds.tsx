/** How far each side's data reaches, so that "0 problems" can be believed. */
import { Table, VisuallyHidden } from '@mantine/core';
import type { CollectCommandView } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Sign } from '../badges.tsx';
import { localTime } from '../format.ts';
import { Time } from '../Time.tsx';
import { gapsOf, saidNothing } from './rules.ts';
import './collect.css';

export function Feeds({ command }: { command: CollectCommandView }) {
  const { t } = useTranslation('collections');
  const { t: words } = useTranslation('words');
  const caption = t('feedsCaption', { sysCode: command.sysCode });
  return (
    <Table className="feeds" withTableBorder>
      <caption>
        <VisuallyHidden>{caption}</VisuallyHidden>
      </caption>
      <thead>
        <tr>
          <th scope="col">{t('side')}</th>
          <th scope="col">{t('reaches')}</th>
          <th scope="col">{t('coverage')}</th>
        </tr>
      </thead>
      <tbody>
        {command.feeds.map((feed) => (
          <tr key={feed.side}>
            <th scope="row">{words(`side.${feed.side}`)}</th>
            <td>{feed.reachesTo === null ? t('nothing') : <Time at={feed.reachesTo} />}</td>
            <td>
              {feed.complete ? (
                <Sign color="green" sign="✓">
                  {t('complete')}
                </Sign>
              ) : (
                <Sign color="orange" sign="!">
                  {t('notComplete')}
                </Sign>
              )}
              {feed.note !== undefined && <p className="feed-note">{feed.note}</p>}
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** The same in one line, for lists. */
export function Coverage({ commands }: { commands: readonly CollectCommandView[] }) {
  const { t } = useTranslation('collections');
  const { t: words } = useTranslation('words');
  const told = commands.filter(({ feeds }) => feeds.length > 0);
  if (told.length === 0) return <span className="collect-dim">{t('noFeeds')}</span>;
  const gaps = told.flatMap((command) =>
    gapsOf(command).map((gap) => ({ ...gap, sysCode: command.sysCode })),
  );
  const silent = commands.filter(saidNothing);
  if (gaps.length === 0 && silent.length === 0) return <span>{t('sidesComplete')}</span>;
  return (
    <ul className="collect-gaps">
      {gaps.map(({ sysCode, side, reachesTo }) => (
        <li key={`${sysCode} ${side}`}>
          {commands.length > 1 && `${sysCode}: `}
          {reachesTo === null
            ? t('gapNone', { side: words(`side.${side}`) })
            : t('gap', { side: words(`side.${side}`), time: localTime(reachesTo) })}
        </li>
      ))}
      {silent.map(({ sysCode }) => (
        <li key={sysCode}>
          {sysCode}: {t('noFeeds')}
        </li>
      ))}
    </ul>
  );
}
