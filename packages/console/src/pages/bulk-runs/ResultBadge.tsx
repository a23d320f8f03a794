import { useTranslation } from 'react-i18next';
import { OutcomeBadge, Sign } from '../../parts/badges.tsx';
import type { BulkResult } from './results.ts';

export function ResultBadge({ result }: { result: BulkResult }) {
  const { t } = useTranslation('words');
  switch (result) {
    case 'waiting':
      return (
        <Sign color="yellow" sign="○">
          {t('result.waiting')}
        </Sign>
      );
    case 'not-eligible':
      return (
        <Sign color="gray" sign="⊘">
          {t('result.not-eligible')}
        </Sign>
      );
    case 'dropped':
      return (
        <Sign color="gray" sign="✕">
          {t('result.dropped')}
        </Sign>
      );
    default:
      return <OutcomeBadge outcome={result} />;
  }
}
