/** Setting up a second factor: the key, its first code, the recovery codes. */
import { Button, Group, Loader, Stack, Text, TextInput } from '@mantine/core';
import type { ApiError, SecondFactorSecret } from '@piculus/protocol/http';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { asApiError } from '../../api/client.ts';
import { Copy } from '../Copy.tsx';
import { fieldErrors, saysMoreThanFields } from '../form.ts';
import { Notice } from '../Notice.tsx';
import { QrCode } from './QrCode.tsx';
import { RecoveryCodes } from './RecoveryCodes.tsx';
import './second-factor.css';

export interface SetUpProps {
  readonly username: string;
  readonly onDone: () => void;
  /** A way back, beside the button. */
  readonly children?: ReactNode;
}

export function SetUp({ username, onDone, children }: SetUpProps) {
  const begin = useAct('beginSecondFactor');
  const [secret, setSecret] = useState<SecondFactorSecret | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const begun = useRef(false);

  const ask = async (): Promise<void> => {
    setError(null);
    try {
      setSecret(await begin.mutateAsync({}));
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  const first = useRef(ask);
  useEffect(() => {
    // A second key would make the first one, which may be in the app already, worthless.
    if (begun.current) return;
    begun.current = true;
    void first.current();
  }, []);

  if (codes !== null) return <RecoveryCodes codes={codes} onDone={onDone} />;
  if (secret === null)
    return (
      <Stack>
        {error === null ? <Loader size="sm" /> : <Notice error={error} onRetry={() => void ask()} />}
        <Group justify="flex-end">{children}</Group>
      </Stack>
    );
  return (
    <Confirm username={username} secret={secret} onConfirmed={setCodes}>
      {children}
    </Confirm>
  );
}

function Confirm(props: {
  username: string;
  secret: SecondFactorSecret;
  onConfirmed: (codes: readonly string[]) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation('secondFactor');
  const confirm = useAct('confirmSecondFactor');
  const [code, setCode] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const { secret, uri } = props.secret;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setError(null);
    try {
      const { recoveryCodes } = await confirm.mutateAsync({ body: { code: code.replaceAll(' ', '') } });
      props.onConfirmed(recoveryCodes);
    } catch (thrown) {
      setError(asApiError(thrown));
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Text size="sm">{t('scan')}</Text>
        <div className="second-factor-key">
          <QrCode text={uri} label={t('qr')} />
          <div>
            <Text size="sm">{t('secret')}</Text>
            <code className="second-factor-secret">{secret.match(/.{1,4}/g)?.join(' ')}</code>
            <div>
              <Copy text={secret} />
            </div>
            <Text size="sm" c="dimmed">
              {t('account', { username: props.username })}
            </Text>
          </div>
        </div>
        <TextInput
          label={t('code')}
          description={t('thenCode')}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          error={fieldErrors(error, ['code']).code}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={16}
          required
        />
        {error !== null && saysMoreThanFields(error, ['code']) && <Notice error={error} />}
        <Group justify="flex-end">
          {props.children}
          <Button type="submit" loading={confirm.isPending}>
            {t('confirm')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
