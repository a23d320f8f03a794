/** The people who may sign in. */
import { Button } from '@mantine/core';
import type { GrantedUser } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { useSession } from '../../app/session.tsx';
import { Sign } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Page } from '../../parts/Page.tsx';
import { SecretOnce } from '../../parts/SecretOnce.tsx';
import { Time } from '../../parts/Time.tsx';
import { GrantList } from '../../parts/roles/GrantList.tsx';
import { EnableUser } from './EnableUser.tsx';
import { GrantsDialog } from './GrantsDialog.tsx';
import { RemoveFactor } from './RemoveFactor.tsx';
import { UserForm } from './UserForm.tsx';
import { UserSessions } from './UserSessions.tsx';
import './users.css';

type Dialog =
  | { readonly kind: 'form' }
  | { readonly kind: 'enable' | 'grants' | 'sessions' | 'factor'; readonly user: GrantedUser }
  | { readonly kind: 'secret'; readonly username: string; readonly password: string };

export function Component() {
  const { t } = useTranslation('users');
  const { t: shell } = useTranslation('shell');
  const read = useRead('listUsers', {}, { keep: true });
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = (): void => setDialog(null);
  // No live event tells of users: what this page does itself is read again at once.
  const changed = (): void => void read.refetch();
  const columns = useColumns(setDialog);
  return (
    <Page
      title={shell('users')}
      lead={t('lead')}
      updatedAt={read.dataUpdatedAt}
      ready={!read.isPending}
      actions={<Button onClick={() => setDialog({ kind: 'form' })}>{t('create')}</Button>}
    >
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={read.data?.items}
        rowKey={({ id }) => id}
        error={read.error}
        onRetry={changed}
        empty={<Empty title={t('emptyTitle')}>{t('emptyLead')}</Empty>}
      />
      {dialog?.kind === 'form' && (
        <UserForm
          onClose={close}
          onCreated={(username, password) => {
            changed();
            setDialog(password === null ? null : { kind: 'secret', username, password });
          }}
        />
      )}
      {dialog?.kind === 'enable' && <EnableUser user={dialog.user} onClose={close} onChanged={changed} />}
      {dialog?.kind === 'grants' && <GrantsDialog user={dialog.user} onClose={close} onChanged={changed} />}
      {dialog?.kind === 'factor' && <RemoveFactor user={dialog.user} onClose={close} onChanged={changed} />}
      {dialog?.kind === 'sessions' && (
        <UserSessions
          user={dialog.user}
          onClose={close}
          onReset={(password) => {
            changed();
            setDialog({ kind: 'secret', username: dialog.user.username, password });
          }}
        />
      )}
      {dialog?.kind === 'secret' && (
        <SecretOnce
          title={t('secretTitle', { username: dialog.username })}
          warning={t('secretWarning')}
          label={t('secretLabel')}
          secret={dialog.password}
          kept={t('secretKept')}
          done={t('secretDone')}
          onDone={close}
        />
      )}
    </Page>
  );
}

function useColumns(onAct: (dialog: Dialog) => void): readonly Column<GrantedUser>[] {
  const { t } = useTranslation('users');
  const { t: roles } = useTranslation('roles');
  const { t: factor } = useTranslation('secondFactor');
  const { t: common } = useTranslation();
  const { user: me } = useSession();
  return [
    {
      key: 'username',
      header: t('username'),
      cell: ({ id, username }) => (
        <div>
          <span className="business-key">{username}</span>
          {id === me.id && <span className="users-note"> ({t('you')})</span>}
        </div>
      ),
    },
    {
      key: 'name',
      header: t('name'),
      cell: ({ name }) => (
        <bdi className="users-name" title={name}>
          {name}
        </bdi>
      ),
    },
    { key: 'grants', header: roles('grants'), cell: ({ grants }) => <GrantList grants={grants} /> },
    {
      key: 'status',
      header: t('status'),
      cell: ({ enabled, secondFactor }) => (
        <div>
          <Sign color={enabled ? 'green' : 'gray'} sign={enabled ? '✓' : '–'}>
            {enabled ? t('enabled') : t('disabled')}
          </Sign>
          {secondFactor && <div className="users-note">{factor('title')}</div>}
        </div>
      ),
    },
    {
      key: 'seen',
      header: t('lastSeen'),
      cell: ({ lastSeenAt, passwordIsOneTime }) => (
        <div>
          {lastSeenAt === null ? t('neverSeen') : <Time at={lastSeenAt} relative />}
          {passwordIsOneTime && <div className="users-note">{t('oneTime')}</div>}
        </div>
      ),
    },
    { key: 'created', header: t('created'), cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      key: 'acts',
      header: common('actions'),
      cell: (user) => <Acts user={user} isMe={user.id === me.id} onAct={onAct} />,
    },
  ];
}

interface ActsProps {
  readonly user: GrantedUser;
  readonly isMe: boolean;
  readonly onAct: (dialog: Dialog) => void;
}

function Acts({ user, isMe, onAct }: ActsProps) {
  const { t } = useTranslation('users');
  const { t: roles } = useTranslation('roles');
  const { t: factor } = useTranslation('secondFactor');
  return (
    <div className="users-acts">
      <Button
        variant="default"
        size="compact-sm"
        aria-label={roles('changeNamed', { username: user.username })}
        onClick={() => onAct({ kind: 'grants', user })}
      >
        {roles('change')}
      </Button>
      {!isMe && (
        <Button
          variant="default"
          size="compact-sm"
          aria-label={t('sessionsNamed', { username: user.username })}
          onClick={() => onAct({ kind: 'sessions', user })}
        >
          {t('sessions')}
        </Button>
      )}
      {user.secondFactor && !isMe && (
        <Button
          variant="default"
          size="compact-sm"
          aria-label={factor('removeOfNamed', { username: user.username })}
          onClick={() => onAct({ kind: 'factor', user })}
        >
          {factor('removeOf')}
        </Button>
      )}
      {isMe ? (
        <span className="users-note">{t('notSelf')}</span>
      ) : (
        <Button
          variant="default"
          size="compact-sm"
          aria-label={
            user.enabled
              ? t('disableNamed', { username: user.username })
              : t('enableNamed', { username: user.username })
          }
          onClick={() => onAct({ kind: 'enable', user })}
        >
          {user.enabled ? t('disable') : t('enable')}
        </Button>
      )}
    </div>
  );
}
