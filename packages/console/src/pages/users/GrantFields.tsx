/** Choosing which roles somebody holds in which systems. */
import { Button, CloseButton, Input, NativeSelect, Stack } from '@mantine/core';
import type { RoleGrant } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { useRoleName } from '../../parts/roles/role-words.ts';
import '../../parts/roles/roles.css';

/** No system has such a code. */
const ALL = '*';

export interface GrantFieldsProps {
  readonly grants: readonly RoleGrant[];
  readonly onChange: (grants: readonly RoleGrant[]) => void;
  readonly error?: string | undefined;
}

export function GrantFields({ grants, onChange, error }: GrantFieldsProps) {
  const { t } = useTranslation('roles');
  return (
    <Input.Wrapper label={t('grants')} description={t('grantsHint')} error={error} labelElement="div">
      <Stack gap="xs" mt="xs">
        <Chosen grants={grants} onChange={onChange} />
        <Adding
          onAdd={(grant) => {
            if (!grants.some((one) => isSame(one, grant))) onChange([...grants, grant]);
          }}
        />
      </Stack>
    </Input.Wrapper>
  );
}

const isSame = (one: RoleGrant, other: RoleGrant): boolean =>
  one.role === other.role && one.sysCode === other.sysCode;

function Chosen({ grants, onChange }: Omit<GrantFieldsProps, 'error'>) {
  const { t } = useTranslation('roles');
  const roleName = useRoleName();
  if (grants.length === 0) return null;
  return (
    <ul className="grant-rows">
      {grants.map((grant) => {
        const system = grant.sysCode ?? t('allSystems');
        const role = roleName(grant.role);
        return (
          <li key={`${grant.role} ${system}`}>
            <span>
              <bdi className="role-name">{role}</bdi> · {system}
            </span>
            <CloseButton
              aria-label={t('removeGrant', { role, system })}
              onClick={() => onChange(grants.filter((one) => !isSame(one, grant)))}
            />
          </li>
        );
      })}
    </ul>
  );
}

function Adding({ onAdd }: { onAdd: (grant: RoleGrant) => void }) {
  const { t } = useTranslation('roles');
  const roleName = useRoleName();
  const roles = useRead('listRoles').data?.items ?? [];
  const systems = useRead('listSystems').data?.items ?? [];
  const [role, setRole] = useState('viewer');
  const [system, setSystem] = useState(ALL);
  return (
    <div className="grant-add">
      <NativeSelect
        label={t('role')}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value)}
        data={roles.map(({ name }) => ({ value: name, label: roleName(name) }))}
      />
      <NativeSelect
        label={t('system')}
        value={system}
        onChange={(event) => setSystem(event.currentTarget.value)}
        data={[
          { value: ALL, label: t('allSystems') },
          ...systems.map(({ sysCode, name }) => ({ value: sysCode, label: `${sysCode} · ${name}` })),
        ]}
      />
      <Button variant="default" onClick={() => onAdd({ role, sysCode: system === ALL ? null : system })}>
        {t('addGrant')}
      </Button>
    </div>
  );
}
