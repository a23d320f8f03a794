import { Button, Checkbox, Group } from '@mantine/core';
import type { System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Section } from '../../parts/Section.tsx';
import { useSpan } from '../../parts/Time.tsx';
import { type Choice, chosenSystems } from './choice.ts';

export interface SystemFieldProps {
  readonly choice: Choice;
  readonly systems: readonly System[];
  readonly onChange: (part: Partial<Choice>) => void;
  readonly error: string | undefined;
}

/** Which systems; all that are enabled where nobody chose. */
export function SystemField({ choice, systems, onChange, error }: SystemFieldProps) {
  const { t } = useTranslation('collect');
  const chosen = chosenSystems(choice, systems).map(({ sysCode }) => sysCode);
  const toggle = (sysCode: string): void =>
    onChange({
      sysCodes: chosen.includes(sysCode) ? chosen.filter((each) => each !== sysCode) : [...chosen, sysCode],
    });
  return (
    <Section
      title={t('systems')}
      lead={t('systemsHint')}
      actions={
        systems.length > 1 && (
          <Group gap="xs">
            <Button variant="default" size="compact-sm" onClick={() => onChange({ sysCodes: null })}>
              {t('all')}
            </Button>
            <Button variant="default" size="compact-sm" onClick={() => onChange({ sysCodes: [] })}>
              {t('nothing')}
            </Button>
          </Group>
        )
      }
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot take the section's heading as its name. */}
      <div className="collect-list" role="group" aria-label={t('systems')}>
        {systems.map((system) => (
          <SystemBox
            key={system.sysCode}
            system={system}
            checked={chosen.includes(system.sysCode)}
            onToggle={() => toggle(system.sysCode)}
          />
        ))}
      </div>
      {error !== undefined && (
        <p className="collect-error" role="alert">
          {error}
        </p>
      )}
    </Section>
  );
}

function SystemBox(props: { system: System; checked: boolean; onToggle: () => void }) {
  const { t } = useTranslation('collect');
  const { sysCode, name, enabled, clientsConnected, collectWindowMs } = props.system;
  const window = useSpan(collectWindowMs);
  return (
    <Checkbox
      checked={props.checked}
      disabled={!enabled}
      onChange={props.onToggle}
      label={t('systemName', { sysCode, name })}
      description={enabled ? t('systemFacts', { count: clientsConnected, window }) : t('systemOff')}
    />
  );
}
