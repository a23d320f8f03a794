/** Which roles somebody holds, and where. */
import { Badge, Text } from '@mantine/core';
import type { RoleGrant } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useRoleName } from './role-words.ts';
import './roles.css';

export function GrantList({ grants }: { grants: readonly RoleGrant[] }) {
  const { t } = useTranslation('roles');
  const roleName = useRoleName();
  if (grants.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t('noGrants')}
      </Text>
    );
  return (
    <ul className="grant-list">
      {[...byRole(grants)].map(([role, sysCodes]) => (
        <li key={role}>
          <bdi className="role-name">{roleName(role)}</bdi>
          <span className="grant-places">
            {sysCodes.map((sysCode) => (
              <Badge key={sysCode ?? ''} variant="default" size="sm" className="grant-place">
                {sysCode ?? t('allSystems')}
              </Badge>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The systems of each role. */
function byRole(grants: readonly RoleGrant[]): ReadonlyMap<string, readonly (string | null)[]> {
  const places = new Map<string, (string | null)[]>();
  for (const { role, sysCode } of grants) {
    const known = places.get(role);
    if (known === undefined) places.set(role, [sysCode]);
    else known.push(sysCode);
  }
  return places;
}
