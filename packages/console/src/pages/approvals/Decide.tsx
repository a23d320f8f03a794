/** Agreeing, saying no, taking back; or why one may not. */
import { Alert, Button, Group, Text } from '@mantine/core';
import type { Approval } from '@piculus/protocol/http';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { amountsText } from '../../parts/chosen.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { useSubject } from './words.tsx';

type Choice = 'approve' | 'reject' | 'withdraw';
/** What an approval makes old. */
const CHANGED = ['approvals', 'problems', 'executions', 'bulk-runs', 'solutions', 'limits'] as const;

export function Decide({ request }: { request: Approval }) {
  const { t } = useTranslation('approvals');
  const [choice, setChoice] = useState<Choice | null>(null);
  const [done, setDone] = useState<Approval['state'] | null>(null);
  const said = useRef<HTMLParagraphElement>(null);
  const { cannotDecide, mayWithdraw, state } = request;
  useEffect(() => {
    if (choice === null && done !== null) said.current?.focus();
  }, [choice, done]);
  return (
    <section aria-label={t('decide')} className="approvals-decide">
      {state === 'open' && (cannotDecide === null || mayWithdraw) && (
        <Group gap="xs">
          {cannotDecide === null && (
            <>
              <Button onClick={() => setChoice('approve')}>{t('approve')}</Button>
              <Button variant="default" onClick={() => setChoice('reject')}>
                {t('reject')}
              </Button>
            </>
          )}
          {mayWithdraw && (
            <Button variant="default" onClick={() => setChoice('withdraw')}>
              {t('withdraw')}
            </Button>
          )}
        </Group>
      )}
      {state === 'open' && cannotDecide !== null && (
        <Text size="sm" c="dimmed">
          {t(`cannot.${cannotDecide}`)}
        </Text>
      )}
      <p ref={said} tabIndex={-1} role="status" className="approvals-done">
        {done !== null && t(`done.${done}`)}
      </p>
      {state === 'void' && (
        <Alert color="orange">
          {t('done.void')} {request.decisionReason}
        </Alert>
      )}
      {choice !== null && (
        <Question request={request} choice={choice} onDone={setDone} onClose={() => setChoice(null)} />
      )}
    </section>
  );
}

interface QuestionProps {
  readonly request: Approval;
  readonly choice: Choice;
  readonly onDone: (state: Approval['state']) => void;
  readonly onClose: () => void;
}

function Question({ request, choice, onDone, onClose }: QuestionProps) {
  const { t } = useTranslation('approvals');
  // What is approved is what was on the screen when the dialog opened: its hash goes with it.
  const [{ id, hash, preview, ...rest }] = useState(request);
  const subject = useSubject()({ preview, ...rest });
  const approve = useAct('approve', CHANGED);
  const reject = useAct('reject', CHANGED);
  const withdraw = useAct('withdrawApproval', CHANGED);
  const amounts = amountsText(preview.amounts);
  const what = preview.problems > 0 && amounts !== '' ? `${subject} · ${amounts}` : subject;
  const words = {
    approve: {
      title: t('approveTitle', { what: subject }),
      lead: t('approveLead'),
      act: t('approveAct', { what }),
    },
    reject: { title: t('rejectTitle', { what: subject }), lead: t('rejectLead'), act: t('rejectAct') },
    withdraw: { title: t('withdrawTitle', { what: subject }), lead: t('withdrawLead'), act: t('withdraw') },
  }[choice];
  const send = (reason: string): Promise<Approval> => {
    const params = { id };
    if (choice === 'approve') return approve.mutateAsync({ params, body: { hash, reason } });
    if (choice === 'reject') return reject.mutateAsync({ params, body: { reason } });
    return withdraw.mutateAsync({ params, body: { reason } });
  };
  return (
    <ConfirmAct
      title={words.title}
      act={words.act}
      color={choice === 'approve' ? 'indigo' : 'red'}
      reason="required"
      onConfirm={async (reason) => onDone((await send(reason)).state)}
      onClose={onClose}
    >
      <Text size="sm" className="approvals-words">
        <strong>{what}</strong>
      </Text>
      <Text size="sm">{words.lead}</Text>
    </ConfirmAct>
  );
}
