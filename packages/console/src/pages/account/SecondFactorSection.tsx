/** One's own second factor. */
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { RouteResponse } from '@piculus/protocol/http';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { asApiError } from '../../api/client.ts';
import { useRead } from '../../api/queries.ts';
import { useSession } from '../../app/session.tsx';
import { Sign } from '../../parts/badges.tsx';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { useReturnFocus } from '../../parts/return-focus.ts';
import { Section } from '../../parts/Section.tsx';
import { RecoveryCodes } from '../../parts/second-factor/RecoveryCodes.tsx';
import { SetUp } from '../../parts/second-factor/SetUp.tsx';

type Dialog =
  | { readonly kind: 'set-up' | 'renew' | 'remove' }
  | { readonly kind: 'codes'; readonly codes: readonly string[] };

export function SecondFactorSection() {
  const { t } = useTranslation('secondFactor');
  const { user } = useSession();
  const queries = useQueryClient();
  const read = useRead('getSecondFactor', {});
  const renew = useAct('renewRecoveryCodes');
  const remove = useAct('removeSecondFactor');
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const changed = async (): Promise<void> => {
    await Promise.all([read.refetch(), queries.invalidateQueries({ queryKey: ['getMe'] })]);
  };
  const close = (): void => {
    setDialog(null);
    void changed();
  };
  return (
    <Section title={t('title')} lead={t('lead')}>
      {read.error !== null && <Notice error={asApiError(read.error)} onRetry={() => void read.refetch()} />}
      {read.data !== undefined && <State of={read.data} onAct={(kind) => setDialog({ kind })} />}
      {dialog?.kind === 'set-up' && <SetUpDialog username={user.username} onClose={close} />}
      {dialog?.kind === 'codes' && <CodesDialog codes={dialog.codes} onClose={close} />}
      {dialog?.kind === 'renew' && (
        <ConfirmAct
          title={t('renewTitle')}
          act={t('renew')}
          reason="none"
          onClose={() => setDialog((now) => (now?.kind === 'codes' ? now : null))}
          onConfirm={async () => {
            const { recoveryCodes } = await renew.mutateAsync({});
            setDialog({ kind: 'codes', codes: recoveryCodes });
          }}
        >
          <Text size="sm">{t('renewLead')}</Text>
        </ConfirmAct>
      )}
      {dialog?.kind === 'remove' && (
        <ConfirmAct
          title={t('removeTitle')}
          act={t('remove')}
          color="red"
          reason="none"
          onClose={() => setDialog(null)}
          onConfirm={async () => {
            await remove.mutateAsync({});
            await changed();
          }}
        >
          <Text size="sm">{t('removeLead')}</Text>
        </ConfirmAct>
      )}
    </Section>
  );
}

interface StateProps {
  readonly of: RouteResponse<'getSecondFactor'>;
  readonly onAct: (act: 'set-up' | 'renew' | 'remove') => void;
}

function State({ of, onAct }: StateProps) {
  const { t } = useTranslation('secondFactor');
  if (!of.enabled)
    return (
      <Group>
        <Sign color="gray" sign="–">
          {t('off')}
        </Sign>
        <Button variant="default" onClick={() => onAct('set-up')}>
          {t('setUp')}
        </Button>
      </Group>
    );
  return (
    <Stack gap="sm">
      <Group>
        <Sign color="green" sign="✓">
          {t('on')}
        </Sign>
        <Text size="sm">{t('codesLeft', { count: of.recoveryCodesLeft ?? 0 })}</Text>
        <Button variant="default" onClick={() => onAct('renew')}>
          {t('renew')}
        </Button>
        <Button variant="default" onClick={() => onAct('remove')}>
          {t('remove')}
        </Button>
      </Group>
      {of.recoveryCodesLeft === 0 && <Alert color="orange">{t('noCodesLeft')}</Alert>}
    </Stack>
  );
}

function SetUpDialog({ username, onClose }: { username: string; onClose: () => void }) {
  const { t } = useTranslation('secondFactor');
  const { t: common } = useTranslation();
  useReturnFocus();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('setUp')}
      size="lg"
      centered
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
    >
      <SetUp username={username} onDone={onClose}>
        <Button variant="default" onClick={onClose}>
          {common('cancel')}
        </Button>
      </SetUp>
    </Modal>
  );
}

function CodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const { t } = useTranslation('secondFactor');
  useReturnFocus();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('codesTitle')}
      centered
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
    >
      <RecoveryCodes codes={codes} onDone={onClose} />
    </Modal>
  );
}
