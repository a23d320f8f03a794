/** The collect that was started here, as it goes on. */
import { Button, Group } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { CancelCollection } from '../../parts/collect/CancelCollection.tsx';
import { Commands } from '../../parts/collect/Commands.tsx';
import { Outcome } from '../../parts/collect/Outcome.tsx';
import { ProblemLinks } from '../../parts/collect/ProblemLinks.tsx';
import { isOpen } from '../../parts/collect/rules.ts';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Section } from '../../parts/Section.tsx';

export function Started({ id, onAgain }: { id: string; onAgain: () => void }) {
  const { t } = useTranslation('collect');
  const { t: words } = useTranslation('collections');
  const read = useRead('getCollection', { params: { id } });
  const place = useRef<HTMLDivElement>(null);
  // Whoever pressed the button far below is taken to what came of it.
  useEffect(() => {
    place.current?.focus();
    place.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={place} tabIndex={-1} className="collect-started">
      <Section
        title={words('named', { id })}
        actions={
          <Group gap="xs">
            {read.data && <CancelCollection collection={read.data} />}
            {read.data && !isOpen(read.data) && (
              <Button variant="default" onClick={onAgain}>
                {t('again')}
              </Button>
            )}
          </Group>
        }
      >
        {read.error && <Notice error={read.error} onRetry={() => void read.refetch()} />}
        {read.isPending && <Loading />}
        {read.data && (
          <div className="collect-progress">
            <Outcome collection={read.data} />
            <Commands collection={read.data} />
            <div className="collect-ways">
              <ul className="collect-links">
                <li>
                  <Link to={`/collections/${id}`}>{words('open', { id })}</Link>
                </li>
              </ul>
              <ProblemLinks collection={read.data} />
            </div>
          </div>
        )}
      </Section>
    </div>
  );
}
