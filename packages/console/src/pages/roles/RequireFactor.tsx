/** The roles whose holders have to sign in with a second factor. */
import { Checkbox, Stack, Text } from '@mantine/core';
import type { Role } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { useRoleName } from '../../parts/roles/role-words.ts';
import { Section } from '../../parts/Section.tsx';

export function RequireFactor({ roles }: { roles: readonly Role[] }) {
  const { t } = useTranslation('secondFactor');
  const roleName = useRoleName();
  const read = useRead('listSecondFactorRoles', {}, { keep: true });
  const change = useAct('setSecondFactorRole');
  const [asked, setAsked] = useState<{ readonly role: Role; readonly required: boolean } | null>(null);
  const required = new Set(read.data?.items ?? []);
  return (
    <Section title={t('rolesTitle')} lead={t('rolesLead')} className="roles-factor">
      {read.error !== null && <Notice error={read.error} onRetry={() => void read.refetch()} />}
      {read.data !== undefined && (
        <Stack gap="xs">
          {roles.map((role) => (
            <Checkbox
              key={role.name}
              label={roleName(role.name)}
              checked={required.has(role.name)}
              onChange={(event) => setAsked({ role, required: event.currentTarget.checked })}
            />
          ))}
        </Stack>
      )}
      {asked !== null && (
        <ConfirmAct
          title={t(asked.required ? 'rolesAskTitle' : 'rolesStopTitle', { role: roleName(asked.role.name) })}
          act={t(asked.required ? 'rolesAsk' : 'rolesStop', { count: asked.role.people })}
          color={asked.required ? 'indigo' : 'red'}
          reason="none"
          onClose={() => setAsked(null)}
          onConfirm={async () => {
            await change.mutateAsync({
              params: { role: asked.role.name },
              body: { required: asked.required },
            });
            await read.refetch();
          }}
        >
          <Text size="sm">{t(asked.required ? 'rolesAskLead' : 'rolesStopLead')}</Text>
        </ConfirmAct>
      )}
    </Section>
  );
}
