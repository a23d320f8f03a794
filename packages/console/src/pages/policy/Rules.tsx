/** Rules to read. */
import { SCENARIO_CODES } from '@piculus/protocol';
import type { ApprovalRules } from '@piculus/protocol/http';
import { UNATTENDED_LEVELS } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Amounts } from '../../parts/Amount.tsx';
import { listed, wholeNumber } from '../../parts/format.ts';
import { UP_TO } from './policy-values.ts';

export function Rules({ of }: { of: ApprovalRules }) {
  const { t } = useTranslation('policy');
  return (
    <dl className="policy-rules">
      {UNATTENDED_LEVELS.map((level) => {
        const scenarios = SCENARIO_CODES.filter((each) => (of.unattended[each] ?? 'person') === level);
        return (
          <div key={level}>
            <dt>
              {t('unattended')}: {t(`levels.${level}`)}
            </dt>
            <dd>{scenarios.length === 0 ? t('none') : listed(scenarios)}</dd>
          </div>
        );
      })}
      {UP_TO.map((field) => (
        <div key={field}>
          <dt>{t(`upTo.${field}`)}</dt>
          <dd>{of[field] === null ? t('noLimit') : <Amounts of={of[field]} otherwise={t('none')} />}</dd>
        </div>
      ))}
      <div>
        <dt>{t('bulkProblems')}</dt>
        <dd>{of.bulkProblems === null ? t('noLimit') : wholeNumber(of.bulkProblems)}</dd>
      </div>
      <div>
        <dt>{t('always')}</dt>
        <dd>{of.always.length === 0 ? t('none') : listed(of.always.map((each) => t(`alwaysOf.${each}`)))}</dd>
      </div>
    </dl>
  );
}
