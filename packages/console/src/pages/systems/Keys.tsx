/** The keys of one system: made, shown once, revoked. */
import { Button, Group, Text } from '@mantine/core';
import { clientEnvironment, type System, type SystemKey } from '@piculus/protocol/http';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { Sign } from '../../parts/badges.tsx';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';

export interface KeysProps {
  readonly system: System;
  /** Take the focus when they are shown, unless a dialog has it. */
  readonly takeFocus: boolean;
  readonly onClose: () => void;
  /** Gets the key as clients need it, together with the server's public keys. */
  readonly onCreated: (environment: string) => void;
}

export function Keys({ system, takeFocus, onClose, onCreated }: KeysProps) {
  const { t } = useTranslation('systems');
  const { t: common } = useTranslation();
  const { sysCode } = system;
  const read = useRead('listSystemKeys', { params: { sysCode } });
  const create = useAct('createSystemKey', ['systems']);
  const [revoking, setRevoking] = useState<SystemKey | null>(null);
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when they are shown, not when a dialog closes.
  useEffect(() => {
    if (takeFocus) place.current?.focus();
  }, []);
  const make = (): void =>
    create.mutate({ params: { sysCode } }, { onSuccess: (made) => onCreated(clientEnvironment(made)) });
  const columns = useKeyColumns(setRevoking);
  const valid = read.data?.items.filter(({ revokedAt }) => revokedAt === null).length ?? 0;
  return (
    <div ref={place} tabIndex={-1} className="systems-keys">
      <Section
        title={t('keysOf', { sysCode })}
        lead={t('keysLead')}
        actions={
          <Group gap="xs">
            <Button onClick={make} loading={create.isPending}>
              {t('newKey')}
            </Button>
            <Button variant="default" onClick={onClose}>
              {common('close')}
            </Button>
          </Group>
        }
      >
        {create.error !== null && <Notice error={create.error} />}
        <DataTable
          caption={t('keysCaption', { sysCode })}
          columns={columns}
          rows={read.data?.items}
          rowKey={({ id }) => id}
          error={read.error}
          onRetry={() => void read.refetch()}
          empty={<Empty title={t('keysNone')} />}
        />
      </Section>
      {revoking !== null && (
        <RevokeKey
          system={system}
          revoked={revoking}
          last={valid === 1}
          onClose={() => setRevoking(null)}
          focusAfter={place}
        />
      )}
    </div>
  );
}

function useKeyColumns(onRevoke: (key: SystemKey) => void) {
  const { t } = useTranslation('systems');
  const { t: common } = useTranslation();
  return [
    {
      key: 'prefix',
      header: t('prefix'),
      cell: ({ prefix }: SystemKey) => <code className="systems-prefix">{prefix}…</code>,
    },
    {
      key: 'status',
      header: t('status'),
      cell: ({ revokedAt }: SystemKey) => (
        <Sign color={revokedAt === null ? 'green' : 'gray'} sign={revokedAt === null ? '✓' : '–'}>
          {revokedAt === null ? t('keyValid') : t('keyRevoked')}
        </Sign>
      ),
    },
    {
      key: 'created',
      header: t('created'),
      cell: ({ createdAt }: SystemKey) => <Time at={createdAt} />,
    },
    {
      key: 'used',
      header: t('lastUsed'),
      cell: ({ lastUsedAt }: SystemKey) =>
        lastUsedAt === null ? t('neverUsed') : <Time at={lastUsedAt} relative />,
    },
    {
      key: 'acts',
      header: common('actions'),
      cell: (key: SystemKey) =>
        key.revokedAt === null ? (
          <Button
            variant="default"
            size="compact-sm"
            aria-label={t('revokeNamed', { prefix: key.prefix })}
            onClick={() => onRevoke(key)}
          >
            {t('revoke')}
          </Button>
        ) : (
          <Time at={key.revokedAt} />
        ),
    },
  ];
}

interface RevokeKeyProps {
  readonly system: System;
  readonly revoked: SystemKey;
  readonly last: boolean;
  readonly onClose: () => void;
  readonly focusAfter: RefObject<HTMLElement | null>;
}

function RevokeKey({ system, revoked, last, onClose, focusAfter }: RevokeKeyProps) {
  const { t } = useTranslation('systems');
  const revoke = useAct('revokeSystemKey', ['systems', 'clients']);
  const { sysCode, clientsConnected: count } = system;
  return (
    <ConfirmAct
      title={t('revokeTitle', { prefix: revoked.prefix })}
      act={t('revokeAct')}
      color="red"
      reason="none"
      onClose={onClose}
      focusAfter={focusAfter}
      onConfirm={async () => {
        await revoke.mutateAsync({ params: { sysCode, id: revoked.id } });
      }}
    >
      <Text size="sm">{t('revokeLead', { sysCode, count })}</Text>
      {last && (
        <Text size="sm" fw={600}>
          {t('revokeLast', { sysCode })}
        </Text>
      )}
    </ConfirmAct>
  );
}
