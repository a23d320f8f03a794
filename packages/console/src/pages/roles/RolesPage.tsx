/** What can be given to people: named sets of permissions. */
import { Badge, Button, Text } from '@mantine/core';
import type { Role } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Page } from '../../parts/Page.tsx';
import { useRoleName } from '../../parts/roles/role-words.ts';
import { Time } from '../../parts/Time.tsx';
import { RequireFactor } from './RequireFactor.tsx';
import { RoleForm } from './RoleForm.tsx';
import '../../parts/roles/roles.css';

type Dialog =
  | { readonly kind: 'form'; readonly role: Role | null }
  | { readonly kind: 'remove'; readonly role: Role };

export function Component() {
  const { t } = useTranslation('roles');
  const { t: shell } = useTranslation('shell');
  const read = useRead('listRoles', {}, { keep: true });
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = (): void => setDialog(null);
  // No live event tells of roles: what this page does itself is read again at once.
  const changed = (): void => void read.refetch();
  const columns = useColumns(setDialog);
  return (
    <Page
      title={shell('roles')}
      lead={t('lead')}
      updatedAt={read.dataUpdatedAt}
      ready={!read.isPending}
      actions={<Button onClick={() => setDialog({ kind: 'form', role: null })}>{t('create')}</Button>}
    >
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={read.data?.items}
        rowKey={({ name }) => name}
        error={read.error}
        onRetry={changed}
        empty={<Empty title={t('caption')} />}
      />
      <RequireFactor roles={read.data?.items ?? []} />
      {dialog?.kind === 'form' && <RoleForm role={dialog.role} onClose={close} onChanged={changed} />}
      {dialog?.kind === 'remove' && (
        <RemoveRole name={dialog.role.name} onClose={close} onChanged={changed} />
      )}
    </Page>
  );
}

function useColumns(onAct: (dialog: Dialog) => void): readonly Column<Role>[] {
  const { t } = useTranslation('roles');
  const { t: common } = useTranslation();
  const roleName = useRoleName();
  return [
    {
      key: 'name',
      header: t('role'),
      cell: ({ name, builtIn, description }) => (
        <div>
          <bdi className="business-key role-name">{roleName(name)}</bdi>
          {builtIn && (
            <Text span size="xs" c="dimmed">
              {' '}
              {t('builtIn')}
            </Text>
          )}
          {description !== '' && (
            <Text size="sm" className="role-name">
              {description}
            </Text>
          )}
        </div>
      ),
    },
    {
      key: 'verbs',
      header: t('verbs'),
      cell: ({ verbs }) => (
        <span className="grant-places">
          {verbs.map((verb) => (
            <Badge key={verb} variant="default" size="sm" className="grant-place">
              {t(`verb.${verb}`)}
            </Badge>
          ))}
        </span>
      ),
    },
    {
      key: 'people',
      header: t('peopleHeader'),
      cell: ({ people }) => <span className="role-people">{t('people', { count: people })}</span>,
    },
    {
      key: 'changed',
      header: t('changed'),
      cell: ({ changedAt, changedBy }) =>
        changedBy.startsWith('policy:') ? (
          <Time at={changedAt} />
        ) : (
          <span>
            <Time at={changedAt} /> <bdi>{t('changedBy', { name: changedBy })}</bdi>
          </span>
        ),
    },
    { key: 'acts', header: common('actions'), cell: (role) => <Acts role={role} onAct={onAct} /> },
  ];
}

function Acts({ role, onAct }: { role: Role; onAct: (dialog: Dialog) => void }) {
  const { t } = useTranslation('roles');
  const roleName = useRoleName();
  const name = roleName(role.name);
  if (!role.editable)
    return (
      <Text size="sm" c="dimmed">
        {t('fixed')}
      </Text>
    );
  return (
    <span className="grant-places">
      <Button
        variant="default"
        size="compact-sm"
        aria-label={t('editNamed', { name })}
        onClick={() => onAct({ kind: 'form', role })}
      >
        {t('edit')}
      </Button>
      {!role.builtIn && role.people === 0 && (
        <Button
          variant="default"
          size="compact-sm"
          aria-label={t('removeNamed', { name })}
          onClick={() => onAct({ kind: 'remove', role })}
        >
          {t('remove')}
        </Button>
      )}
    </span>
  );
}

function RemoveRole({
  name,
  onClose,
  onChanged,
}: {
  name: string;
  onClose: () => void;
  onChanged: () => void;
}) {
  const { t } = useTranslation('roles');
  const remove = useAct('deleteRole');
  return (
    <ConfirmAct
      title={t('removeTitle', { name })}
      act={t('removeAct', { name })}
      color="red"
      reason="none"
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync({ params: { name } });
        onChanged();
      }}
    >
      <Text size="sm">{t('removeLead')}</Text>
    </ConfirmAct>
  );
}
