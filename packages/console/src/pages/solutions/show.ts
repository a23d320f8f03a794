/** A field's value in the words of the page. */
import { useTranslation } from 'react-i18next';
import type { FieldName, SolutionFields } from './fields.ts';

export function useShow(): (name: FieldName, of: SolutionFields) => string {
  const { t } = useTranslation('solutions');
  const { t: words } = useTranslation('words');
  return (name, of) => {
    switch (name) {
      case 'executionMode':
        return words(`mode.${of.executionMode}`);
      case 'status':
        return words(`status.${of.status}`);
      case 'level':
        return words(`level.${of.level}`);
      default:
        return String(of[name]) || t('empty');
    }
  };
}
