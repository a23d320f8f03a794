/** Where the person is signed in, and how to end it there. */
import { Button } from '@mantine/core';
import type { SessionInfo } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Section } from '../../parts/Section.tsx';
import { useSessionColumns } from '../../parts/sessions.tsx';

export function SessionsSection() {
  const { t } = useTranslation('account');
  const { t: common } = useTranslation();
  const read = useRead('listSessions', {}, { keep: true });
  const endOne = useAct('endSession');
  const endOthers = useAct('endOtherSessions');
  const [ending, setEnding] = useState<SessionInfo | 'others' | null>(null);
  const sessions = read.data?.items;
  const others = sessions?.filter(({ current }) => !current).length ?? 0;
  const columns = useSessionColumns();
  const acts = {
    key: 'acts',
    header: common('actions'),
    cell: (session: SessionInfo) =>
      session.current ? null : (
        <Button variant="default" size="compact-sm" onClick={() => setEnding(session)}>
          {t('end')}
        </Button>
      ),
  };
  const end = async (): Promise<void> => {
    if (ending === 'others') await endOthers.mutateAsync({});
    else if (ending !== null) await endOne.mutateAsync({ params: { id: ending.id } });
    await read.refetch();
  };
  return (
    <Section
      title={t('sessions')}
      lead={t('sessionsLead')}
      actions={
        others > 0 ? (
          <Button variant="default" onClick={() => setEnding('others')}>
            {t('endOthers', { count: others })}
          </Button>
        ) : undefined
      }
    >
      <DataTable
        caption={t('sessions')}
        columns={[...columns, acts]}
        rows={sessions}
        rowKey={({ id }) => id}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={null}
      />
      {ending !== null && (
        <ConfirmAct
          title={ending === 'others' ? t('endOthers', { count: others }) : t('endTitle')}
          act={ending === 'others' ? t('endOthers', { count: others }) : t('end')}
          color="red"
          reason="none"
          onClose={() => setEnding(null)}
          onConfirm={end}
        >
          {t('endLead')}
        </ConfirmAct>
      )}
    </Section>
  );
}
