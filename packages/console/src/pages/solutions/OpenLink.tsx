import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Amounts } from '../../parts/Amount.tsx';
import type { Open } from './open.ts';
import { problemsOf } from './open.ts';

/** The open problems of a solution, with their amounts, as a link to their list. */
export function OpenLink({ of, open }: { of: { sysCode: string; fixCode: string }; open: Open }) {
  const { t } = useTranslation('solutions');
  if (open.problems === 0) return <span className="number">0</span>;
  const name = `${of.sysCode} ${of.fixCode}`;
  return (
    <div className="solutions-open">
      <Link to={problemsOf(of)} aria-label={t('openLinkLabel', { name, count: open.problems })}>
        {t('openLink', { count: open.problems })}
      </Link>
      <span className="solutions-aside">
        <Amounts of={open.amounts} />
      </span>
    </div>
  );
}
