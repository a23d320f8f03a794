import { Checkbox, Radio } from '@mantine/core';
import type { Client, System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Section } from '../../parts/Section.tsx';
import { type Choice, collectorsOf } from './choice.ts';

export interface CollectorFieldProps {
  readonly choice: Choice;
  readonly chosen: readonly System[];
  readonly clients: readonly Client[];
  readonly onChange: (part: Partial<Choice>) => void;
  readonly error: string | undefined;
}

/** Which collectors of those that the connected clients announce. */
export function CollectorField({ choice, chosen, clients, onChange, error }: CollectorFieldProps) {
  const { t } = useTranslation('collect');
  const announced = collectorsOf(chosen, clients);
  const picked = choice.fixCodes;
  // A collector that was asked for stays visible even where no client announces it just now.
  const offered = [...new Set([...announced, ...(picked ?? [])])].sort();
  return (
    <Section title={t('collectors')}>
      <Radio.Group
        aria-label={t('collectors')}
        value={picked === null ? 'all' : 'some'}
        onChange={(value) => onChange({ fixCodes: value === 'all' ? null : announced })}
      >
        <div className="collect-list">
          <Radio value="all" label={t('collectorsAll')} />
          <Radio value="some" label={t('collectorsSome')} disabled={offered.length === 0} />
        </div>
      </Radio.Group>
      {announced.length === 0 && chosen.length > 0 && <p className="collect-note">{t('collectorsNone')}</p>}
      {picked !== null && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame of its own.
        <div className="collect-list collect-sublist" role="group" aria-label={t('collectorsSome')}>
          {offered.map((code) => (
            <Checkbox
              key={code}
              size="xs"
              label={code}
              checked={picked.includes(code)}
              onChange={() =>
                onChange({
                  fixCodes: picked.includes(code)
                    ? picked.filter((each) => each !== code)
                    : [...picked, code],
                })
              }
            />
          ))}
        </div>
      )}
      {error !== undefined && (
        <p className="collect-error" role="alert">
          {error}
        </p>
      )}
    </Section>
  );
}
