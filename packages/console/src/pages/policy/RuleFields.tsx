/** The installation's own rules as a form. */
import { Checkbox, NativeSelect, Stack, TextInput } from '@mantine/core';
import { SCENARIO_CODES } from '@piculus/protocol';
import { ALWAYS_TWO, UNATTENDED_LEVELS } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { AmountLines } from '../../parts/AmountLines.tsx';
import { Scenario } from '../../parts/Scenario.tsx';
import { type RuleFaults, type TypedRules, UP_TO } from './policy-values.ts';

interface RuleFieldsProps {
  readonly typed: TypedRules;
  readonly onChange: (typed: TypedRules) => void;
  readonly faults: RuleFaults;
}

export function RuleFields(props: RuleFieldsProps) {
  return (
    <Stack gap="md">
      <Unattended {...props} />
      <Amounts {...props} />
      <Always {...props} />
    </Stack>
  );
}

function Unattended({ typed, onChange }: RuleFieldsProps) {
  const { t } = useTranslation('policy');
  const set = (scenario: (typeof SCENARIO_CODES)[number], level: string): void => {
    const known = UNATTENDED_LEVELS.find((each) => each === level);
    if (known !== undefined) onChange({ ...typed, unattended: { ...typed.unattended, [scenario]: known } });
  };
  return (
    <fieldset className="policy-fields">
      <legend>{t('unattended')}</legend>
      <p className="policy-note">{t('unattendedLead')}</p>
      {SCENARIO_CODES.map((scenario) => (
        <div key={scenario} className="policy-scenario">
          <span className="policy-scenario-name">
            <Scenario of={scenario} />
          </span>
          <NativeSelect
            size="xs"
            aria-label={t('levelOf', { scenario })}
            value={typed.unattended[scenario] ?? 'person'}
            onChange={(event) => set(scenario, event.currentTarget.value)}
            data={UNATTENDED_LEVELS.map((value) => ({ value, label: t(`levels.${value}`) }))}
          />
        </div>
      ))}
    </fieldset>
  );
}

function Amounts({ typed, onChange, faults }: RuleFieldsProps) {
  const { t } = useTranslation('policy');
  return (
    <>
      {UP_TO.map((field) => {
        const label = t(`upTo.${field}`);
        const { limited, lines } = typed.upTo[field];
        const set = (part: Partial<TypedRules['upTo'][typeof field]>): void =>
          onChange({ ...typed, upTo: { ...typed.upTo, [field]: { ...typed.upTo[field], ...part } } });
        return (
          <div key={field} className="policy-up-to">
            <Checkbox
              label={t('limited', { what: label })}
              checked={limited}
              onChange={(event) => set({ limited: event.currentTarget.checked })}
            />
            {limited && (
              <AmountLines
                label={label}
                hint={t('upToHint')}
                lines={lines}
                faults={faults.upTo[field]}
                onChange={(next) => set({ lines: next })}
              />
            )}
          </div>
        );
      })}
      <TextInput
        label={t('bulkProblems')}
        description={t('bulkProblemsHint')}
        inputMode="numeric"
        maxLength={7}
        className="policy-count"
        value={typed.bulkProblems}
        onChange={(event) => onChange({ ...typed, bulkProblems: event.currentTarget.value })}
        error={faults.bulkProblems ? t('bulkProblemsBad') : undefined}
      />
    </>
  );
}

function Always({ typed, onChange }: RuleFieldsProps) {
  const { t } = useTranslation('policy');
  return (
    <fieldset className="policy-fields">
      <legend>{t('always')}</legend>
      {ALWAYS_TWO.map((each) => (
        <Checkbox
          key={each}
          label={t(`alwaysOf.${each}`)}
          checked={typed.always.includes(each)}
          onChange={(event) => {
            const { checked } = event.currentTarget;
            const others = typed.always.filter((other) => other !== each);
            onChange({ ...typed, always: checked ? [...others, each] : others });
          }}
        />
      ))}
    </fieldset>
  );
}
