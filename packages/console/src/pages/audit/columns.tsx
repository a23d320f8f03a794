/** What a row of the audit says. */
import { UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { AuditEntry } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Column } from '../../parts/DataTable.tsx';
import { Time } from '../../parts/Time.tsx';
import { knownAct } from './audit-query.ts';

export function useAuditColumns(open: (entry: AuditEntry) => void): Column<AuditEntry>[] {
  const { t } = useTranslation('audit');
  const { t: common } = useTranslation();
  return useMemo(
    () => [
      {
        key: 'act',
        header: t('act'),
        cell: (entry: AuditEntry) => (
          <UnstyledButton className="audit-open" onClick={() => open(entry)}>
            <ActName act={entry.act} />
            <VisuallyHidden> {t('open', { id: entry.id })}</VisuallyHidden>
          </UnstyledButton>
        ),
      },
      {
        key: 'who',
        header: t('who'),
        cell: (entry: AuditEntry) => (
          <div className="audit-lines">
            <span className="audit-text">{entry.actor}</span>
            <span className="audit-second">
              <Way entry={entry} />
            </span>
          </div>
        ),
      },
      { key: 'about', header: t('about'), cell: (entry: AuditEntry) => <About entry={entry} /> },
      {
        key: 'reason',
        header: t('reason'),
        cell: ({ reason }: AuditEntry) => <span className="audit-text">{reason ?? ''}</span>,
      },
      {
        key: 'block',
        header: t('block'),
        align: 'right' as const,
        hideOnPhone: true,
        cell: ({ block }: AuditEntry) => block ?? <span className="audit-second">{t('notYet')}</span>,
      },
      { key: 'at', header: common('time'), cell: ({ at }: AuditEntry) => <Time at={at} /> },
    ],
    [t, common, open],
  );
}

export function ActName({ act }: { act: string }) {
  const { t } = useTranslation('audit');
  const known = knownAct(act);
  return known === null ? <code>{act}</code> : t(`acts.${known}`);
}

/** By what and from where; nothing where neither was kept. */
export function Way({ entry: { via, from } }: { entry: AuditEntry }) {
  const { t } = useTranslation('audit');
  return [via === null ? null : t(`vias.${via}`), from].filter((part) => part !== null).join(' · ');
}

export function About({ entry: { sysCode, problemId, target } }: { entry: AuditEntry }) {
  const { t } = useTranslation('audit');
  return (
    <div className="audit-lines">
      {problemId !== null && <Link to={`/problems/${problemId}`}>{t('problem', { id: problemId })}</Link>}
      {target !== null && <span className="audit-text">{target}</span>}
      {sysCode !== null && <span className="audit-second">{sysCode}</span>}
    </div>
  );
}
