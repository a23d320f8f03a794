/** For which system and which fix a solution is: offered from what is known, typed freely otherwise. */
import { Autocomplete, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Section } from '../../parts/Section.tsx';
import { type SolutionValues, scenariosOf } from './fields.ts';
import type { FormErrors } from './FormFields.tsx';
import type { Known } from './known.ts';
import { Repairs } from './Repairs.tsx';

const AT_ONCE = { transitionProps: { duration: 0 } } as const;
const OFFERED_MAX = 30;

export interface IdentityProps {
  readonly values: SolutionValues;
  readonly onChange: (change: Partial<SolutionValues>) => void;
  readonly errors: FormErrors;
  readonly known: Known;
}

export function Identity({ values, onChange, errors, known }: IdentityProps) {
  const { t } = useTranslation('solutions');
  const solutions = useRead('listSolutions');
  const system = values.sysCode.trim();
  const fix = values.fixCode.trim();
  const announced = known.fixes.get(system) ?? [];
  const unknownSystem = known.ready && system !== '' && !known.systems.includes(system);
  const unknownFix = known.ready && !unknownSystem && system !== '' && fix !== '' && !announced.includes(fix);
  const there = solutions.data?.items.find((one) => one.sysCode === system && one.fixCode === fix);
  return (
    <Section title={t('identity')}>
      <div className="solutions-fields">
        <Autocomplete
          label={t('field.sysCode')}
          description={t('sysCodeHint')}
          name="sysCode"
          required
          data={[...known.systems]}
          limit={OFFERED_MAX}
          value={values.sysCode}
          onChange={(sysCode) => onChange({ sysCode })}
          error={errors.sysCode}
          maxLength={64}
          spellCheck={false}
          autoComplete="off"
          comboboxProps={AT_ONCE}
        />
        {unknownSystem && (
          <Flag>
            {errors.sysCode === undefined && t('unknownSystem', { name: system })}{' '}
            <Link to="/systems">{t('registerSystem')}</Link>
          </Flag>
        )}
        <Autocomplete
          label={t('field.fixCode')}
          description={t('fixCodeHint')}
          name="fixCode"
          required
          data={[...announced]}
          limit={OFFERED_MAX}
          value={values.fixCode}
          onChange={(fixCode) => onChange({ fixCode })}
          error={errors.fixCode}
          maxLength={128}
          spellCheck={false}
          autoComplete="off"
          comboboxProps={AT_ONCE}
        />
        {there !== undefined && (
          <Flag>
            {t('alreadyThere')} <Link to={`/solutions/${there.id}`}>{t('openIt')}</Link>
          </Flag>
        )}
        {unknownFix && <Flag>{t('unknownFix', { system, name: fix })}</Flag>}
        <RepairsLine fixCode={fix} />
      </div>
    </Section>
  );
}

export function RepairsLine({ fixCode }: { fixCode: string }) {
  const { t } = useTranslation('solutions');
  // A name that is not known may repair anything: nothing is said about it.
  if (scenariosOf(fixCode).length === 0) return null;
  return (
    <div className="solutions-repairs-line">
      <Text size="sm" fw={600} component="span">
        {t('repairs')}
      </Text>
      <Repairs fixCode={fixCode} long />
    </div>
  );
}

function Flag({ children }: { children: ReactNode }) {
  return (
    <div className="solutions-flag" role="status">
      {children}
    </div>
  );
}
