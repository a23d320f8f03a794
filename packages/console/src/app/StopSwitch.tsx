/** The switch that stops repair: everywhere, in one system, or of one solution. */
import { Button, Checkbox, NativeSelect, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../api/acts.ts';
import { useRead } from '../api/queries.ts';
import { ConfirmAct } from '../parts/ConfirmAct.tsx';
import { usePlaceWords } from '../parts/halts/halt-words.ts';
import { useMay } from './session.tsx';

export function StopSwitch() {
  const { t } = useTranslation('limits');
  const { mayAnywhere } = useMay();
  const [open, setOpen] = useState(false);
  if (!mayAnywhere('execute')) return null;
  return (
    <>
      <Button
        size="compact-sm"
        color="red"
        variant="outline"
        aria-label={t('stopHint')}
        title={t('stopHint')}
        leftSection={<span aria-hidden="true">‖</span>}
        className="stop-switch"
        onClick={() => setOpen(true)}
      >
        <span className="stop-words">{t('stop')}</span>
      </Button>
      {open && <StopDialog onClose={() => setOpen(false)} />}
    </>
  );
}

function StopDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('limits');
  const { may } = useMay();
  const everywhere = may('execute');
  const systems = useRead('listSystems').data?.items.filter(({ sysCode }) => may('execute', sysCode));
  const solutions = useRead('listSolutions').data?.items;
  const [chosen, setChosen] = useState<string | null>(null);
  const [fix, setFix] = useState('');
  const [includeManual, setIncludeManual] = useState(false);
  const stop = useAct('stop', ['limits', 'problems']);
  // Whoever may not stop everything begins with the first system that they may stop.
  const sysCode = chosen ?? (everywhere ? '' : (systems?.[0]?.sysCode ?? ''));
  const fixes = (solutions ?? []).filter((solution) => solution.sysCode === sysCode);
  const place = usePlaceWords()({
    sysCode: sysCode === '' ? null : sysCode,
    fixCode: fix === '' ? null : fix,
  });
  const confirm = async (reason: string): Promise<void> => {
    const where = sysCode === '' ? {} : { sysCode, ...(fix === '' ? {} : { fixCode: fix }) };
    await stop.mutateAsync({ body: { ...where, includeManual, reason } });
  };
  return (
    <ConfirmAct
      title={t('stopTitle')}
      act={t('stopAct', { place })}
      color="red"
      reason="required"
      unknown={!everywhere && sysCode === ''}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Stack gap="sm">
        <NativeSelect
          label={t('stopWhere')}
          description={t('stopWhereHint')}
          value={sysCode}
          onChange={(event) => {
            setChosen(event.currentTarget.value);
            setFix('');
          }}
          data={[
            ...(everywhere ? [{ value: '', label: t('stopEverywhere') }] : []),
            ...(systems ?? []).map(({ sysCode: code, name }) => ({
              value: code,
              label: `${code} · ${name}`,
            })),
          ]}
        />
        {sysCode !== '' && (
          <NativeSelect
            label={t('stopSolution')}
            value={fix}
            onChange={(event) => setFix(event.currentTarget.value)}
            data={[
              { value: '', label: t('stopWholeSystem') },
              ...fixes.map(({ fixCode }) => ({ value: fixCode, label: fixCode })),
            ]}
          />
        )}
        <Checkbox
          label={t('stopClicks')}
          description={t('stopClicksHint')}
          checked={includeManual}
          onChange={(event) => setIncludeManual(event.currentTarget.checked)}
        />
        <Text size="sm">{t('stopOnlyPerson')}</Text>
      </Stack>
    </ConfirmAct>
  );
}
