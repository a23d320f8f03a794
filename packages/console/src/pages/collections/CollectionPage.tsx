/** One collect: all that is known about it, while it runs and after. */
import type { Collection } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { CancelCollection } from '../../parts/collect/CancelCollection.tsx';
import { Commands, Fact } from '../../parts/collect/Commands.tsx';
import { Outcome } from '../../parts/collect/Outcome.tsx';
import { ProblemLinks } from '../../parts/collect/ProblemLinks.tsx';
import { sumsOf } from '../../parts/collect/rules.ts';
import { wholeNumber } from '../../parts/format.ts';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { Section } from '../../parts/Section.tsx';
import { Elapsed, Span } from '../../parts/Span.tsx';
import { Time } from '../../parts/Time.tsx';
import { CollectionMessages } from './CollectionMessages.tsx';
import './collections.css';

export function Component() {
  const { t } = useTranslation('collections');
  const { id = '' } = useParams();
  const read = useRead('getCollection', { params: { id } });
  return (
    <Page
      title={t('named', { id })}
      updatedAt={read.dataUpdatedAt}
      ready={!read.isPending}
      actions={read.data && <CancelCollection collection={read.data} />}
    >
      {read.error && <Notice error={read.error} onRetry={() => void read.refetch()} />}
      {read.isPending && <Loading />}
      {read.data && (
        <>
          <Summary collection={read.data} />
          <Section title={t('systems')}>
            <Commands collection={read.data} />
          </Section>
          <CollectionMessages id={id} />
        </>
      )}
    </Page>
  );
}

function Summary({ collection }: { collection: Collection }) {
  const { t } = useTranslation('collections');
  const { rows, reported, fresh } = sumsOf(collection.commands);
  const { createdAt, finishedAt } = collection;
  return (
    <Section title={t('summary')}>
      <div className="collection-summary">
        <Outcome collection={collection} />
        <dl className="facts">
          <Fact name={t('started')}>
            <Time at={createdAt} /> ·{' '}
            {collection.trigger === 'cron'
              ? t('byCronLong')
              : t('byPerson', { name: collection.requestedBy ?? '?' })}
          </Fact>
          <Fact name={t('window')}>
            <Time at={collection.windowFrom} /> – <Time at={collection.windowTo} />
          </Fact>
          <Fact name={finishedAt === null ? t('runningFor') : t('duration')}>
            {finishedAt === null ? (
              <Elapsed since={createdAt} />
            ) : (
              <Span ms={Date.parse(finishedAt) - Date.parse(createdAt)} />
            )}
          </Fact>
          <Fact name={t('rows')}>{wholeNumber(rows)}</Fact>
          <Fact name={t('problems')}>
            {t('reportedNew', { reported: wholeNumber(reported), fresh: wholeNumber(fresh) })}
          </Fact>
        </dl>
        <ProblemLinks collection={collection} />
      </div>
    </Section>
  );
}
