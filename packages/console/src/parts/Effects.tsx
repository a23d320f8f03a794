/** The effects of an execution that are committed, with their amounts and their keys in the journal. */
import { Text } from '@mantine/core';
import type { Execution } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Amount } from './Amount.tsx';

export function Effects({ effects }: { effects: Execution['effects'] }) {
  const { t } = useTranslation('problem');
  const { t: words } = useTranslation('words');
  if (effects.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t('execution.noEffects')}
      </Text>
    );
  return (
    <div>
      <Text size="sm" fw={600}>
        {t('execution.effects')}
      </Text>
      <ul className="effects">
        {effects.map(({ key, kind, amountMinor, currency }) => (
          <li key={key}>
            <strong>{words(`effect.${kind}`)}</strong>
            {amountMinor !== '0' && <Amount minor={amountMinor} currency={currency} />}
            <code className="execution-key">{key}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
