/** Starting a collect broadcast: what to collect, who would answer, and how it goes once it has begun. */
import type { Client, System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { CollectForm } from './CollectForm.tsx';
import { Started } from './Started.tsx';
import './collect.css';

export function Component() {
  const { t } = useTranslation('collect');
  const { t: shell } = useTranslation('shell');
  const { may } = useMay();
  const systems = useRead('listSystems');
  const clients = useRead('listClients');
  const error = systems.error ?? clients.error;
  const ready = !systems.isPending && !clients.isPending;
  const retry = (): void => {
    void systems.refetch();
    void clients.refetch();
  };
  return (
    <Page title={shell('collect')} lead={t('lead')} updatedAt={clients.dataUpdatedAt} ready={ready}>
      {error && <Notice error={error} onRetry={retry} />}
      {!ready && <Loading />}
      {systems.data && clients.data && (
        <Body
          systems={systems.data.items.filter(({ sysCode }) => may('collect', sysCode))}
          clients={clients.data.items}
        />
      )}
    </Page>
  );
}

function Body({ systems, clients }: { systems: readonly System[]; clients: readonly Client[] }) {
  const { t } = useTranslation('collect');
  const [query, setQuery] = useSearchParams();
  // What was started stays in the address, so that a reload does not lose sight of it.
  const started = query.get('collection');
  const show = (id: string | null): void => {
    setQuery((old) => {
      const next = new URLSearchParams(old);
      if (id === null) next.delete('collection');
      else next.set('collection', id);
      return next;
    });
  };
  if (systems.length === 0) {
    return (
      <Empty title={t('noSystems')}>
        {t('noSystemsLead')} <Link to="/systems?new=1">{t('registerSystem')}</Link>
      </Empty>
    );
  }
  return (
    <>
      {started !== null && /^[1-9][0-9]{0,18}$/.test(started) && (
        <Started key={started} id={started} onAgain={() => show(null)} />
      )}
      <CollectForm systems={systems} clients={clients} onStarted={show} />
    </>
  );
}
