/** All versions of a solution: who changed what, any two side by side, and one of them back into the form. */
import { Button, NativeSelect } from '@mantine/core';
import type { RouteResponse } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import { Diff } from './Diff.tsx';
import { changedFields } from './fields.ts';
import { useShow } from './show.ts';

export type Version = RouteResponse<'listSolutionVersions'>['items'][number];

export function Versions({ id, onRestore }: { id: string; onRestore: ((version: Version) => void) | null }) {
  const { t } = useTranslation('solutions');
  const { t: common } = useTranslation();
  const versions = useRead('listSolutionVersions', { params: { id } });
  const items = versions.data?.items;
  const current = items?.[0]?.version;
  const before = (of: Version): Version | undefined =>
    items?.find(({ version }) => version === of.version - 1);
  const columns: Column<Version>[] = [
    {
      key: 'version',
      header: t('version'),
      cell: (row) => (
        <strong>
          {row.version}
          {row.version === current && ` · ${t('current')}`}
        </strong>
      ),
    },
    { key: 'when', header: t('when'), cell: (row) => <Time at={row.changedAt} /> },
    { key: 'who', header: t('who'), cell: (row) => <span className="solutions-text">{row.changedBy}</span> },
    { key: 'what', header: t('what'), cell: (row) => <Changes of={row} before={before(row)} /> },
    {
      key: 'acts',
      header: common('actions'),
      align: 'right',
      cell: (row) =>
        row.version !== current &&
        onRestore !== null && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t('restoreLabel', { version: row.version })}
            onClick={() => onRestore(row)}
          >
            {t('restore')}
          </Button>
        ),
    },
  ];
  return (
    <Section title={t('versions')} lead={t('versionsLead')}>
      <DataTable
        caption={t('versionsCaption')}
        columns={columns}
        rows={items}
        rowKey={({ version }) => String(version)}
        error={versions.error}
        onRetry={() => void versions.refetch()}
        empty={null}
      />
      {items !== undefined && items.length > 1 && <Compare items={items} />}
    </Section>
  );
}

function Changes({ of, before }: { of: Version; before: Version | undefined }) {
  const { t } = useTranslation('solutions');
  const show = useShow();
  if (of.version === 1) return t('firstVersion');
  if (before === undefined) return null;
  return (
    <ul className="solutions-changes">
      {changedFields(before, of).map((name) => (
        <li key={name}>
          {t(`field.${name}`)} <del>{show(name, before)}</del> → <ins>{show(name, of)}</ins>
        </li>
      ))}
    </ul>
  );
}

function Compare({ items }: { items: readonly Version[] }) {
  const { t } = useTranslation('solutions');
  const [older, setOlder] = useState<number | null>(null);
  const [newer, setNewer] = useState<number | null>(null);
  // Where nothing was chosen, the newest with the one before it, and that stays so when a newer one comes.
  const after = items.find(({ version }) => version === newer) ?? items[0];
  const before = items.find(({ version }) => version === older) ?? items[1];
  if (after === undefined || before === undefined) return null;
  const choices = items.map(({ version }) => ({
    value: String(version),
    label: t('versionNumber', { version }),
  }));
  return (
    <div className="solutions-compare">
      <h3>{t('compare')}</h3>
      <div className="solutions-compare-choice">
        <NativeSelect
          size="xs"
          label={t('older')}
          data={choices}
          value={String(before.version)}
          onChange={(event) => setOlder(Number(event.currentTarget.value))}
        />
        <NativeSelect
          size="xs"
          label={t('newer')}
          data={choices}
          value={String(after.version)}
          onChange={(event) => setNewer(Number(event.currentTarget.value))}
        />
      </div>
      <div aria-live="polite">
        <Diff
          caption={t('diffCaption', { from: before.version, to: after.version })}
          fields={changedFields(before, after)}
          before={{ name: t('versionNumber', { version: before.version }), of: before }}
          after={{ name: t('versionNumber', { version: after.version }), of: after }}
        />
      </div>
    </div>
  );
}
