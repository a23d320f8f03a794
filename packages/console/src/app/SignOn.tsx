/** The way to the provider of single sign-on, where there is one, and why it ended without a session. */
import { Alert, Button, Divider } from '@mantine/core';
import { SIGN_ON_FAILURES, SIGN_ON_PATH, type SignOnFailure } from '@piculus/protocol/http';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client.ts';

/** Whoever waits for nothing else can sign in by password meanwhile, also where this is never answered. */
export function SignOnButton() {
  const { t } = useTranslation('secondFactor');
  const options = useQuery({
    queryKey: ['getSignInOptions'],
    queryFn: () => api.getSignInOptions(),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const signOn = options.data?.singleSignOn ?? null;
  if (signOn === null) return null;
  return (
    <>
      <Divider label={t('or')} />
      <Button component="a" href={SIGN_ON_PATH} variant="default">
        {t('signOn', { label: signOn.label })}
      </Button>
    </>
  );
}

export function SignOnFailed() {
  const { t } = useTranslation('secondFactor');
  const [failure] = useState(failureInAddress);
  useEffect(() => {
    if (failure === null) return;
    // Told once: the address that is kept or sent on says nothing of it.
    window.history.replaceState(window.history.state, '', window.location.pathname);
  }, [failure]);
  if (failure === null) return null;
  return (
    <Alert color="red" role="alert">
      {t(`failures.${failure}`)}
    </Alert>
  );
}

function failureInAddress(): SignOnFailure | null {
  const told = new URLSearchParams(window.location.search).get('sign-in');
  return SIGN_ON_FAILURES.find((each) => each === told) ?? null;
}
