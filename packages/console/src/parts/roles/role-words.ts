/** The names of roles: the built-in ones in the language of the page, all others as they were given. */
import { useTranslation } from 'react-i18next';

/** @returns a function that names a role. */
export function useRoleName(): (role: string) => string {
  const { t } = useTranslation('roles');
  return (role) => {
    switch (role) {
      case 'viewer':
        return t('names.viewer');
      case 'operator':
        return t('names.operator');
      case 'approver':
        return t('names.approver');
      case 'engineer':
        return t('names.engineer');
      case 'administrator':
        return t('names.administrator');
      default:
        return role;
    }
  };
}
