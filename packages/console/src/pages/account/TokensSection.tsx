/** What the person's programs sign in with. Administrators also see the tokens of others, to revoke them. */
import { Button, Stack, Switch } from '@mantine/core';
import type { Token } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Sign } from '../../parts/badges.tsx';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { listed } from '../../parts/format.ts';
import { SecretOnce } from '../../parts/SecretOnce.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import { stateOf } from './token-state.ts';
import { TokenForm } from './TokenForm.tsx';

type Dialog =
  | { readonly kind: 'form' }
  | { readonly kind: 'secret'; readonly name: string; readonly secret: string }
  | { readonly kind: 'revoke'; readonly token: Token };

export function TokensSection() {
  const { t } = useTranslation('tokens');
  const administers = useMay().may('administer');
  const [everybody, setEverybody] = useState(false);
  const read = useRead('listTokens', everybody ? { query: { everybody } } : {}, { keep: true });
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const columns = useColumns(everybody, (token) => setDialog({ kind: 'revoke', token }));
  return (
    <Section
      title={t('heading')}
      lead={t('lead')}
      actions={
        <Button variant="default" onClick={() => setDialog({ kind: 'form' })}>
          {t('create')}
        </Button>
      }
    >
      <Stack gap="sm">
        {administers && (
          <Switch
            label={t('everybody')}
            checked={everybody}
            onChange={(event) => setEverybody(event.currentTarget.checked)}
          />
        )}
        <DataTable
          caption={t('caption')}
          columns={columns}
          rows={read.data?.items}
          rowKey={({ id }) => id}
          error={read.error}
          onRetry={() => void read.refetch()}
          empty={<Empty title={t('emptyTitle')}>{t('emptyLead')}</Empty>}
        />
      </Stack>
      {dialog !== null && <Dialogs of={dialog} onChange={setDialog} onDone={() => void read.refetch()} />}
    </Section>
  );
}

interface DialogsProps {
  readonly of: Dialog;
  readonly onChange: (next: Dialog | null) => void;
  /** Told when there is a token more or less. */
  readonly onDone: () => void;
}

function Dialogs({ of, onChange, onDone }: DialogsProps) {
  const { t } = useTranslation('tokens');
  const revoke = useAct('revokeToken');
  const close = (): void => onChange(null);
  if (of.kind === 'form')
    return (
      <TokenForm
        onClose={close}
        onCreated={(name, secret) => {
          onDone();
          onChange({ kind: 'secret', name, secret });
        }}
      />
    );
  if (of.kind === 'secret')
    return (
      <SecretOnce
        title={t('secretTitle', { name: of.name })}
        warning={t('secretWarning')}
        label={t('secretLabel')}
        secret={of.secret}
        kept={t('secretKept')}
        done={t('secretDone')}
        onDone={close}
      />
    );
  return (
    <ConfirmAct
      title={t('revokeTitle', { name: of.token.name })}
      act={t('revoke')}
      color="red"
      reason="none"
      onClose={close}
      onConfirm={async () => {
        await revoke.mutateAsync({ params: { id: of.token.id } });
        onDone();
      }}
    >
      {t('revokeLead')}
    </ConfirmAct>
  );
}

const SIGNS = {
  usable: { color: 'green', sign: '✓' },
  expired: { color: 'gray', sign: '–' },
  revoked: { color: 'gray', sign: '×' },
} as const;

function useColumns(everybody: boolean, onRevoke: (token: Token) => void): readonly Column<Token>[] {
  const { t } = useTranslation('tokens');
  const { t: roles } = useTranslation('roles');
  const { t: common } = useTranslation();
  return [
    {
      key: 'name',
      header: t('name'),
      cell: ({ name, prefix }) => (
        <div className="session-device">
          <bdi className="business-key">{name}</bdi>
          <div>
            <code>{prefix}…</code>
          </div>
        </div>
      ),
    },
    ...(everybody
      ? [{ key: 'owner', header: t('owner'), cell: ({ owner }: Token) => <bdi>{owner}</bdi> }]
      : []),
    {
      key: 'verbs',
      header: t('verbs'),
      cell: ({ verbs }) => listed(verbs.map((verb) => roles(`verb.${verb}`))),
    },
    {
      key: 'systems',
      header: t('systems'),
      cell: ({ sysCodes }) => (sysCodes === null ? t('systemsAll') : listed(sysCodes)),
    },
    {
      key: 'used',
      header: t('lastUsed'),
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? t('never') : <Time at={lastUsedAt} relative />),
    },
    { key: 'expires', header: t('expires'), cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      key: 'status',
      header: t('status'),
      cell: (token) => {
        const state = stateOf(token, Date.now());
        return <Sign {...SIGNS[state]}>{t(`state.${state}`)}</Sign>;
      },
    },
    {
      key: 'acts',
      header: common('actions'),
      cell: (token) =>
        stateOf(token, Date.now()) !== 'usable' ? null : (
          <Button
            variant="default"
            size="compact-sm"
            aria-label={t('revokeNamed', { name: token.name })}
            onClick={() => onRevoke(token)}
          >
            {t('revoke')}
          </Button>
        ),
    },
  ];
}
