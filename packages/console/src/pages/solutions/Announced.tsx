/** Fixes that clients announced and that nobody has configured: what they would repair waits. */
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Able } from '../../parts/roles/Able.tsx';
import { Section } from '../../parts/Section.tsx';
import { type Known, nameOf } from './known.ts';
import type { Open } from './open.ts';
import { FixCode } from './FixCode.tsx';
import { OpenLink } from './OpenLink.tsx';
import { Repairs } from './Repairs.tsx';
import type { Unconfigured } from './unconfigured.ts';

export interface AnnouncedProps {
  readonly rows: readonly Unconfigured[];
  readonly known: Known;
  readonly openOf: (of: Unconfigured) => Open;
}

export function Announced({ rows, known, openOf }: AnnouncedProps) {
  const { t } = useTranslation('solutions');
  const { t: common } = useTranslation();
  const columns: Column<Unconfigured>[] = [
    {
      key: 'fixCode',
      header: common('fixCode'),
      cell: (row) => (
        <div className="solutions-name">
          <span className="business-key">
            <FixCode of={row.fixCode} />
          </span>
          <span className="solutions-aside">
            {known.connected.has(nameOf(row.sysCode, row.fixCode)) ? t('clientOnline') : t('clientOffline')}
          </span>
        </div>
      ),
    },
    { key: 'sysCode', header: common('system'), cell: (row) => row.sysCode },
    { key: 'repairs', header: t('repairs'), cell: (row) => <Repairs fixCode={row.fixCode} /> },
    { key: 'open', header: t('open'), cell: (row) => <OpenLink of={row} open={openOf(row)} /> },
    {
      key: 'act',
      header: common('actions'),
      align: 'right',
      cell: (row) => (
        <Able to="configure" where={{ sysCode: row.sysCode }}>
          <Button
            component={Link}
            to={`/solutions/new?${new URLSearchParams({ sysCode: row.sysCode, fixCode: row.fixCode })}`}
            size="compact-sm"
            aria-label={t('configureLabel', { name: `${row.sysCode} ${row.fixCode}` })}
          >
            {t('configure')}
          </Button>
        </Able>
      ),
    },
  ];
  if (rows.length === 0) return null;
  return (
    <Section title={t('announced')} lead={t('announcedLead')}>
      <DataTable
        caption={t('announcedCaption')}
        columns={columns}
        rows={rows}
        rowKey={(row) => nameOf(row.sysCode, row.fixCode)}
        empty={null}
      />
    </Section>
  );
}
