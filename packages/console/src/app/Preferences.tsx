/** Language, theme and the signed-in person, at the end of the header. */
import { Button, Menu, type MantineColorScheme, Modal, useMantineColorScheme } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { asApiError } from '../api/client.ts';
import { changeLanguage, currentLanguage, type Language } from '../i18n/index.ts';
import { Notice } from '../parts/Notice.tsx';
import { ChangePassword } from './ChangePassword.tsx';
import { KeysHelp, useKeys } from './Keys.tsx';
import { useSession } from './session.tsx';

const NAMES: Readonly<Record<Language, string>> = { 'zh-CN': '中文', en: 'English' };
const OTHER: Readonly<Record<Language, Language>> = { 'zh-CN': 'en', en: 'zh-CN' };

export function LanguageSwitch() {
  const { t } = useTranslation('shell');
  const other = OTHER[currentLanguage()];
  return (
    <Button
      size="compact-sm"
      variant="default"
      lang={other}
      aria-label={`${t('language')}: ${NAMES[other]}`}
      onClick={() => void changeLanguage(other)}
    >
      {NAMES[other]}
    </Button>
  );
}

const SCHEMES: readonly MantineColorScheme[] = ['auto', 'light', 'dark'];

export function Preferences() {
  const { t } = useTranslation('shell');
  const { user, signOut } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [dialog, setDialog] = useState<'keys' | 'password' | null>(null);
  const keys = useKeys(() => setDialog('keys'));
  const close = (): void => setDialog(null);
  const [stillIn, setStillIn] = useState<ApiError | null>(null);
  const leave = (): void => {
    setStillIn(null);
    signOut().catch((error: unknown) => setStillIn(asApiError(error)));
  };
  const { name, username } = user;
  // Whoever speaks to the screen says the word that is on the button.
  const both = name === username ? name : `${username}, ${name}`;
  const names = { auto: t('themeAuto'), light: t('themeLight'), dark: t('themeDark') };
  return (
    <>
      <LanguageSwitch />
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="compact-sm" variant="default" aria-label={t('signedInAs', { name: both })}>
            <span className="shell-user">{username}</span>
            <span className="shell-initial" aria-hidden="true">
              {username.slice(0, 1).toUpperCase()}
            </span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('theme')}</Menu.Label>
          {SCHEMES.map((scheme) => (
            <Menu.Item
              key={scheme}
              role="menuitemradio"
              aria-checked={scheme === colorScheme}
              leftSection={scheme === colorScheme ? '●' : '○'}
              onClick={() => setColorScheme(scheme)}
            >
              {names[scheme]}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item component="a" href="/api/v1/docs/" target="_blank" rel="noreferrer">
            {t('apiDocs')}
          </Menu.Item>
          <Menu.Item component={Link} to="/account">
            {t('account')}
          </Menu.Item>
          <Menu.Item onClick={() => setDialog('keys')}>{t('keys')}</Menu.Item>
          <Menu.Item onClick={() => setDialog('password')}>{t('changePassword')}</Menu.Item>
          <Menu.Item onClick={leave}>{t('signOut')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'keys' && <KeysHelp keys={keys} onClose={close} />}
      {dialog === 'password' && <ChangePassword onClose={close} />}
      {stillIn !== null && <StillSignedIn error={stillIn} onRetry={leave} onClose={() => setStillIn(null)} />}
    </>
  );
}

/** Whoever goes away from the screen must know that the session goes on. */
function StillSignedIn(props: { error: ApiError; onRetry: () => void; onClose: () => void }) {
  const { t } = useTranslation('shell');
  const { t: common } = useTranslation();
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('signOut')}
      closeButtonProps={{ 'aria-label': common('dialogClose') }}
      centered
    >
      <Notice error={props.error} onRetry={props.onRetry} />
    </Modal>
  );
}
