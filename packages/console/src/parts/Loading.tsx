import { Loader } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Something is on its way. */
export function Loading() {
  const { t } = useTranslation();
  return (
    <div className="loading" role="status">
      <Loader size="sm" />
      <span>{t('loading')}</span>
    </div>
  );
}
