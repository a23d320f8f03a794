/** One problem as a page of its own, at an address that can be sent to others. */
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Copy } from '../../parts/Copy.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemContent } from './ProblemContent.tsx';

export function Component() {
  const { id = '' } = useParams();
  const { t } = useTranslation('problem');
  const { t: common } = useTranslation();
  const { data, isPending, dataUpdatedAt } = useRead('getProblem', { params: { id } });
  return (
    <Page
      title={data?.businessKey ?? t('title')}
      ready={!isPending}
      updatedAt={dataUpdatedAt}
      actions={<Copy text={`${location.origin}/problems/${id}`} label={common('copyLink')} />}
    >
      <ProblemContent key={id} id={id} />
    </Page>
  );
}
