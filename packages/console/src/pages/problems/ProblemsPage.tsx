import { useTranslation } from 'react-i18next';
import { Page } from '../../parts/Page.tsx';

export function Component() {
  const { t } = useTranslation('shell');
  return (
    <Page title={t('problems')} ready={false}>
      {null}
    </Page>
  );
}
