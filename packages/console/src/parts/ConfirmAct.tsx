/**
 * The last question before something that matters: what will happen, to how many, for how much; a reason; and a
 * button that repeats it. An error stays in the dialog, with all that was typed.
 */
import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { LIMITS } from '@piculus/protocol';
import type { ApiError, Approval, ApprovalCommand } from '@piculus/protocol/http';
import { type FormEvent, type ReactNode, type RefObject, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../api/acts.ts';
import { asApiError } from '../api/client.ts';
import { useNeed } from './approval-need.ts';
import { Asked, Needs } from './AskNeeds.tsx';
import { Notice } from './Notice.tsx';
import { useReturnFocus } from './return-focus.ts';

export interface ConfirmActProps {
  readonly title: string;
  /** What will happen, with count and amount. */
  readonly children: ReactNode;
  /** On the button, count and amount again. */
  readonly act: string;
  readonly color?: string;
  /** `required`: it cannot be left empty. */
  readonly reason: 'required' | 'optional' | 'none';
  /** Rejects with an ApiError where it did not work. The dialog closes when it resolves. */
  readonly onConfirm: (reason: string) => Promise<void>;
  readonly onClose: () => void;
  /** What will happen is not known yet: it cannot be confirmed. */
  readonly unknown?: boolean;
  /** What exactly would be done. Where it needs a second person, the dialog asks for one and does nothing else. */
  readonly command?: ApprovalCommand;
  /** A second person was asked. */
  readonly onAsked?: () => void;
  /** Gets the focus afterwards; where absent, what opened the dialog does. For acts that take that away. */
  readonly focusAfter?: RefObject<HTMLElement | null>;
}

export function ConfirmAct(props: ConfirmActProps) {
  const { t } = useTranslation();
  const { t: approvals } = useTranslation('approvals');
  useReturnFocus(props.focusAfter);
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const command = props.command ?? null;
  const need = useNeed(command);
  const ask = useAct('createApproval', ['approvals']);
  const [asked, setAsked] = useState<Approval | null>(null);
  const asks = command !== null && need.needs.length > 0;
  const needsReason = props.reason === 'required' || asks;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const given = reason.trim();
    setMissing(needsReason && given === '');
    if (needsReason && given === '') return;
    if (busy || props.unknown === true || need.pending) return;
    setBusy(true);
    setError(null);
    try {
      if (asks) {
        setAsked(await ask.mutateAsync({ body: { command, reason: given } }));
        props.onAsked?.();
        return;
      }
      await props.onConfirm(given);
      props.onClose();
    } catch (thrown) {
      const told = asApiError(thrown);
      if (told.code === 'approval-required') await need.askAgain();
      setError(told);
      setBusy(false);
    }
  };

  return (
    <Modal
      opened
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ 'aria-label': t('dialogClose') }}
      centered
    >
      {asked !== null ? (
        <Asked request={asked} onClose={props.onClose} />
      ) : (
        <form onSubmit={(event) => void submit(event)} noValidate>
          <Stack gap="md">
            {props.children}
            {asks && <Needs of={need.needs} />}
            {(props.reason !== 'none' || asks) && (
              <Textarea
                label={t('reason')}
                description={asks ? approvals('ask.reasonFor') : t('reasonHint')}
                required={needsReason}
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
                error={missing ? t('reasonNeeded') : undefined}
                maxLength={LIMITS.reasonLength}
                autosize={false}
                rows={3}
                data-autofocus
              />
            )}
            {error !== null && <Notice error={error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={props.onClose}>
                {t('cancel')}
              </Button>
              <Button
                type="submit"
                className="wrapping-button"
                color={props.color ?? 'indigo'}
                loading={busy}
                disabled={(props.unknown ?? false) || need.pending}
              >
                {asks ? approvals('ask.act', { act: props.act }) : props.act}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
