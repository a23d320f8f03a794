/** Stops what still runs of a collection, after a question. */
import { Button, Text } from '@mantine/core';
import type { Collection } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useMay } from '../../app/session.tsx';
import { ConfirmAct } from '../ConfirmAct.tsx';
import { isOpen } from './rules.ts';

export function CancelCollection({ collection }: { collection: Collection }) {
  const { t } = useTranslation('collections');
  const [asking, setAsking] = useState(false);
  const cancel = useAct('cancelCollection', ['collections']);
  const { may } = useMay();
  // What of it is out of view is none of theirs to cancel either: the server asks for all of it.
  const able = collection.commands.every(({ sysCode }) => may('collect', sysCode));
  const open = collection.commands.filter(isOpen).length;
  return (
    <>
      {isOpen(collection) && able && (
        <Button variant="default" onClick={() => setAsking(true)}>
          {t('cancel')}
        </Button>
      )}
      {asking && (
        <ConfirmAct
          title={t('cancelTitle', { id: collection.id })}
          act={t('cancelAct', { count: open })}
          color="red"
          reason="none"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await cancel.mutateAsync({ params: { id: collection.id } });
          }}
        >
          <Text size="sm">{t('cancelLead')}</Text>
        </ConfirmAct>
      )}
    </>
  );
}
