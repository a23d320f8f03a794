import { Alert } from '@mantine/core';
import type { Stats } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { inLanguage } from '../../parts/words.ts';

/** Collects that did not run or did not complete: without them no figure of this page can be believed. */
export function Alarms({ alarms }: { alarms: Stats['alarms'] }) {
  const { t } = useTranslation('home');
  return (
    <Alert color="red" title={t('alarms', { count: alarms.length })}>
      <ul className="home-alarms">
        {alarms.map(({ sysCode, message }) => (
          <li key={sysCode}>
            <strong>{sysCode}</strong>: {inLanguage(message)}{' '}
            <span className="home-links">
              <Link to={`/collect?${new URLSearchParams({ sysCode })}`}>{t('collectNow')}</Link>
              <Link to={`/collections?${new URLSearchParams({ sysCode })}`}>{t('seeCollections')}</Link>
            </span>
          </li>
        ))}
      </ul>
    </Alert>
  );
}
