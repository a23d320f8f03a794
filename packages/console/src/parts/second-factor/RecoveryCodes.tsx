/** Recovery codes, shown this once: closed only by saying that they were kept. */
import { Alert, Button, Checkbox, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Copy } from '../Copy.tsx';

export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useTranslation('secondFactor');
  const [isKept, setKept] = useState(false);
  const text = `${codes.join('\n')}\n`;
  const file = (): void => {
    const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = address;
    link.download = 'piculus-recovery-codes.txt';
    link.click();
    URL.revokeObjectURL(address);
  };
  return (
    <Stack gap="md">
      <Alert color="orange">{t('codesWarning')}</Alert>
      <ul className="recovery-codes" aria-label={t('codesTitle')}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <Group gap="sm">
        <Copy text={text} />
        <Button size="compact-xs" variant="default" onClick={file}>
          {t('downloadCodes')}
        </Button>
      </Group>
      <Checkbox
        label={t('codesKept')}
        checked={isKept}
        onChange={(event) => setKept(event.currentTarget.checked)}
      />
      <Group justify="flex-end">
        <Button disabled={!isKept} onClick={onDone}>
          {t('done')}
        </Button>
      </Group>
    </Stack>
  );
}
