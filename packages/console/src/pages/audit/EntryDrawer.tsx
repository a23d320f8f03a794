/** One act with everything that was kept of it. */
import { Drawer } from '@mantine/core';
import type { AuditEntry } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Json } from '../../parts/Json.tsx';
import { Time } from '../../parts/Time.tsx';
import { About, ActName, Way } from './columns.tsx';

export function EntryDrawer({ entry, onClose }: { entry: AuditEntry | null; onClose: () => void }) {
  const { t } = useTranslation('audit');
  const { t: common } = useTranslation();
  return (
    <Drawer
      opened={entry !== null}
      onClose={onClose}
      position="right"
      size="40rem"
      title={entry === null ? '' : t('entry', { id: entry.id })}
      closeButtonProps={{ 'aria-label': common('close') }}
      // The library's header element would be a second banner of the page.
      attributes={{ header: { role: 'presentation' } }}
    >
      {entry !== null && <Details entry={entry} />}
    </Drawer>
  );
}

function Details({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation('audit');
  const { t: common } = useTranslation();
  const parts = [
    ['before', entry.before],
    ['after', entry.after],
    ['detail', Object.keys(entry.detail).length === 0 ? null : entry.detail],
  ] as const;
  return (
    <>
      <dl className="audit-fields">
        <Field name={t('act')}>
          <ActName act={entry.act} /> <code>{entry.act}</code>
        </Field>
        <Field name={t('who')}>
          {entry.actor}{' '}
          <span className="audit-second">
            <Way entry={entry} />
          </span>
        </Field>
        <Field name={common('time')}>
          <Time at={entry.at} />
        </Field>
        <Field name={t('about')}>
          <About entry={entry} />
        </Field>
        <Field name={t('reason')}>{entry.reason ?? '–'}</Field>
        <Field name={t('requestId')}>
          <code>{entry.requestId ?? '–'}</code>
        </Field>
        <Field name={t('block')}>{entry.block ?? t('notYet')}</Field>
      </dl>
      {parts.map(
        ([name, value]) =>
          value !== null && (
            <section key={name}>
              <h3 className="audit-heading">{t(name)}</h3>
              <Json value={value} label={t(name)} />
            </section>
          ),
      )}
    </>
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
