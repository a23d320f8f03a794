/** The systems and their keys. */
import { Button } from '@mantine/core';
import type { System } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Page } from '../../parts/Page.tsx';
import { Able } from '../../parts/roles/Able.tsx';
import { SecretOnce } from '../../parts/SecretOnce.tsx';
import { useSystemColumns } from './columns.tsx';
import { EnableSystem } from './EnableSystem.tsx';
import { Keys } from './Keys.tsx';
import { SystemForm } from './SystemForm.tsx';
import './systems.css';

type Dialog =
  | { readonly kind: 'form'; readonly system: System | null }
  | { readonly kind: 'enable'; readonly system: System }
  | { readonly kind: 'key'; readonly sysCode: string; readonly key: string };

export function Component() {
  const { t } = useTranslation('systems');
  const { t: shell } = useTranslation('shell');
  const read = useRead('listSystems', {}, { keep: true });
  const { may } = useMay();
  const [query, setQuery] = useSearchParams();
  // Other pages link here to register the first one.
  const [dialog, setDialog] = useState<Dialog | null>(() =>
    query.get('new') === null ? null : { kind: 'form', system: null },
  );
  const shown = read.data?.items.find(({ sysCode }) => sysCode === query.get('keys'));
  const show = (changes: Readonly<Record<string, string | null>>): void => {
    setQuery((old) => {
      const next = new URLSearchParams(old);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) next.delete(name);
        else next.set(name, value);
      }
      return next;
    });
  };
  const close = (): void => {
    setDialog(null);
    if (query.has('new')) show({ new: null });
  };
  const create = (
    <Able to="administer" where="everywhere">
      <Button onClick={() => setDialog({ kind: 'form', system: null })}>{t('create')}</Button>
    </Able>
  );
  const columns = useSystemColumns({
    onKeys: ({ sysCode }) => show({ keys: sysCode }),
    onEdit: (system) => setDialog({ kind: 'form', system }),
    onEnable: (system) => setDialog({ kind: 'enable', system }),
  });
  return (
    <Page
      title={shell('systems')}
      lead={t('lead')}
      updatedAt={read.dataUpdatedAt}
      ready={!read.isPending}
      actions={create}
    >
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={read.data?.items}
        rowKey={({ sysCode }) => sysCode}
        openKey={shown?.sysCode ?? null}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<Empty title={t('emptyTitle')}>{t('emptyLead')}</Empty>}
      />
      {shown && may('administer', shown.sysCode) && (
        <Keys
          key={shown.sysCode}
          system={shown}
          takeFocus={dialog === null}
          onClose={() => show({ keys: null })}
          onCreated={(key) => setDialog({ kind: 'key', sysCode: shown.sysCode, key })}
        />
      )}
      {dialog?.kind === 'form' && (
        <SystemForm
          system={dialog.system}
          onClose={close}
          onCreated={(sysCode, key) => {
            show({ new: null, keys: sysCode });
            setDialog({ kind: 'key', sysCode, key });
          }}
        />
      )}
      {dialog?.kind === 'enable' && <EnableSystem system={dialog.system} onClose={close} />}
      {dialog?.kind === 'key' && (
        <SecretOnce
          title={t('keyTitle', { sysCode: dialog.sysCode })}
          warning={t('keyWarning')}
          label={t('keyLabel')}
          secret={dialog.key}
          kept={t('keyKept')}
          done={t('keyDone')}
          onDone={close}
        />
      )}
    </Page>
  );
}
