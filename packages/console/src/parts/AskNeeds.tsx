/** What a dialog says of a second person: why one is needed, and that one was asked. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import type { Approval, ApprovalNeed } from '@piculus/protocol/http';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import './AskNeeds.css';
import { Sign } from './badges.tsx';
import { inLanguage } from './words.ts';

export function Needs({ of }: { of: readonly ApprovalNeed[] }) {
  const { t } = useTranslation('approvals');
  return (
    <Alert color="orange" title={t('ask.needs')} role="status">
      <NeedList of={of} />
    </Alert>
  );
}

export function NeedList({ of }: { of: readonly ApprovalNeed[] }) {
  return (
    <ul className="need-list">
      {of.map(({ cause, currency, text }) => (
        <li key={`${cause} ${currency ?? ''}`}>{inLanguage(text)}</li>
      ))}
    </ul>
  );
}

/** Somebody asked for a second person, who has not decided yet. */
export function AskedBadge({ id }: { id: string }) {
  const { t } = useTranslation('approvals');
  return (
    <Link to={`/approvals/${id}`} className="need-badge">
      <Sign color="orange" sign="!">
        {t('ask.badge')}
      </Sign>
    </Link>
  );
}

/** In place of the question, so that nobody believes it was done. */
export function Asked({ request, onClose }: { request: Approval; onClose: () => void }) {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => said.current?.focus(), []);
  return (
    <Stack gap="md">
      <p ref={said} tabIndex={-1} role="status" className="need-asked">
        {t('ask.asked', { id: request.id })}
      </p>
      <Text size="sm">{t('ask.askedLead')}</Text>
      <Group justify="flex-end">
        <Button variant="default" component={Link} to={`/approvals/${request.id}`}>
          {t('ask.see')}
        </Button>
        <Button onClick={onClose}>{common('close')}</Button>
      </Group>
    </Stack>
  );
}
