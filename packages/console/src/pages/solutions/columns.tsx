/** The columns of the list of solutions. */
import type { Solution } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { LevelBadge, StatusBadge } from '../../parts/badges.tsx';
import type { Column } from '../../parts/DataTable.tsx';
import { Time } from '../../parts/Time.tsx';
import { inLanguage } from '../../parts/words.ts';
import type { Open } from './open.ts';
import { OpenLink } from './OpenLink.tsx';
import { FixCode } from './FixCode.tsx';
import { Repairs } from './Repairs.tsx';
import { ScheduleCell } from './Schedule.tsx';
import { type Act, ActsMenu } from './SolutionActs.tsx';

export interface ColumnsOptions {
  readonly openOf: (of: Solution) => Open;
  readonly onAct: (of: Solution, act: Act) => void;
}

export function useColumns({ openOf, onAct }: ColumnsOptions): readonly Column<Solution>[] {
  const { t } = useTranslation('solutions');
  const { t: common } = useTranslation();
  const { t: words } = useTranslation('words');
  return [
    { key: 'fixCode', header: common('fixCode'), cell: (row) => <Name of={row} /> },
    { key: 'sysCode', header: common('system'), cell: (row) => row.sysCode },
    {
      key: 'mode',
      header: t('field.executionMode'),
      cell: (row) => (
        <div className="solutions-stack">
          <span className="solutions-line">
            <StatusBadge status={row.status} /> {words(`mode.${row.executionMode}`)}
          </span>
          <LevelBadge level={row.level} />
        </div>
      ),
    },
    { key: 'schedule', header: t('schedule'), cell: (row) => <ScheduleCell of={row} /> },
    { key: 'open', header: t('open'), cell: (row) => <OpenLink of={row} open={openOf(row)} /> },
    {
      key: 'version',
      header: t('version'),
      cell: (row) => (
        <div className="solutions-stack">
          <span>{row.version}</span>
          <span className="solutions-aside">
            <Time at={row.changedAt} relative />
          </span>
          <span className="solutions-aside">{t('changedBy', { name: row.changedBy })}</span>
        </div>
      ),
    },
    {
      key: 'acts',
      header: common('actions'),
      align: 'right',
      cell: (row) => <ActsMenu of={row} onAct={(act) => onAct(row, act)} />,
    },
  ];
}

function Name({ of }: { of: Solution }) {
  return (
    <div className="solutions-name">
      <Link className="business-key" to={`/solutions/${of.id}`}>
        <FixCode of={of.fixCode} />
      </Link>
      <Repairs fixCode={of.fixCode} />
      {of.warnings.map((warning) => (
        <span key={warning.message.en} className="solutions-flag">
          {inLanguage(warning.message)}
        </span>
      ))}
    </div>
  );
}
